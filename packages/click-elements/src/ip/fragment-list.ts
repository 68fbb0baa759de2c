/** The fragments that a packet in reassembly has: where that is noted, and how it is shown. */
import { annotation, formatIpAddress, packetDescriptor } from "@clickos/click-core/element";
import { type Struct, struct, type U32Field, u16 } from "@clickos/layout";
import { ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";

/**
 * A run of bytes that came, from `start` to before `end` of the payload. The first is in the packet's annotations; the next is in the
 * gap after each, which has 8 bytes at least, since every fragment but the last ends at a multiple of 8.
 */
export const chunk: Struct<{ start: U32Field; end: U32Field }> = struct({ start: u16, end: u16 }, { name: "chunk" });

/** Packets that are shown: nothing in the memory need be believed. */
const mostShown = 10_000;

/** A line a packet: its flow, its identification, the runs of bytes that came. */
export function heldPackets(data: DataView, heads: Uint8Array): string[] {
  const lines: string[] = [];
  const first = new DataView(heads.buffer, heads.byteOffset, heads.byteLength);
  const { annotations, next } = packetDescriptor.offsets;
  for (let bucket = 0; bucket < heads.byteLength; bucket += 4) {
    let at = first.getUint32(bucket, true);
    while (at !== 0 && at + packetDescriptor.size <= data.byteLength && lines.length < mostShown) {
      const { network, transport, data: start, length } = packetDescriptor.read(data, at);
      const end = start + length;
      if (network + ipv4.size > end || transport > end || end > data.byteLength) break;
      const bytes = new Uint8Array(data.buffer, network, end - network);
      const ip = ipv4.view(bytes);
      const ports = udp.read(bytes, transport - network);
      const [source, destination] = ports.ok ? [ports.header.sourcePort, ports.header.destinationPort] : [0, 0];
      let line = ` (${formatIpAddress(ip.source)}, ${source}, ${formatIpAddress(ip.destination)}, ${destination})`;
      line += ` ${ip.identification}`;
      for (let place = at + annotations + annotation.ipReassembler; place + chunk.size <= end; ) {
        const run = chunk.read(data, place);
        if (run.end <= run.start || transport + run.end > end) break;
        line += ` (${run.start},${run.end})`;
        if (transport + run.end <= place) break;
        place = transport + run.end;
      }
      lines.push(`${line}\n`);
      at = data.getUint32(at + next, true);
    }
  }
  return lines;
}
