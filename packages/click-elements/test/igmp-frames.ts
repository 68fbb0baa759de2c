/** Frames of multicast and of IGMP, for tests. */
import { internetChecksum } from "@clickos/wire/checksum";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { igmp, igmpGroupRecord, igmpQuery, igmpReport, igmpTypes } from "@clickos/wire/igmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const word = (n: number): Uint8Array => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
export const address = (text: string): number =>
  text.split(".").reduce((sum, byte) => ((sum << 8) | Number(byte)) >>> 0, 0);

/** A frame to the Ethernet address of a group (RFC 1112 section 6.4). */
export function multicastFrame(
  group: number,
  { source = 0x0a000009, protocol = ipProtocols.udp as number, payload = new Uint8Array(26), values = {} } = {},
): Uint8Array {
  const destination = join(Uint8Array.of(1, 0, 0x5e), word(group & 0x7fffff).subarray(1));
  const header = { ttl: 1, protocol, source, destination: group, totalLength: ipv4.size + payload.length, ...values };
  const packet = join(ipv4.bytes(header), payload);
  ipv4.view(packet).checksum = internetChecksum(packet.subarray(0, ipv4.size));
  const from = Uint8Array.of(2, 0, 0, 0, 0, 9);
  return join(ethernet.bytes({ destination, source: from, etherType: etherTypes.ip }), packet);
}

export function igmpFrame(to: number, message: Uint8Array, source?: number): Uint8Array {
  const payload = message.slice();
  payload.fill(0, 2, 4);
  const sum = internetChecksum(payload);
  payload.set([sum >> 8, sum & 255], 2);
  return multicastFrame(to, { protocol: ipProtocols.igmp, payload, ...(source === undefined ? {} : { source }) });
}

const [allHosts, allRouters, allV3] = ["224.0.0.1", "224.0.0.2", "224.0.0.22"].map(address) as [number, number, number];
export const reportFrame = (group: number, type: number = igmpTypes.reportV2 as number, source?: number): Uint8Array =>
  igmpFrame(group, igmp.bytes({ type, group }), source);
export const leaveFrame = (group: number): Uint8Array =>
  igmpFrame(allRouters, igmp.bytes({ type: igmpTypes.leave as number, group }));

export interface GroupRecord {
  readonly type: number;
  readonly group: number;
  readonly sources?: readonly number[];
  readonly auxiliary?: readonly number[];
}
export const reportV3Frame = (records: readonly GroupRecord[], count = records.length): Uint8Array =>
  igmpFrame(
    allV3,
    join(
      igmpReport.bytes({ type: igmpTypes.reportV3 as number, records: count }),
      ...records.map(({ type, group, sources = [], auxiliary = [] }) =>
        join(
          igmpGroupRecord.bytes({ type, group, sources: sources.length, auxiliaryWords: auxiliary.length }),
          ...[...sources, ...auxiliary].map(word),
        ),
      ),
    ),
  );

/** A query, of version 3 where it has further fields. */
export const queryFrame = (
  { group = 0, time = 100, source = 0x0a000001 } = {},
  more?: Parameters<typeof igmpQuery.bytes>[0],
): Uint8Array => {
  const head = igmp.bytes({ type: igmpTypes.query as number, maxResponseTime: time, group });
  return igmpFrame(group || allHosts, more ? join(head, igmpQuery.bytes(more)) : head, source);
};
