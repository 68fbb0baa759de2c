import { Router } from "@clickos/click-core";
import type { HostFiles } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip, tcp } from "./packets.ts";

const second = 1_000_000_000n;
const packet = tcp(1, 2, 2, { src: "10.0.0.1", dst: "10.0.0.2" });

/** A record of NLANR's of a packet. */
function nlanr(seconds: number, bytes: Uint8Array = packet): Uint8Array {
  const out = new Uint8Array(44);
  new DataView(out.buffer).setUint32(0, seconds);
  out.set(bytes.subarray(0, 36), 8);
  return out;
}
/** A record of a DAG card's. */
function dag(seconds: number, type: number, body: Uint8Array, length: number = body.length + 16): Uint8Array {
  const out = new Uint8Array(16 + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(4, seconds, true);
  out[8] = type;
  view.setUint16(10, length);
  view.setUint16(14, body.length);
  out.set(body, 16);
  return out;
}
const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

interface Run {
  readonly lines: string[];
  /** When packets left, in seconds. */
  readonly times: number[];
}

/** The packets that an element makes of a trace, and when; output 1 has the paint 9. */
function run(source: string, trace: Uint8Array, seconds = 1): Run {
  const time = { now: 5n * second };
  const lines: string[] = [];
  const times: number[] = [];
  const files: HostFiles = {
    read: () => trace,
    write(_file, data) {
      const text = typeof data === "string" ? data : String.fromCharCode(...data);
      if (text !== "") lines.push(...text.split("\n").slice(0, -1));
    },
  };
  const r = Router.compileSync(
    `f :: ${source} -> p :: Null -> c :: Counter -> ToIPSummaryDump(out, FIELDS ts_sec wire_len paint, HEADER false);
     f [1] -> Paint(9) -> p`,
    { elements, files, clock: () => time.now },
  );
  for (let step = 0; step < seconds; step++) {
    const before = Number(r.read("c.count"));
    // A timer that is due has the task run in the next turn.
    for (let turns = 0; turns < 3; turns++) r.run(50);
    for (let i = before; i < Number(r.read("c.count")); i++) times.push(step);
    time.now += second;
  }
  r[Symbol.dispose]();
  return { lines, times };
}

describe("FromNLANRDump", () => {
  const trace = concat([1, 2, 4, 7].map((seconds) => nlanr(seconds)));

  it("begins where FILEPOS says, and where START does", () => {
    expect(run("FromNLANRDump(x.tsh, FILEPOS 88)", trace).lines).toEqual(["4 36 0", "7 36 0"]);
    expect(run("FromNLANRDump(x.tsh, START 2)", trace).lines).toEqual(["2 36 0", "4 36 0", "7 36 0"]);
  });

  it("plays packets at their distances in time", () => {
    expect(run("FromNLANRDump(x.tsh, TIMING true)", trace, 8).times).toEqual([0, 1, 3, 6]);
  });

  it("sends packets with options to the second output", () => {
    const options = ip({ src: "10.0.0.1", dst: "10.0.0.2", protocol: 17 });
    options[0] = 0x46;
    expect(run("FromNLANRDump(x.tsh)", concat([nlanr(1), nlanr(2, options), nlanr(3)])).lines).toEqual([
      "1 36 0",
      "2 36 9",
      "3 36 0",
    ]);
  });
});

describe("FromDAGDump", () => {
  it("passes over records that are not wanted, whole", () => {
    const body = new Uint8Array(50).fill(0x11);
    const trace = concat([1, 2, 3, 4].map((seconds) => dag(seconds, 1, body)));
    expect(run("FromDAGDump(x, START 3)", trace).lines).toEqual(["3 50 0", "4 50 0"]);
    expect(run("FromDAGDump(x, END 3)", trace).lines).toEqual(["1 50 0", "2 50 0"]);
  });

  it("has cells where their kind is said", () => {
    const trace = concat([1, 2].map((seconds) => dag(seconds, 0, new Uint8Array(48))));
    expect(run("FromDAGDump(x, ENCAP SUNATM)", trace).lines).toEqual(["1 52 0", "2 52 0"]);
    expect(run("FromDAGDump(x, ENCAP PPP)", trace).lines).toEqual(["1 48 0", "2 48 0"]);
  });

  it("ends where a record says more than there is, whatever it says", () => {
    const record = fc.tuple(
      fc.integer({ min: 0, max: 6 }),
      fc.uint8Array({ maxLength: 70 }),
      fc.integer({ min: 0, max: 200 }),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), fc.boolean(), (records, force) => {
        const trace = concat([
          dag(1, 1, new Uint8Array(20)),
          ...records.map(([type, body, length]) => dag(2, type, body, length)),
        ]);
        const { lines } = run(`FromDAGDump(x, FORCE_IP ${force})`, trace);
        expect(lines[0]).toBe(`1 20 ${force ? 9 : 0}`);
        expect(lines.length).toBeLessThan(2 + trace.length / 16);
      }),
      { numRuns: 15 },
    );
  });
});
