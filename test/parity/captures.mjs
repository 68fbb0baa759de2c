// Captures, made for probes.

/**
 * A pcap file. Packets are seconds, the fraction as it is written, the bytes, and the length on the wire where it is another.
 * @param {readonly (readonly [seconds: number, fraction: number, data: Uint8Array, length?: number])[]} packets
 * @param {{ magic?: number, link?: number, major?: number, minor?: number, big?: boolean, extra?: number }} [options]
 * @returns {Uint8Array}
 */
export function pcap(packets, { magic = 0xa1b2c3d4, link = 1, major = 2, minor = 4, big = false, extra = 0 } = {}) {
  const words = (...values) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => (big ? bytes.writeUInt32BE(value, 4 * i) : bytes.writeUInt32LE(value, 4 * i)));
    return bytes;
  };
  const versions = big ? major * 65536 + minor : minor * 65536 + major;
  return Buffer.concat([
    words(magic, versions, 0, 0, 65535, link),
    ...packets.flatMap(([seconds, fraction, data, length = data.length]) => [
      words(seconds, fraction, data.length, length),
      Buffer.alloc(extra),
      data,
    ]),
  ]);
}

export const hex = (text) => Buffer.from(text.replace(/\s/g, ""), "hex");

/** A TCP packet of 40 bytes: 10.0.0.1, port 1234, to 10.0.0.2, port 80, with SYN. */
export const tcpPacket = hex(`
  45000028 00010000 400666cd 0a000001 0a000002
  04d20050 00000001 00000000 50022000 00000000`);
/** A UDP packet of 36 bytes with eight bytes of data. */
export const udpPacket = hex(`
  45000024 00020000 401166c5 0a000001 0a000002
  04d20035 00100000 6162636465666768`);
export const etherHeader = hex("020000000001 020000000002 0800");
export const ether = (packet, type = "0800") => Buffer.concat([etherHeader.subarray(0, 12), hex(type), packet]);

/** The same bytes with another first one: the version and the length of an IP header. */
export const withFirstByte = (packet, first) => Buffer.concat([Buffer.of(first), packet.subarray(1)]);
