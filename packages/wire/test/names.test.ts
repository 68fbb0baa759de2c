import { readField } from "@clickos/wire";
import { ethernet } from "@clickos/wire/ethernet";
import { icmp, icmpCodes, icmpEcho, icmpTypes, icmpTypeText } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { otherServices, services, summaryAliases, summaryFields, tcpFlagLetters, tcpFlags } from "@clickos/wire/names";
import { tcp } from "@clickos/wire/tcp";
import { describe, expect, it } from "vitest";

describe("names", () => {
  it("of TCP's flags are those of clicknet/tcp.h, lowest bit first", () => {
    expect(Object.entries(tcpFlags).map(([name, { mask, shift }]) => [name, mask << shift])).toEqual([
      ["fin", 0x01],
      ["syn", 0x02],
      ["rst", 0x04],
      ["psh", 0x08],
      ["ack", 0x10],
      ["urg", 0x20],
      ["ece", 0x40],
      ["cwr", 0x80],
    ]);
    expect(tcpFlagLetters).toBe("FSRPAUECN");
    const bytes = tcp.bytes({ flags: 0x14 });
    expect(Object.keys(tcpFlags).filter((name) => tcp.view(bytes)[name as keyof typeof tcpFlags])).toEqual([
      "rst",
      "ack",
    ]);
  });

  it("of numbers are IANA's", () => {
    expect([ipProtocols.icmp, ipProtocols.tcp, ipProtocols.udp, ipProtocols["ipv6-icmp"]]).toEqual([1, 6, 17, 58]);
    expect([otherServices.http, services.domain, services.https]).toEqual([80, 53, 443]);
    expect([icmpTypes.echo, icmpCodes[icmpTypes.unreachable]?.needfrag, icmpTypeText[8]]).toEqual([
      8,
      4,
      "echo-request",
    ]);
    for (const type of Object.keys(icmpCodes)) expect(Object.values(icmpTypes)).toContain(Number(type));
  });

  it("of fields in summaries are fields of the headers that they are in", () => {
    const bytes = new Uint8Array(60);
    ipv4.emit(bytes, { protocol: ipProtocols.icmp, dscp: 46, ecn: 3, ihl: 6, df: 1, fragmentOffset: 5 });
    icmp.emit(bytes, { type: 8, code: 2, checksum: 3 }, 24);
    icmpEcho.emit(bytes, { identifier: 4, sequenceNumber: 5 }, 24 + icmp.size);
    const read = (name: string): number | undefined => {
      const { field, after, unit, protocols } = summaryFields[name] as (typeof summaryFields)[string] & {};
      return (readField(bytes, (protocols.length ? 24 : 0) + after, field) as number) * unit;
    };
    expect(
      ["ip_hl", "ip_dscp", "ip_ecn", "ip_fragoff", "icmp_type", "icmp_code", "icmp_flowid", "icmp_seq"].map(read),
    ).toEqual([24, 46, 3, 0x4005, 8, 2, 4, 5]);
    tcp.emit(bytes, { dataOffset: 7, flags: 0x12, window: 9, sourcePort: 1, destinationPort: 2 }, 24);
    expect(["tcp_off", "tcp_flags", "tcp_window", "sport", "dport"].map(read)).toEqual([28, 0x12, 9, 1, 2]);
    for (const { field, bytes } of Object.values(summaryFields)) expect(bytes).toBeLessThanOrEqual(4 + field.size);
    for (const name of Object.values(summaryAliases))
      expect([
        name,
        name in summaryFields ||
          /^((first_)?timestamp|ts_u?sec1?|payload_len|count|aggregate|wire_len|eth_(src|dst|type))$/.test(name),
      ]).toEqual([name, true]);
    expect(ethernet.size).toBe(14);
  });
});
