import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { internetChecksum } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const make = (text: string, now = { ns: 1_000_000_000_000n }): Promise<Router> =>
  Router.compile(text, { elements, clock: () => now.ns });

interface Packet {
  readonly id: number;
  readonly payload: Uint8Array;
  readonly options?: Uint8Array;
  readonly offset?: number;
  readonly more?: boolean;
  readonly df?: boolean;
}

function packet({ id, payload, options = new Uint8Array(), offset = 0, more = false, df = false }: Packet): Uint8Array {
  const bytes = new Uint8Array(20 + options.length + payload.length);
  bytes.set(options, 20);
  bytes.set(payload, 20 + options.length);
  const ip = ipv4.view(bytes);
  Object.assign(ip, {
    version: 4,
    ihl: 5 + options.length / 4,
    totalLength: bytes.length,
    identification: id,
    df: df ? 1 : 0,
    mf: more ? 1 : 0,
    fragmentOffset: offset / 8,
    ttl: 64,
    protocol: 17,
    source: 0x0a000001,
    destination: 0x0a000002,
  });
  ip.checksum = internetChecksum(bytes.subarray(0, 20 + options.length));
  return bytes;
}
const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13 + seed * 31) & 255);
const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((frame, i) => Buffer.compare(frame, b[i] as Uint8Array) === 0);

/** Fragments at the given ends, which are multiples of 8. */
function split({ id, payload, options }: Packet, ends: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(ends.filter((end) => end > 0 && end < payload.length))].sort((a, b) => a - b);
  return [...cuts, payload.length].map((end, i) => {
    const offset = i === 0 ? 0 : (cuts[i - 1] as number);
    const part = { id, offset, more: end < payload.length, payload: payload.subarray(offset, end) };
    return packet(offset === 0 && options ? { ...part, options } : part);
  });
}

describe("IPFragmenter", () => {
  it("splits what is longer than the MTU, so that the parts make the whole", async () => {
    const size = fc.record({
      length: fc.integer({ min: 1, max: 9000 }),
      mtu: fc.integer({ min: 68, max: 1500 }),
      options: fc.boolean(),
    });
    for (const { length, mtu, options } of fc.sample(size, { numRuns: 25, seed: 11 })) {
      using r = await make(`FromDevice(0) -> CheckIPHeader -> f :: IPFragmenter(${mtu}) -> ToDevice(0)`);
      const whole = packet({
        id: 77,
        payload: random(length, mtu),
        // A router alert, which goes with every fragment; a timestamp, which does not.
        ...(options ? { options: Uint8Array.of(148, 4, 0, 0, 1, 68, 8, 5, 0, 0, 0, 0, 0, 0, 0, 0) } : {}),
      });
      r.device(0).send([whole]);
      r.run();
      const parts = r.device(0).receive();
      if (whole.length <= mtu) {
        expect(same(parts, [whole])).toBe(true);
        continue;
      }
      const payload = new Uint8Array(length);
      let covered = 0;
      for (const [i, part] of parts.entries()) {
        const ip = ipv4.view(part);
        expect(part.length).toBeLessThanOrEqual(mtu);
        expect([ip.totalLength, internetChecksum(part.subarray(0, ip.ihl * 4))]).toEqual([part.length, 0]);
        expect([ip.identification, ip.mf, ip.fragmentOffset * 8]).toEqual([77, i < parts.length - 1 ? 1 : 0, covered]);
        if (options) expect(ip.ihl).toBe(i === 0 ? 9 : 6);
        payload.set(part.subarray(ip.ihl * 4), covered);
        covered += part.length - ip.ihl * 4;
      }
      expect(same([payload], [random(length, mtu)])).toBe(true);
      expect(r.read("f.fragments")).toBe(String(parts.length));
    }
  });

  it("leaves alone what may not be split, says so five times, and counts it", async () => {
    let said = "";
    using r = await Router.compile(
      "FromDevice(0) -> CheckIPHeader -> f :: IPFragmenter(500) -> ToDevice(0); f [1] -> ToDevice(1)",
      {
        elements,
        chatter: (text) => {
          said += text;
        },
      },
    );
    const whole = packet({ id: 1, payload: random(1000, 1), df: true });
    r.device(0).send(Array(7).fill(whole));
    r.run();
    expect(same(r.device(1).receive(), Array(7).fill(whole))).toBe(true);
    expect([r.read("f.drops"), r.read("f.fragments"), r.device(0).receive().length]).toEqual(["7", "0", 0]);
    expect(said).toBe("IPFragmenter(500) DF 10.0.0.1 10.0.0.2 len=1020\n".repeat(5));
  });

  it("splits it all the same with HONOR_DF false, under an identification of its own", async () => {
    using r = await make("FromDevice(0) -> CheckIPHeader -> IPFragmenter(500, false) -> ToDevice(0)");
    r.device(0).send([packet({ id: 1, payload: random(1000, 1), df: true })]);
    r.run();
    const parts = r
      .device(0)
      .receive()
      .map((p) => ipv4.view(p));
    expect(parts.map((p) => [p.df, p.mf, p.fragmentOffset])).toEqual([
      [0, 1, 0],
      [0, 1, 60],
      [0, 0, 120],
    ]);
    expect(new Set(parts.map((p) => p.identification)).size).toBe(1);
    expect(parts[0]?.identification).not.toBe(1);
  });

  it("takes the header in front along with the first, and drops headers that lie", async () => {
    using r = await make("FromDevice(0) -> MarkIPHeader(4) -> IPFragmenter(100) -> ToDevice(0)");
    const whole = packet({ id: 1, payload: random(200, 1) });
    const lying = whole.slice();
    ipv4.view(lying).totalLength = 5000;
    r.device(0).send([Uint8Array.of(1, 2, 3, 4, ...whole), Uint8Array.of(1, 2, 3, 4, ...lying)]);
    r.run();
    expect(
      r
        .device(0)
        .receive()
        .map((p) => p.length),
    ).toEqual([104, 100, 60]);
    expect(r.drops().map((d) => [d.reason, d.count])).toEqual([["bad IP length", 1]]);
  });
});

describe("IPReassembler", () => {
  const text = (more = ""): string =>
    `FromDevice(0) -> CheckIPHeader -> r :: IPReassembler(${more}) -> ToDevice(0); r [1] -> ToDevice(1)`;

  it("gives the packet, whatever way it was split, in whatever order, with parts that came twice or overlap", async () => {
    // What comes twice is held, and must not be given up for want of memory.
    using r = await make(text("HIMEM 100000000"));
    let id = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 12_000 }),
        fc.array(fc.array(fc.nat(1500), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.nat(1_000_000)),
        fc.boolean(),
        (length, cuts, stream, options) => {
          id = (id + 1) & 0xffff;
          const whole: Packet = {
            id,
            payload: random(length, id),
            ...(options ? { options: Uint8Array.of(148, 4, 0, 0) } : {}),
          };
          const parts = cuts.flatMap((ends) =>
            split(
              whole,
              ends.map((end) => end * 8),
            ),
          );
          if (parts.length === cuts.length) return;
          for (let i = parts.length - 1; i > 0; i--) {
            const j = (stream.next().value as number) % (i + 1);
            [parts[i], parts[j]] = [parts[j] as Uint8Array, parts[i] as Uint8Array];
          }
          const fragments = parts.filter((p) => p.length !== packet(whole).length);
          r.device(0).send(fragments);
          r.run();
          // What comes after the packet is whole begins another.
          expect(same(r.device(0).receive().slice(0, 1), [packet(whole)])).toBe(true);
        },
      ),
      { numRuns: 150, seed: 5 },
    );
  });

  it("undoes what IPFragmenter does, also to the longest datagram", async () => {
    using r = await make(
      "FromDevice(0) -> CheckIPHeader -> IPFragmenter(576) -> CheckIPHeader -> IPReassembler -> ToDevice(0)",
    );
    const wholes = [100, 1000, 9000, 65_515].map((n, id) => packet({ id, payload: random(n, id) }));
    r.device(0).send(wholes);
    r.run();
    expect(same(r.device(0).receive(), wholes)).toBe(true);
    expect(r.drops()).toEqual([]);
  });

  it("keeps the header in front of the first fragment, and lets other packets pass", async () => {
    using r = await make("FromDevice(0) -> MarkIPHeader(4) -> r :: IPReassembler -> ToDevice(0)");
    const whole = { id: 5, payload: random(3000, 1) };
    const [a, b, c] = split(whole, [1000, 2000]) as [Uint8Array, Uint8Array, Uint8Array];
    const other = packet({ id: 6, payload: random(10, 1) });
    const front = (n: number, p: Uint8Array): Uint8Array => Uint8Array.of(n, n, n, n, ...p);
    r.device(0).send([front(3, c), front(9, other), front(1, a)]);
    r.run();
    expect(r.read("r.dump")).toMatch(
      /chunk data:\n \(10\.0\.0\.1, \d+, 10\.0\.0\.2, \d+\) 5 \(0,1000\) \(2000,3000\)\n$/,
    );
    r.device(0).send([front(2, b)]);
    r.run();
    expect(same(r.device(0).receive(), [front(9, other), front(1, packet(whole))])).toBe(true);
  });

  it("gives up after 30 seconds, and shows what there is with nothing in the gaps", async () => {
    const time = { ns: 1_000_000_000_000n };
    using r = await make(text(), time);
    // Buffers that held something.
    r.device(0).send(Array(50).fill(packet({ id: 9, payload: random(1400, 3) })));
    r.run();
    r.device(0).receive();
    const parts = split({ id: 1, payload: random(1200, 1) }, [400, 800]);
    r.device(0).send([parts[1] as Uint8Array]);
    r.run();
    time.ns += 41_000_000_000n;
    r.device(0).send([split({ id: 2, payload: random(1200, 1) }, [400])[0] as Uint8Array]);
    r.run();
    const [left] = r.device(1).receive() as [Uint8Array];
    expect(left.length).toBe(820);
    expect(left.slice(20, 420).every((b) => b === 0)).toBe(true);
    expect(same([left.slice(420)], [random(1200, 1).slice(400, 800)])).toBe(true);
    // It was forgotten.
    r.device(0).send([parts[0], parts[2]] as Uint8Array[]);
    r.run();
    expect(r.device(0).receive()).toEqual([]);
  });

  it("holds no more than it may", async () => {
    using r = await make(text("HIMEM 20000"));
    const free = r.freeBuffers;
    for (let id = 0; id < 200; id++) r.device(0).send(split({ id, payload: random(1600, id) }, [800]).slice(0, 1));
    r.run();
    const out = r.device(1).receive().length;
    expect(out).toBeGreaterThan(150);
    expect(free - r.freeBuffers).toBe(200 - out);
    expect((200 - out) * 840).toBeLessThanOrEqual(20_000 + 840);
  });

  it("refuses fragments that cannot be, and is not shaken by any", async () => {
    using r = await make("FromDevice(0) -> MarkIPHeader -> r :: IPReassembler -> ToDevice(0); r [1] -> ToDevice(1)");
    r.device(0).send([
      packet({ id: 1, payload: random(100, 1), more: true }),
      packet({ id: 1, payload: random(100, 1), offset: 65_528 }),
      packet({ id: 1, payload: new Uint8Array(), more: true }),
    ]);
    r.run();
    expect(r.read("r.dump")).toMatch(/frags seen total: {4}3\n[\s\S]*bad fragments seen: {2}3\n/);
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            id: fc.nat(3),
            offset: fc.nat(1200).map((n) => n * 8),
            length: fc.nat(3000),
            more: fc.boolean(),
            header: fc.option(fc.nat(255)),
          }),
          { maxLength: 60 },
        ),
        (list) => {
          const frames = list.map(({ id, offset, length, more, header }) => {
            const bytes = packet({ id, offset, more, payload: random(length, id) });
            if (header !== null) bytes[0] = header;
            return bytes;
          });
          r.device(0).send(frames);
          r.run();
          for (const out of [...r.device(0).receive(), ...r.device(1).receive()])
            expect(out.length).toBeLessThan(70_000);
        },
      ),
      { numRuns: 100 },
    );
    using whole = await make(text());
    const datagram = packet({ id: 1, payload: random(5000, 1) });
    whole.device(0).send(split({ id: 1, payload: random(5000, 1) }, [1600, 3200]));
    whole.run();
    expect(same(whole.device(0).receive(), [datagram])).toBe(true);
  });

  it("notes the size of the largest fragment", async () => {
    let said = "";
    using r = await Router.compile(
      "FromDevice(0) -> CheckIPHeader -> IPReassembler(MAX_MTU_ANNO 20) -> IPPrint(ok, AGGREGATE true) -> Discard",
      { elements, chatter: (text) => (said += text) },
    );
    r.device(0).send(split({ id: 5, payload: random(3000, 1) }, [400, 1600]));
    r.run();
    // The last one has 1,400 bytes and a header.
    expect(said).toContain("#1420");
  });
});
