/** Elements of tunnels: GRE with all its words, VXLAN's networks, and bindings of Lightweight 4over6. */
import { gre, greWords } from "@clickos/wire/gre";
import { ipv6 } from "@clickos/wire/ipv6";
import { vxlan } from "@clickos/wire/vxlan";
import { describe, expect, it } from "vitest";
import { parseIp6Address } from "../src/lib/ip6-address.ts";
import { checksum, ip, make, pass, udp } from "./packets.ts";

const data = Uint8Array.from({ length: 31 }, (_, i) => i * 9);
const ends = (text: string): string => `FromDevice(0) -> ${text} -> ToDevice(1);`;
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("GRE", () => {
  it.each([
    ["", {}],
    ["CHECKSUM true", { checksum: true }],
    ["KEY 0xdeadbeef", { key: 0xdeadbeef }],
    ["SEQUENCE true", { sequence: true }],
    ["CHECKSUM true, KEY 5, SEQUENCE true", { checksum: true, key: 5, sequence: true }],
  ] as const)(
    "has the words that are asked for: %s",
    async (words, wanted: { checksum?: true; key?: number; sequence?: true }) => {
      using router = await make(ends(`GREEncap(0x6558${words && `, ${words}`})`));
      const [, left] = pass(router, [data, data]);
      left!.forEach((packet, i) => {
        const read = gre.read(packet);
        if (!read.ok) throw new Error(read.problem.text);
        const { checksum: sum, key, sequenceNumber } = greWords(read.header);
        expect([read.header.protocolType, key, sequenceNumber]).toEqual([0x6558, wanted.key, wanted.sequence && i + 1]);
        expect(sum === undefined).toBe(!wanted.checksum);
        if (wanted.checksum) expect(checksum(packet.length & 1 ? join(packet, new Uint8Array(1)) : packet)).toBe(0);
        expect(read.header.payload).toEqual(data);
      });
      // What is put on is taken off.
      const check = words.replace("SEQUENCE true", "SEQUENCE true");
      using back = await make(ends(`CheckGREHeader(${check}) -> StripGREHeader`));
      expect(pass(back, left!)[1]).toEqual([data, data]);
    },
  );

  it("is refused where it is wrong, with a reason", async () => {
    using router = await make(ends("ck :: CheckGREHeader(CHECKSUM true, KEY 5, SEQUENCE true, DETAILS true)"));
    using maker = await make(ends("GREEncap(0x0800, CHECKSUM true, KEY 5, SEQUENCE true)"));
    const [, good] = pass(maker, [data, data]);
    const changed = (at: number, value: number, fix = false): Uint8Array => {
      const copy = good![1]!.slice();
      copy[at] = value;
      if (!fix) return copy;
      copy.set([0, 0], 4);
      const sum = checksum(copy.length & 1 ? join(copy, new Uint8Array(1)) : copy);
      copy.set([sum >> 8, sum & 255], 4);
      return copy;
    };
    const plain = gre.bytes({ protocolType: 0x0800 });
    const bad = [
      new Uint8Array(3),
      changed(1, 1),
      changed(0, 0xb0).slice(0, 10),
      changed(20, 1),
      changed(11, 6, true),
      plain,
      good![0]!,
    ];
    expect(pass(router, [good![1]!, ...bad])[1]).toEqual([good![1]]);
    expect(router.read("ck.drops")).toBe("7");
    expect(router.read("ck.drop_details")).toBe(
      "1\ttiny packet\n1\tbad GRE version\n1\tbad GRE header length\n2\tbad GRE checksum\n1\tinvalid key\n1\tout of sequence\n",
    );
  });

  it("takes off no more than there is", async () => {
    using router = await make(ends("StripGREHeader"));
    const cut = gre.bytes({ keyPresent: 1, options: new Uint8Array(4) });
    expect(pass(router, [new Uint8Array(3), cut.slice(0, 7), cut, join(cut, data)])[1]).toEqual([
      new Uint8Array(),
      data,
    ]);
  });
});

describe("VXLAN", () => {
  it("sorts packets by their network", async () => {
    using router = await make(
      "FromDevice(0) -> d :: VXLANDecap(1, 16777215); d[0] -> ToDevice(1); d[1] -> ToDevice(2); d[2] -> ToDevice(3);",
    );
    const of = (vni: number, i = 1): Uint8Array => join(vxlan.bytes({ i, vni }), data);
    expect(pass(router, [of(1), of(16777215), of(2), of(1, 0), new Uint8Array(7)])).toEqual([
      [],
      [data],
      [data],
      [of(2), of(1, 0), new Uint8Array(7)],
    ]);
    using maker = await make(ends("VXLANEncap(16777215)"));
    expect(pass(maker, [data])[1]).toEqual([of(16777215)]);
    await expect(make(ends("VXLANEncap(16777216)"))).rejects.toThrow(/larger than/);
    await expect(make("FromDevice(0) -> VXLANDecap(1, 2) -> ToDevice(1);")).rejects.toThrow(/so many outputs/);
  });
});

describe("LwAFTR", () => {
  const address = (text: string): Uint8Array => parseIp6Address(text)!;
  const graph = (
    bindings: string,
  ): string => `FromDevice(0) -> CheckIP6Header -> [0] lw :: LwAFTR(2001:db8::1, ${bindings});
    FromDevice(1) -> CheckIPHeader -> [1] lw; lw[0] -> ToDevice(1); lw[1] -> ToDevice(0); lw[2] -> ToDevice(2);`;
  const from = (b4: string, packet: Uint8Array, to = "2001:db8::1"): Uint8Array =>
    join(
      ipv6.bytes({
        nextHeader: 4,
        hopLimit: 9,
        payloadLength: packet.length,
        source: address(b4),
        destination: address(to),
      }),
      packet,
    );

  it("gives a whole address to a subscriber where none is shared, whatever it carries", async () => {
    using router = await make(graph("192.0.2.1 0 2001:db8:1::1, 192.0.2.2 0 2001:db8:1::2"));
    const esp = ip({ src: "192.0.2.1", dst: "1.2.3.4", protocol: 50, fragment: 5 });
    expect(
      pass(router, [from("2001:db8:1::1", esp), from("2001:db8:1::2", esp), from("2001:db8:1::1", esp, "2001:db8::2")]),
    ).toEqual([[], [esp], [from("2001:db8:1::2", esp), from("2001:db8:1::1", esp, "2001:db8::2")], []]);
    const down = ip({ src: "1.2.3.4", dst: "192.0.2.2", protocol: 50 });
    const [left] = pass(router, [down], 1);
    expect([ipv6.view(left![0]!).destination, ipv6.view(left![0]!).payload]).toEqual([address("2001:db8:1::2"), down]);
    expect([router.read("lw.encapsulated"), router.read("lw.decapsulated")]).toEqual(["1", "1"]);
  });

  it("knows every port's subscriber", async () => {
    const list = Array.from({ length: 256 }, (_, i) => `192.0.2.1 ${i} 2001:db8:1::${i.toString(16)}`);
    using router = await make(graph(`${list.join(", ")}, PSID_LENGTH 8`));
    for (const port of [0, 255, 256, 30_000, 65_535]) {
      const [left] = pass(router, [udp(53, port, { src: "1.2.3.4", dst: "192.0.2.1" })], 1);
      expect(ipv6.view(left![0]!).destination).toEqual(address(`2001:db8:1::${(port >> 8).toString(16)}`));
    }
    const fragment = ip({ src: "1.2.3.4", dst: "192.0.2.1", fragment: 9 });
    expect(pass(router, [fragment], 1)[2]).toEqual([fragment]);
  });

  it("reads malformed packets as they are, and refuses bad bindings", async () => {
    using router = await make(graph("192.0.2.1 0 2001:db8:1::1, PSID_LENGTH 4"));
    const whole = from("2001:db8:1::1", udp(1, 2, { src: "192.0.2.1" }));
    for (let length = 40; length < whole.length; length++) {
      const cut = whole.slice(0, length);
      ipv6.view(cut).payloadLength = length - 40;
      expect(pass(router, [cut])[1]).toEqual([]);
    }
    for (const [text, message] of [
      ["192.0.2.1 0", /expected 'IPV4 PSID B4'/],
      ["192.0.2.1 1 ::1", /PSID 1 has more than 0 bits/],
      ["192.0.2.1 0 ::1, 192.0.2.1 0 ::2", /is bound already/],
      ["PSID_LENGTH 17", /at most 16/],
    ] as const)
      await expect(make(graph(text))).rejects.toThrow(message);
    expect(() => router.write("lw.add", "192.0.2.1 16 ::1")).toThrow(/more than 4 bits/);
    expect(() => router.write("lw.remove", "192.0.2.1 3")).toThrow(/no binding/);
    router.write("lw.remove", "192.0.2.1 0");
    expect(router.read("lw.bindings")).toBe("");
  });
});
