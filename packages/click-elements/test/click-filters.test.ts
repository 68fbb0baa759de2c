/**
 * IPFilter and Classifier beside native Click, where `CLICK` names its program: the program that rules are compiled to, and where
 * packets go, on random rules, and on packets of any length.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip, make, pass } from "./packets.ts";

const click = process.env.CLICK;
const file = (name: string) => (): string => readFileSync(name, "latin1");
const machine = { protocols: file("/etc/protocols"), services: file("/etc/services") };

const addresses = ["10.0.0.1", "10.0.0.2", "10.1.2.3", "192.168.1.1", "8.8.8.8"];
const directions = fc.constantFrom("", "src ", "dst ", "src or dst ", "src and dst ");
const primitive = fc.oneof(
  fc.constantFrom(
    ..."tcp|udp|icmp|tcpudp|transp|ip proto tcpudp|ip proto 300|ip proto > 6|true|false|ip frag|ip unfrag".split("|"),
    ..."ip ect|ip ect 2|ip ce|ip vers 4|ip hl 5|ip hl > 5|ip tos 4|ip dscp 1|ip len > 44|ip id 7|ttl 4|ttl < 20".split(
      "|",
    ),
    ..."syn|tcp opt ack|opt rst|tcp win > 999|icmp type echo|echo-reply|icmp type != 8|ip[8] & 15 > 3".split("|"),
    ..."ip[2:2] >= 40|ip[12:3] = 0x0a0000|ip[0:3] > 5|ip[12:4] > 0x0a000001|transp[0:2] = 53|tcp[13] & 0x12 != 0".split(
      "|",
    ),
    ..."udp[4:2] != 8|transp[0:3] > 7|src & 255.0.0.0 = 10.0.0.0|net 10.0.0.0 mask 255.0.0.255|host != 10.0.0.1".split(
      "|",
    ),
    ..."ether host 02:00:00:00:00:0f|ether dst 02:00:00:00:00:02|tcp src 10.0.0.1|port 22 or 53 or 80".split("|"),
    "dst port 1 or 2 or 3 or 4 or 5 or 6 or 7 or 8 or 9 or 53",
  ),
  fc
    .tuple(directions, fc.constantFrom("host ", "net "), fc.constantFrom(...addresses), fc.constantFrom(8, 16, 24, 31))
    .map(([d, t, a, n]) => `${d}${t}${a}${t === "net " ? `/${n}` : ""}`),
  fc
    .tuple(
      directions,
      fc.constantFrom("", "tcp ", "udp "),
      fc.constantFrom("", "!= ", "> ", "<= ", "< ", "& 0xff00 > "),
      fc.constantFrom(22, 53, 80, 1024),
    )
    .map(([d, p, op, n]) => `${d}${p}port ${op}${n}`),
);
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3 },
    primitive,
    fc.tuple(tie("pattern"), fc.constantFrom("and", "or", ""), tie("pattern")).map((parts) => parts.join(" ")),
    tie("pattern").map((a) => `not (${a})`),
    tie("pattern").map((a) => `! ${a}`),
    fc.tuple(tie("pattern"), tie("pattern"), tie("pattern")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
}));
const rule = fc.tuple(fc.constantFrom("allow", "deny", "1", "2"), pattern).map((parts) => parts.join(" "));

const clause = fc
  .tuple(
    fc.constantFrom("", "!"),
    fc.nat(20),
    fc.array(fc.constantFrom("00", "01", "4?", "??", "?5", "08"), { minLength: 1, maxLength: 6 }),
    fc.boolean(),
    fc.array(fc.constantFrom("ff", "f0", "01", "00"), { minLength: 6, maxLength: 6 }),
  )
  .map(([not, at, value, masked, mask]) => {
    const after = masked ? `%${mask.slice(0, value.length).join("")}` : "";
    return `${not}${at}/${value.join("")}${after}`;
  });
const bytePattern = fc.oneof(
  { weight: 8, arbitrary: fc.array(clause, { minLength: 1, maxLength: 3 }).map((l) => l.join(" ")) },
  { weight: 1, arbitrary: fc.constant("-") },
);

/** How much of an IP packet is left after its header was marked. */
const lengths = [0, 11, 13, 14, 15, 19, 20, 21, 22, 23, 24, 28, 33, 34, 36, 40, 60];
const cut = `cut :: Classifier(${lengths.map((_, i) => `11/${i.toString(16).padStart(2, "0")}`).join(", ")}); end :: Null;
${lengths.map((n, i) => `cut[${i}] -> Truncate(${14 + n}) -> end;`).join(" ")}`;

/** An Ethernet frame with an IP packet, and how much of it is to be left in the last byte of its source. */
const frame = fc
  .record({
    src: fc.constantFrom(...addresses),
    dst: fc.constantFrom(...addresses),
    protocol: fc.constantFrom(1, 6, 17, 44),
    ttl: fc.constantFrom(1, 4, 20, 255),
    tos: fc.constantFrom(0, 4, 3, 2),
    fragment: fc.constantFrom(0, 0, 0, 0x2000, 0x0010, 0x4000),
    ports: fc.tuple(fc.constantFrom(22, 53, 80, 2000), fc.constantFrom(22, 53, 80, 1024)),
    flags: fc.constantFrom(0x02, 0x12, 0x10, 0x14),
    length: fc.nat(lengths.length - 1),
    to: fc.constantFrom(1, 2, 3),
  })
  .map(({ ports, flags, length, to, ...rest }) => {
    const payload = new Uint8Array(40);
    payload.set([ports[0] >> 8, ports[0] & 255, ports[1] >> 8, ports[1] & 255, 0, 8]);
    payload.set([flags, 4, 0], 13);
    if (rest.protocol === 1) payload.set([ports[0] === 22 ? 8 : 0, 0]);
    return Uint8Array.of(2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, length, 8, 0, ...ip({ ...rest, payload }));
  });

function capture(frames: readonly Uint8Array[]): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint32(4, 0x00040002, true);
  view.setUint32(16, 0xffff, true);
  view.setUint32(20, 1, true);
  const records = frames.flatMap((f) => {
    const record = new Uint8Array(16 + f.length);
    new DataView(record.buffer).setUint32(8, f.length, true);
    new DataView(record.buffer).setUint32(12, f.length, true);
    record.set(f, 16);
    return [...record];
  });
  return Uint8Array.of(...header, ...records);
}

function frames(file: string): Uint8Array[] {
  const bytes = new Uint8Array(readFileSync(file));
  const view = new DataView(bytes.buffer);
  const list: Uint8Array[] = [];
  for (let at = 24; at < bytes.length; at += 16 + view.getUint32(at + 8, true))
    list.push(bytes.slice(at + 16, at + 16 + view.getUint32(at + 8, true)));
  return list;
}

/** What the native program says of an element `f`, and the packets that come out of each of its outputs. */
function native(
  before: string,
  element: string,
  packets: readonly Uint8Array[],
): { program: string; out: Uint8Array[][] } | { refused: boolean } {
  const folder = mkdtempSync(join(tmpdir(), "click-filters-"));
  try {
    writeFileSync(join(folder, "in"), capture(packets));
    const outputs = [0, 1, 2].map((i) => `f[${i}] -> ToDump(out${i})`).join("; ");
    const config = `${before} FromDump(in, STOP true) -> ${element}; ${outputs}`;
    const { status, stdout, stderr } = spawnSync(click as string, ["-e", config, "-h", "f.program"], {
      cwd: folder,
      encoding: "latin1",
    });
    if (status !== 0) {
      return { refused: !stderr.includes("Assertion") };
    }
    return { program: stdout, out: [0, 1, 2].map((i) => frames(join(folder, `out${i}`))) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(before: string, element: string, packets: readonly Uint8Array[]): Promise<boolean> {
  const theirs = native(before, element, packets);
  const config = `${before} FromDevice(0) -> ${element}; f[0] -> ToDevice(0); f[1] -> ToDevice(1); f[2] -> ToDevice(2)`;
  if ("refused" in theirs) {
    // Otherwise an assertion of the native program failed.
    if (theirs.refused) await expect(make(config, { machine })).rejects.toThrow("pattern");
    return false;
  }
  using router = await make(config, { machine });
  expect(router.read("f.program")).toBe(theirs.program);
  expect(pass(router, [...packets]).slice(0, 3)).toEqual(theirs.out);
  return true;
}

describe.skipIf(!click)("beside native Click", () => {
  const runs = Number(process.env.RUNS ?? 40);
  it("runs", () => {
    expect(execFileSync(click as string, ["--version"], { encoding: "utf8" })).toMatch(/^click \(Click\)/);
  });
  it("IPFilter", { timeout: 600_000 }, async () => {
    let same = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { minLength: 1, maxLength: 6 }),
        fc.array(frame, { minLength: 60, maxLength: 60 }),
        async (rules, packets) => {
          if (await compare(cut, `MarkIPHeader(14) -> cut; end -> f :: IPFilter(${rules.join(", ")})`, packets)) same++;
        },
      ),
      { numRuns: runs, endOnFailure: true },
    );
    expect(same).toBeGreaterThan(runs / 2);
  });
  it("Classifier", { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytePattern, { minLength: 3, maxLength: 3 }),
        fc.array(
          frame.chain((f) => fc.nat(24).map((n) => f.subarray(0, 1 + n))),
          { minLength: 60, maxLength: 60 },
        ),
        async (patterns, packets) => {
          await compare("", `f :: Classifier(${patterns.join(", ")})`, packets);
        },
      ),
      { numRuns: runs, endOnFailure: true },
    );
  });
});
