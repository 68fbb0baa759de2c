/** Rewriters of all kinds beside native Click: set the variable CLICK to the path of its program. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLICK, native, ours, packetScript } from "./native.ts";
import { checksum, ip, tcp, udp } from "./packets.ts";

const runs = { numRuns: Number(process.env["CLICK_RUNS"] ?? 12) };
const small = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

/** An ICMP message. */
function icmp(type: number, rest: readonly number[], address: { src: string; dst: string }): Uint8Array {
  const payload = Uint8Array.from([type, 0, 0, 0, ...rest]);
  const sum = checksum(payload);
  payload.set([sum >> 8, sum & 255], 2);
  return ip({ ...address, protocol: 1, payload });
}

/** Packets of a few hosts, outwards and back; some are others' replies, some are errors about packets as they leave. */
const packet = fc.record({
  outwards: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  near: small(1, 3),
  far: small(1, 2),
  port: fc.constantFrom(5, 6, 5000, 5001, 5002, 5003),
  kind: fc.constantFrom(
    "tcp",
    "tcp",
    "udp",
    "udp",
    "plain udp",
    "dccp",
    "ping",
    "pong",
    "esp",
    "error",
    "later",
    "short",
  ),
  flags: fc.constantFrom(2, 16, 17, 4, 1, 18),
  wait: fc.constantFrom(0.01, 0.01, 1.1, 3.7, 11.3),
});
type Made = typeof packet extends fc.Arbitrary<infer T> ? T : never;

function bytesOf({ outwards, near, far, port, kind, flags }: Made): Uint8Array {
  const hosts = [`10.0.0.${near}`, `8.8.8.${far}`] as const;
  const address = outwards ? { src: hosts[0], dst: hosts[1] } : { src: hosts[1], dst: `1.0.0.${near}` };
  const ports: [number, number] = outwards ? [port, 53] : [53, port];
  const data = Uint8Array.of(1, 2, 3, 4);
  const segment = tcp(...ports, flags, address, data);
  switch (kind) {
    case "tcp":
      return segment;
    case "udp":
      return udp(...ports, address, data);
    case "plain udp": {
      const datagram = udp(...ports, address, data);
      datagram.set([0, 0], 26);
      return datagram;
    }
    case "dccp":
      return ip({ ...address, protocol: 33, payload: segment.subarray(20) });
    case "ping":
    case "pong":
      return icmp(kind === "ping" ? 8 : 0, [port >> 8, port & 255, 0, 1], address);
    case "error": {
      const lost = udp(port, 53, { src: `1.0.0.${near}`, dst: hosts[1] });
      return icmp(3, [0, 0, 0, 0, ...lost.subarray(0, 28)], { src: "7.7.7.7", dst: `1.0.0.${near}` });
    }
    case "later":
      return ip({ ...address, protocol: 17, fragment: 7, payload: data });
    case "short":
      return ip({ ...address, protocol: 6, payload: segment.subarray(20, 20 + (port % 20)) });
    default:
      return ip({ ...address, protocol: 50, payload: segment.subarray(20) });
  }
}

/** What each kind can do. */
const kinds = {
  IPRewriter: ["pattern 1.0.0.1 5000-5003# - - 0 1", "rr", "pattern p 0 1", "sh"],
  UDPRewriter: ["pattern 1.0.0.1 5000-5003# - - 0 1", "rr", "pattern p 0 1", "keep 0 1"],
  TCPRewriter: ["pattern 1.0.0.1 5000-5003# - - 0 1", "rr", "pattern p 0 1", "sh"],
  IPAddrRewriter: ["pattern 1.0.0.1-1.0.0.2# - 0 1", "pattern 1.0.0.3 - 0 1", "keep 0 1", "rr"],
  IPAddrPairRewriter: ["pattern 1.0.0.1-1.0.0.2# - 0 1", "pattern 1.0.0.3 - 0 1", "keep 0 1"],
  ICMPPingRewriter: ["pattern 1.0.0.1 5000-5999# - - 0 1", "pattern 1.0.0.2 - - - 0 1", "keep 0 1"],
} as const;
const table = (kind: string): string =>
  kind === "IPRewriter" ? "print rw.tcp_table, print rw.udp_table" : "print rw.table";
const named = `IPRewriterPatterns(p 1.0.0.2 5000-5002# - -);
  rr :: RoundRobinIPMapper(1.0.0.1 5000-5001# - - 0 1, 1.0.0.3 - - - 1 0, p 0 1);
  sh :: SourceIPHashMapper(7 3, 1.0.0.1 5000-5002# - - 0 1 0, 1.0.0.2 - - - 0 1 1);`;

describe.skipIf(!CLICK)("beside native Click", () => {
  for (const [kind, specs] of Object.entries(kinds))
    it(`${kind}: packets, mappings, and errors about them`, async () => {
      const show = `print rw.size, print rw.table_size, print rw.mapping_failures, print rw.patterns, ${table(kind)}, print "=="`;
      const then = fc.oneof(
        { weight: 20, arbitrary: fc.constant(undefined) },
        { weight: 3, arbitrary: fc.constant(show) },
        { weight: 1, arbitrary: fc.constantFrom("write rw.clear", "write rw.capacity 2", "write two.capacity 3") },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom<string>(...specs),
          fc.constantFrom("drop", "pass 0", "keep 1 0"),
          fc.record({ capacity: small(1, 6), guarantee: small(0, 6), reap: small(5, 35) }),
          fc.array(fc.tuple(packet, then), { minLength: 5, maxLength: 40, size: "max" }),
          async (first, second, { capacity, guarantee, reap }, steps) => {
            const packets = steps.map(([p, after]) => ({
              bytes: bytesOf(p),
              to: p.kind === "error" ? "errors" : p.kind === "dccp" ? "others" : `in${p.outwards ? 0 : 1}`,
              wait: p.wait,
              ...(after ? { then: after } : {}),
            }));
            const text = `${named}
                rw :: ${kind}(${first}, ${second}, CAPACITY ${capacity}, GUARANTEE ${guarantee}, REAP_INTERVAL ${reap});
                two :: UDPRewriter(keep 0 0, CAPACITY rw, GUARANTEE ${guarantee}, TIMEOUT 20, REAP_INTERVAL 0);
                in0 :: MarkIPHeader(0) -> [0] rw; in1 :: MarkIPHeader(0) -> [1] rw;
                errors :: MarkIPHeader(0) -> ${kind.startsWith("IPAddr") ? "" : "ICMPRewriter(rw) -> "}Print(error, 100) -> Discard;
                others :: MarkIPHeader(0) -> two -> Print(two, 60) -> Discard;
                Idle -> in0; Idle -> in1; Idle -> errors; Idle -> others;
                rw[0] -> Print(o0, 80) -> Discard; rw[1] -> Print(o1, 80) -> Discard;\n${packetScript([...packets.slice(0, -1), { ...packets.at(-1)!, then: show }])}`;
            const expected = native(text);
            const actual = await ours(text);
            const normal = ({ output, chatter }: typeof actual): unknown => [
              output.split("==\n").map((block) => block.split("\n").sort()),
              chatter,
            ];
            if (expected) expect([text, normal(actual)]).toEqual([text, normal(expected)]);
          },
        ),
        runs,
      );
    }, 120_000);
});
