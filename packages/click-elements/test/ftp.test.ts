/** FTPPortMapper, and the sequence numbers of TCP flows whose lengths it changes. */
import type { Router } from "@clickos/click-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, make, pass, tcp, transportSum } from "./packets.ts";

const client = { src: "10.0.0.5", dst: "8.8.8.8" };
const server = { src: "8.8.8.8", dst: "1.0.0.1" };
const gateway = (control: string, data = "rw"): string => `
  FromDevice(0) -> MarkIPHeader -> FTPPortMapper(rw, ${data}, 0) -> [0] rw :: ${control};
  FromDevice(1) -> MarkIPHeader -> [1] rw; rw[0] -> ToDevice(1); rw[1] -> ToDevice(0);`;
const rewriter = "TCPRewriter(pattern 1.0.0.1 50000-50999# - - 0 1, drop)";
const text = (of: string): Uint8Array => new TextEncoder().encode(of);

interface Numbers {
  readonly seq?: number;
  readonly ack?: number;
  readonly options?: readonly number[];
}
/** A segment with these numbers and options. */
function segment(
  [sport, dport]: readonly [number, number],
  address: { src: string; dst: string },
  { seq = 0, ack = 0, options = [] }: Numbers,
  data: Uint8Array = new Uint8Array(),
): Uint8Array {
  const packet = tcp(sport, dport, 24, address, Uint8Array.from([...options, ...data]));
  const view = new DataView(packet.buffer);
  view.setUint32(24, seq);
  view.setUint32(28, ack);
  packet[32] = ((20 + options.length) / 4) << 4;
  view.setUint16(36, 0);
  view.setUint16(36, transportSum(packet));
  return packet;
}
const fields = (p: Uint8Array): { seq: number; ack: number; data: string } => {
  const view = new DataView(p.buffer, p.byteOffset);
  return {
    seq: view.getUint32(24),
    ack: view.getUint32(28),
    data: new TextDecoder().decode(p.subarray(20 + (p[32]! >> 4) * 4)),
  };
};
const right = (p: Uint8Array): boolean =>
  checksum(p.subarray(0, 20)) === 0 && transportSum(p) === 0 && ((p[2]! << 8) | p[3]!) === p.length;

const out = (router: Router, numbers: Numbers, data = ""): Uint8Array =>
  pass(router, [segment([1234, 21], client, numbers, text(data))])[1]![0]!;
const back = (router: Router, numbers: Numbers, port = 50_000): Uint8Array =>
  pass(router, [segment([21, port], server, numbers, text("ok"))], 1)[0]![0]!;

describe("FTPPortMapper", () => {
  it.each([rewriter, rewriter.replace("TCPRewriter", "IPRewriter")])(
    "puts the server's view of the client into the command, and the data connection gets through: %s",
    async (control) => {
      using router = await make(gateway(control), { clock: () => 1n });
      out(router, { seq: 99 });
      const sent = out(router, { seq: 100, ack: 7 }, "PORT 10,0,0,5,4,210\r\n");
      expect([fields(sent), right(sent)]).toEqual([{ seq: 100, ack: 7, data: "PORT 1,0,0,1,195,81\r\n" }, true]);
      const data = tcp(20, 195 * 256 + 81, 2, server);
      const [opened] = pass(router, [data], 1)[0] as [Uint8Array];
      expect([opened.subarray(16, 20).join("."), (opened[22]! << 8) | opened[23]!, right(opened)]).toEqual([
        "10.0.0.5",
        4 * 256 + 210,
        true,
      ]);
      const line = router.read(`rw.${control.startsWith("TCP") ? "" : "tcp_"}table`);
      expect(line).toContain("(10.0.0.5, 1234, 8.8.8.8, 21) => (1.0.0.1, 50000, 8.8.8.8, 21) [*0 1]");
    },
  );

  it("leaves what is no command, no segment or no known connection as it is", async () => {
    using router = await make(gateway(rewriter), { clock: () => 1n });
    const unknown = fields(out(router, { seq: 100 }, "PORT 10,0,0,5,4,210\r\n"));
    expect(unknown.data).toBe("PORT 10,0,0,5,4,210\r\n");
    for (const command of ["USER me\r\n", "PORT 1,2,3\r\n", "PORT 1,2,3,4,5,6", "PORT 1,2,3,4,5,300\r\n", "P", ""])
      expect(fields(out(router, { seq: 100 }, command)).data).toBe(command);
    expect(router.read("rw.size")).toBe("1");
    const cut = segment([1234, 21], client, {}, text("PORT 1,2,3,4,5,6\r\n"));
    cut[32] = 0xf0;
    pass(router, [cut, cut.subarray(0, 33), cut.subarray(0, 21), Uint8Array.of(0x45)]);
  });

  it("is not shaken by any bytes", async () => {
    using router = await make(gateway(rewriter), { clock: () => 1n });
    out(router, { seq: 99 });
    const command = segment(
      [1234, 21],
      client,
      { seq: 100, options: [1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9] },
      text("PORT 10,0,0,5,4,210\r\n"),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 6 }), fc.nat(90), (changes, cut) => {
        const bytes = command.slice();
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        pass(router, [bytes.subarray(0, bytes.length - (cut % bytes.length))]);
      }),
      { numRuns: 300 },
    );
  });

  it("sequence numbers, acknowledgments and selective ones follow all changes of length", async () => {
    /** What was sent so far: where the client has each command, and what was added up to there. */
    const command = fc.record({
      port: fc.tuple(fc.nat(255), fc.nat(255)),
      host: fc.constantFrom("10,0,0,5", "1,1,1,1", "100,100,100,100"),
      gap: fc.integer({ min: 0, max: 3000 }),
      probe: fc.integer({ min: 0, max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 1, maxLength: 8 }),
        fc.nat(0xffffffff),
        async (commands, start) => {
          using router = await make(gateway(rewriter), { clock: () => 1n });
          const number = (n: number): number => (start + n) >>> 0;
          out(router, { seq: number(-1) });
          let at = 0;
          let added = 0;
          const changes: { from: number; added: number }[] = [];
          const addedAt = (n: number): number => changes.findLast(({ from }) => n >= from)?.added ?? 0;
          for (const { port, host, gap, probe } of commands) {
            at += gap;
            const given = `PORT ${host},${port.join()}\r\n`;
            const sent = out(router, { seq: number(at) }, given);
            expect([fields(sent).seq, right(sent)]).toEqual([number(at + added), true]);
            added += fields(sent).data.length - given.length;
            at += given.length;
            changes.push({ from: at, added });

            // What was sent before, again; and what the server acknowledges of what it has.
            const again = Math.max(at - probe, 0);
            expect(fields(out(router, { seq: number(again) })).seq).toBe(number(again + addedAt(again)));
            const edges = [again, at + 3, at, at + 9].map((n) => {
              const seen = n + addedAt(n);
              // Where a command got shorter, some numbers are of bytes before and of bytes behind its end: the later count.
              const change = changes.findLast((c) => seen - c.added >= c.from);
              return { is: number(seen - (change?.added ?? 0)), seen: number(seen) };
            });
            const block = edges.slice(2).flatMap(({ seen }) => [24, 16, 8, 0].map((shift) => (seen >>> shift) & 255));
            for (const { is, seen } of edges) {
              const answer = back(router, { ack: seen, options: [1, 1, 5, 10, ...block] });
              expect([fields(answer).ack, right(answer)]).toEqual([is, true]);
              const view = new DataView(answer.buffer, answer.byteOffset + 44);
              expect([view.getUint32(0), view.getUint32(4)]).toEqual([number(at), number(at + 9)]);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("forgets a flow's changes with the flow, and keeps them over a hot swap", async () => {
    using router = await make(gateway(rewriter), { clock: () => 1n });
    out(router, { seq: 99 });
    out(router, { seq: 100 }, "PORT 1,0,0,5,4,2\r\n");
    router.hotswap(`${gateway(rewriter)} Idle -> Discard;`);
    expect(fields(out(router, { seq: 118 })).seq).toBe(121);
    expect(router.read("rw.table")).toContain("seq +3");
    router.write("rw.clear", "");
    expect(fields(out(router, { seq: 118 })).seq).toBe(118);
    expect(router.read("rw.table")).not.toContain("seq");
  });

  it("may take data connections to another rewriter", async () => {
    using router = await make(
      `${gateway(rewriter, "other")} FromDevice(2) -> MarkIPHeader -> other :: IPRewriter(pattern 5.5.5.5 7000-7009# - - 0 0) -> ToDevice(2)`,
      { clock: () => 1n },
    );
    out(router, { seq: 99 });
    expect(fields(out(router, { seq: 100 }, "PORT 10,0,0,5,4,210\r\n")).data).toBe("PORT 5,5,5,5,27,88\r\n");
    expect([router.read("rw.size"), router.read("other.size")]).toEqual(["1", "1"]);
  });
});
