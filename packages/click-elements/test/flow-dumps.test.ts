import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Router } from "@clickos/click-core";
import type { HostFiles } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { hostFiles } from "@clickos/click-elements/node";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { FlowDumpSet } from "../src/analysis/flow-dump-set.ts";
import { ip, tcp, udp } from "./packets.ts";

const second = 1_000_000_000n;
const a = { src: "10.0.0.1", dst: "10.0.0.2" };
const b = { src: "10.0.0.2", dst: "10.0.0.1" };

/** Files in memory. */
function memory(): { readonly files: HostFiles; readonly of: Map<string, string> } {
  const of = new Map<string, string>();
  const files: HostFiles = {
    read: (file) => Buffer.from(of.get(file) ?? "", "latin1"),
    write(file, data, append) {
      const text = typeof data === "string" ? data : Buffer.from(data).toString("latin1");
      of.set(file, (append ? (of.get(file) ?? "") : "") + text);
    },
    remove: (file) => of.delete(file),
  };
  return { files, of };
}

interface Run {
  readonly of: Map<string, string>;
  readonly said: string;
  readonly problems: readonly string[];
}

/** What is written about packets, a second apart. */
async function dumped(
  args: string,
  packets: readonly (Uint8Array | number)[],
  { files, of } = memory(),
  before = "a :: AggregateIPFlows(ICMP true)",
): Promise<Run> {
  let said = "";
  const time = { now: second };
  const r = await Router.compile(
    `FromDevice(0) -> MarkIPHeader -> ${before} -> t :: ToIPFlowDumps(${args}) -> Discard;`,
    { elements, files, clock: () => time.now, chatter: (text) => (said += text) },
  );
  for (const packet of packets) {
    if (typeof packet === "number") time.now += BigInt(packet) * second;
    else {
      r.device(0).send([packet]);
      r.run();
      time.now += second;
    }
    r.run();
  }
  const problems = r.problems.map(String);
  r[Symbol.dispose]();
  return { of, said, problems };
}

describe("ToIPFlowDumps", () => {
  it("writes a file for each flow, with times and sequence numbers from its first packet on", async () => {
    const { of } = await dumped("f%n", [udp(1, 2, a), udp(3, 4, a), udp(2, 1, b), tcp(5, 6, 2, a)]);
    expect([...of.keys()].sort()).toEqual(["f1", "f2", "f3"]);
    expect(of.get("f1")).toBe(
      [
        "!IPSummaryDump 1.3",
        "!flowid 10.0.0.1 1 10.0.0.2 2 U",
        "!aggregate 1",
        "!data ntimestamp direction payload_len",
        "!firsttime 0.999999999",
        `0.000000001 > ${udp(1, 2, a).length - 8}`,
        `2.000000001 < ${udp(1, 2, a).length - 8}`,
        "",
      ].join("\n"),
    );
    expect(of.get("f3")).toContain("\n0.000000001 > S 0 0 0\n");
  });

  it("has files of any flow that FromIPSummaryDump reads", async () => {
    const { of } = await dumped("f%n", [tcp(5, 6, 2, a), tcp(6, 5, 0x12, b), tcp(5, 6, 0x10, a)]);
    let said = "";
    const r = await Router.compile("FromIPSummaryDump(f1, STOP true) -> IPPrint(o, TIMESTAMP false) -> Discard;", {
      elements,
      files: memoryOf(of),
      chatter: (text) => (said += text),
    });
    r.run();
    r[Symbol.dispose]();
    expect(said.trim().split("\n")).toHaveLength(3);
  });

  it("ends flows that an element says have ended, and those of few packets have no file", async () => {
    const { files, of } = memory();
    const run = await dumped(
      "f%n, NOTIFIER a, MINCOUNT 2",
      [udp(1, 2, a), udp(2, 1, b), udp(7, 8, a), 100, udp(9, 9, a)],
      {
        files,
        of,
      },
      "a :: AggregateIPFlows(UDP_TIMEOUT 10, REAP 1)",
    );
    expect([...run.of.keys()]).toEqual(["f1"]);
  });

  it("takes a file away whose flow has too few packets after all", async () => {
    // Notes are written at 32, and are packets too: nothing is written of those that are not.
    const { of } = await dumped(
      "f%n, MINCOUNT 500",
      Array.from({ length: 130 }, () => udp(1, 2, a)),
    );
    expect([...of.keys()]).toEqual([]);
  });

  it("says what has no file: packets of no flow, and packets without a number", async () => {
    const strange = await dumped("f%n", [ip({ ...a, protocol: 47 })], memory(), "SetAnnoByte(20, 1)");
    expect(strange.problems.join()).toMatch(/1 packets are in no file/);
    const without = await dumped("f%n", [udp(1, 2, a)], memory(), "Null");
    expect(without.said).toBe("t :: ToIPFlowDumps: warning: saw no packets with aggregate annotations\n");
  });

  it("never reads beyond a packet that is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 20, max: 60 }), fc.uint8Array({ minLength: 20, maxLength: 60 })), {
          minLength: 1,
          maxLength: 5,
        }),
        async (list) => {
          const packets = list.map(([length, tail]) => {
            const packet = tcp(1, 2, 0x18, a);
            const bytes = new Uint8Array(packet.length + tail.length);
            bytes.set(packet);
            bytes.set(tail, packet.length - 8);
            return bytes.subarray(0, Math.max(24, length));
          });
          const run = await dumped("f%n, ALL_TCP_OPT true, BINARY true, TCP_WINDOW true", packets);
          expect(run.problems).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });
});

const memoryOf = (of: Map<string, string>): HostFiles => ({
  read: (file) => Buffer.from(of.get(file) ?? "", "latin1"),
  write() {},
});

describe("flows in the order of Click's table", () => {
  it("is by the last bits of their numbers, then the last seen first", () => {
    const set = new FlowDumpSet();
    const flow = (aggregate: number) => ({ aggregate }) as never;
    for (const n of [1025, 1, 2, 2049]) set.add(flow(n));
    set.find(1025);
    expect(set.inOrder().map(({ aggregate }) => aggregate)).toEqual([1025, 2049, 1, 2]);
    set.remove(2049);
    expect(set.inOrder().map(({ aggregate }) => aggregate)).toEqual([1025, 1, 2]);
  });
});

describe("files on disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "flows-"));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  it("are in folders that are made, and are compressed", async () => {
    await dumped(`${folder}/x/y/f%n, GZIP true`, [udp(1, 2, a)], { files: hostFiles, of: new Map() });
    expect(readdirSync(join(folder, "x/y"))).toEqual(["f1.gz"]);
    expect(gunzipSync(readFileSync(join(folder, "x/y/f1.gz"))).toString()).toMatch(/^!IPSummaryDump 1.3\n!flowid/);
  });
});
