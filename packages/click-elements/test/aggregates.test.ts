import { Router } from "@clickos/click-core";
import { emptyScope, type HostFiles } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { treeNodes } from "../src/analysis/aggregate-tree.ts";
import { ipFieldText, readIpField } from "../src/lib/ip-field.ts";
import { ip, udp } from "./packets.ts";

const formatted = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
/** A packet whose source address is the number. */
const from = (address: number): Uint8Array => udp(1, 2, { src: formatted(address), dst: "1.2.3.4" });

/** A router fed by a device, with the files that handlers write. */
async function router(text: string, files = new Map<string, string>()) {
  const host: HostFiles = {
    read: () => new Uint8Array(),
    write(file, data) {
      files.set(file, typeof data === "string" ? data : Buffer.from(data).toString("latin1"));
    },
  };
  const r = await Router.compile(`FromDevice(0) -> MarkIPHeader -> ${text}`, { elements, files: host });
  return {
    r,
    files,
    send(...packets: readonly Uint8Array[]) {
      r.device(0).send(packets);
      r.run();
    },
  };
}
/** The lines of counts in a file. */
const lines = (text = ""): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("!"));

describe("fields of IP packets", () => {
  it("are written as they are read", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("ip", "tcp", "udp", "icmp", "transp", "payload", "ip proto 99"),
        fc.nat(511),
        fc.integer({ min: 1, max: 32 }),
        (header, first, count) => {
          const read = readIpField(`${header} {${first}:${count}}`, emptyScope);
          if (!("field" in read)) throw new Error(read.problem);
          expect(read).toMatchObject({ rest: "", field: { bit: first, bits: count } });
          const again = readIpField(
            ipFieldText(read.field).replace(/^(tcp|udp|icmp|transp|payload)(?=[[{])/, "$1 "),
            emptyScope,
          );
          expect(again).toEqual(read);
        },
      ),
    );
  });
  it("take any text for what it is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."ip tcp0x18[]{}:-/&sport,~".split("")), maxLength: 40 }),
        (text) => {
          const read = readIpField(text, emptyScope);
          if ("field" in read) expect(read.field.bits).toBeGreaterThan(0);
          else expect(read.problem).toMatch(/^(expected|bad) /);
        },
      ),
    );
  });
});

describe("AggregateIP", () => {
  it("takes the bits that the field has", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(15),
        fc.nat(31),
        fc.nat(31),
        fc.infiniteStream(fc.nat(255)),
        async (word, x, y, bytes) => {
          const [first, last] = [Math.min(x, y), Math.max(x, y)];
          const bit = word * 32 + first;
          const count = last - first + 1;
          const packet = ip({ payload: Uint8Array.from({ length: 20 }, () => bytes.next().value as number) });
          const { r, send, files } = await router(
            `a :: AggregateIP(ip {${bit}:${count}}) -> c :: AggregateCounter -> Discard; a[1] -> d :: Counter -> Discard`,
          );
          using _ = r;
          send(packet);
          const there = (word + 1) * 4 <= packet.length;
          expect(r.read("d.count")).toBe(there ? "0" : "1");
          const bits = Array.from(packet, (byte) => byte.toString(2).padStart(8, "0")).join("");
          r.write("c.write_text_file", "out");
          expect(lines(files.get("out"))).toEqual(
            there ? [`${Number.parseInt(bits.slice(bit, bit + count), 2)} 1`] : [],
          );
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("AggregateCounter", () => {
  const aggregate = fc.oneof(fc.nat(7), fc.integer({ min: 0, max: 0xffffffff }));

  it("counts like a map", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(aggregate, fc.nat(9)), { maxLength: 60 }), async (steps) => {
        const { r, send, files } = await router("AggregateIP(ip src) -> a :: AggregateCounter -> Discard");
        using _ = r;
        const model = new Map<number, number>();
        let frozen = false;
        for (const [number, what] of steps) {
          if (what === 8) r.write("a.freeze", String((frozen = !frozen)));
          else if (what === 9) {
            r.write("a.clear", "");
            model.clear();
          } else if (number !== 0) {
            send(from(number));
            if (!frozen || model.has(number)) model.set(number, (model.get(number) ?? 0) + 1);
          }
        }
        r.write("a.write_text_file", "out");
        const sorted = [...model].sort(([a], [b]) => a - b);
        expect(lines(files.get("out"))).toEqual(sorted.map(([number, count]) => `${number} ${count}`));
        expect(r.read("a.nagg")).toBe(String(model.size));
        expect(r.read("a.count")).toBe(String(sorted.reduce((sum, [, count]) => sum + count, 0)));
      }),
      { numRuns: 30 },
    );
  });

  it("has a node for each number and for each fork, whatever their order", () => {
    fc.assert(
      fc.property(fc.array(aggregate), (numbers) => {
        const nodes = treeNodes(numbers);
        expect(nodes % 2).toBe(1);
        expect(nodes).toBeLessThanOrEqual(2 * new Set(numbers).size + 1);
        expect(treeNodes([...numbers, ...numbers])).toBe(nodes);
      }),
    );
  });

  it("refuses files where there are none, and takes them where there are", async () => {
    using r = await Router.compile("Idle -> a :: AggregateCounter -> Discard", { elements });
    expect(() => r.write("a.write_text_file", "out")).toThrow("files are not available here");
  });

  it("keeps its counts through a reconfiguration", async () => {
    const { r, send, files } = await router("AggregateIP(ip src) -> a :: AggregateCounter -> Discard");
    using _ = r;
    send(from(5), from(6), from(5));
    r.write("a.banner", "later");
    send(from(5));
    r.write("a.write_ip_file", "out");
    expect(files.get("out")).toBe("!IPAggregate 1.0\nlater\n!num_nonzero 2\n!ip\n0.0.0.5 3\n0.0.0.6 1\n");
  });

  it("stops the driver, and goes on where it is told to", async () => {
    const { r, send } = await router("AggregateIP(ip src) -> a :: AggregateCounter(COUNT_STOP 2) -> Discard");
    using _ = r;
    send(from(1), from(2), from(3));
    expect(r.read("a.count")).toBe("2");
    expect(r.read("a.active")).toBe("false");
  });
});

describe("AggregateFilter", () => {
  it("decides like a list that is read from the start", async () => {
    const range = fc.tuple(fc.nat(20), fc.nat(5), fc.nat(3));
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 12 }), fc.boolean(), async (ranges, others) => {
        const patterns = ranges.map(([first, more, port]) => `${port === 3 ? "deny" : port} ${first}-${first + more}`);
        if (others) patterns.push("2 all");
        const { r, send } = await router(
          `AggregateIP(ip src) -> a :: AggregateFilter(${patterns.join(", ")}); ${[0, 1, 2]
            .map((port) => `a[${port}] -> c${port} :: AggregateCounter -> Discard`)
            .join("; ")}`,
        );
        using _ = r;
        const counts = [0, 0, 0, 0];
        for (let number = 1; number < 30; number++) {
          send(from(number));
          const found = ranges.find(([first, more]) => number >= first && number <= first + more);
          const port = found?.[2] ?? (others ? 2 : 3);
          counts[port] = (counts[port] ?? 0) + 1;
        }
        expect([0, 1, 2].map((port) => Number(r.read(`c${port}.count`)))).toEqual(counts.slice(0, 3));
      }),
      { numRuns: 20 },
    );
  });
});

describe("AggregateFirst and AggregateLast", () => {
  it("let one packet of each aggregate through, and hold no others", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 40 }), async (numbers) => {
        const { r, send } = await router(
          `AggregateIP(ip src) -> t :: Tee;
           t[0] -> f :: AggregateFirst -> a :: Counter -> Discard; f[1] -> b :: Counter -> Discard;
           t[1] -> l :: AggregateLast -> c :: AggregateCounter -> Discard; l[1] -> d :: Counter -> Discard`,
        );
        using _ = r;
        const free = r.freeBuffers;
        send(...numbers.map(from));
        const distinct = new Set(numbers).size;
        expect([r.read("a.count"), r.read("b.count")]).toEqual([distinct, numbers.length - distinct].map(String));
        expect([r.read("c.count"), r.read("d.count")]).toEqual(["0", String(numbers.length - distinct)]);
        r.write("l.clear", "");
        r.run();
        // A packet that stands for those before it counts as so many.
        expect([r.read("c.nagg"), r.read("c.count")]).toEqual([distinct, numbers.length].map(String));
        expect(r.freeBuffers).toBe(free);
      }),
      { numRuns: 20 },
    );
  });

  it("are told when an aggregate has ended", async () => {
    const { r, send } = await router(
      `n :: AggregateIPAddrPair -> f :: AggregateFirst(NOTIFIER n) -> l :: AggregateLast(NOTIFIER n) -> c :: Counter -> Discard`,
    );
    using _ = r;
    send(from(1), from(1), from(2));
    expect(r.read("c.count")).toBe("0");
    r.write("n.clear", "");
    r.run();
    expect(r.read("c.count")).toBe("2");
    send(from(1));
    r.write("n.clear", "");
    r.run();
    expect(r.read("c.count")).toBe("3");
  });

  it("names what is no notifier", async () => {
    await expect(Router.compile("i :: Idle -> AggregateLast(NOTIFIER i) -> Discard", { elements })).rejects.toThrow(
      "i is not an AggregateNotifier",
    );
  });
});

describe("AggregatePacketCounter", () => {
  it("knows which numbers came in where", async () => {
    const number = fc.integer({ min: 1, max: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(number, { minLength: 1 }),
        fc.array(number, { minLength: 1 }),
        async (sent, received) => {
          const files = (numbers: readonly number[]) =>
            `!data ip_src aggregate\n${numbers.map((n) => `1.0.0.1 ${n}\n`).join("")}`;
          const inputs: Record<string, string> = { sent: files(sent), received: files(received) };
          const host: HostFiles = { read: (file) => Buffer.from(inputs[file] ?? ""), write() {} };
          const from = (file: string) => `FromIPSummaryDump(${file}, ZERO true)`;
          using r = await Router.compile(
            `${from("sent")} -> [0] c :: AggregatePacketCounter(ANNO AGGREGATE) [0] -> Discard; ${from("received")} -> [1] c [1] -> Discard`,
            { elements, files: host },
          );
          r.run();
          r.run();
          const times = (numbers: readonly number[], n: number): number => numbers.filter((m) => m === n).length;
          for (let n = 1; n <= 12; n++) {
            const any = times(sent, n) + times(received, n) > 0;
            expect(r.read("c.received", String(n))).toBe(any ? `${n}\n` : "");
            expect(r.read("c.undelivered", String(n))).toBe(times(sent, n) > times(received, n) ? `${n}\n` : "");
          }
          expect(r.read("c.count")).toBe(String(sent.length + received.length));
        },
      ),
      { numRuns: 10 },
    );
  });
  it("says where there is no second input", async () => {
    using r = await Router.compile("Idle -> c :: AggregatePacketCounter -> Discard", { elements });
    expect(() => r.read("c.undelivered", "1")).toThrow("there is no input 1");
  });
});

describe("what is done to packets", () => {
  it("checksums are found again, and wrong ones are told of", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 1500 }), fc.nat(), async (bytes, at) => {
        using r = await Router.compile(
          "FromDevice(0) -> SetCRC32 -> t :: Tee; t[0] -> CheckCRC32 -> ToDevice(1); t[1] -> ToDevice(2)",
          {
            elements,
          },
        );
        r.device(0).send([bytes]);
        r.run();
        expect(r.device(1).receive()).toEqual([bytes]);
        const [summed] = r.device(2).receive() as [Uint8Array];
        summed[at % summed.length] = ((summed[at % summed.length] ?? 0) + 1) & 255;
        let said = "";
        using check = await Router.compile("FromDevice(0) -> CheckCRC32 -> ToDevice(1)", {
          elements,
          chatter: (text) => (said += text),
        });
        check.device(0).send([summed]);
        check.run();
        expect(check.device(1).receive()).toEqual([]);
        expect(said).toBe(`CRC32 failed, len ${summed.length}\n`);
      }),
      { numRuns: 20 },
    );
  });

  it("payloads are erased, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(6, 17), async (payload, protocol) => {
        using r = await Router.compile("FromDevice(0) -> MarkIPHeader -> EraseIPPayload -> ToDevice(1)", { elements });
        const packet = ip({ protocol, payload });
        r.device(0).send([packet]);
        r.run();
        const [erased] = r.device(1).receive() as [Uint8Array];
        const header = protocol === 17 ? 8 : payload.length >= 13 ? ((payload[12] as number) >> 4) * 4 : payload.length;
        const [sum, whole] = protocol === 17 ? [6, 8] : [16, 18];
        const expected = packet.slice();
        expected.fill(0, Math.min(20 + header, expected.length));
        if (payload.length >= whole) expected.fill(0, 20 + sum, 20 + sum + 2);
        expect(erased).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});
