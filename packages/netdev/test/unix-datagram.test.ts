/** Frames as datagrams of UNIX sockets, with a second port and with a QEMU guest's boot ROM. */
import { spawn } from "node:child_process";
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAttachment, openUnixDatagrams } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import type { Port } from "@clickos/vale";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { deliver, frame, joined, take, until } from "./ports.ts";
import { noProgram } from "./system.ts";

const dir = mkdtempSync(join(tmpdir(), "dgram-"));
afterAll(() => rmSync(dir, { recursive: true }));
const undo: (() => unknown)[] = [];
afterEach(() => {
  for (const each of undo.splice(0).reverse()) each();
});
function kept<P extends Port>(port: P): P {
  undo.push(() => port.detached?.());
  return port;
}
let count = 0;
const path = (): string => join(dir, String(count++));
function pair() {
  const [a, b] = [path(), path()];
  return [
    kept(openUnixDatagrams(b, { local: a, mtu: 9000 })),
    kept(openUnixDatagrams(a, { local: b, mtu: 9000 })),
  ] as const;
}

const why = process.platform === "linux" ? undefined : "needs Linux";
describe.skipIf(why)(`UNIX datagrams${why ? ` (skipped: ${why})` : ""}`, () => {
  for (const check of portCompliance({
    mayLose: true,
    async open() {
      const [a, b] = pair();
      return { ...joined(a, b), close: () => b.detached?.() };
    },
  }))
    it(check.name, check.run);

  it("may have a peer that comes later, goes, and comes again", async () => {
    const [here, there] = [path(), path()];
    const port = kept(openUnixDatagrams(there, { local: here }));
    expect(port.problem).toBeUndefined();
    deliver(port, frame(1));
    expect([port.problem, port.drops]).toEqual([`nobody receives at ${there}`, { "nobody is connected": 1 }]);
    for (const n of [2, 3]) {
      const peer = openUnixDatagrams(here, { local: there });
      deliver(port, frame(n), frame(n, 2033));
      await until(() => peer.poll());
      expect([take(peer), port.problem, peer.drops]).toEqual([
        [frame(n)],
        undefined,
        { "longer than the port carries": 1 },
      ]);
      peer.detached?.();
      expect(existsSync(there)).toBe(false);
    }
  });

  it("have a socket that is its owner's, and take nobody else's place", async () => {
    const [a, b] = [path(), path()];
    kept(openUnixDatagrams(b, { local: a }));
    expect(statSync(a).mode & 0o777).toBe(0o600);
    expect(() => openUnixDatagrams(b, { local: a })).toThrow(expect.objectContaining({ code: "IN_USE" }));
    const [file, server] = [path(), path()];
    writeFileSync(file, "a file");
    expect(() => openUnixDatagrams(b, { local: file })).toThrow(/no socket/);
    const listening = createServer();
    undo.push(() => listening.close());
    await new Promise<void>((resolve) => listening.listen(server, resolve));
    expect(() => openUnixDatagrams(b, { local: server })).toThrow(expect.objectContaining({ code: "IN_USE" }));
    expect(() => openUnixDatagrams(b, { local: join(dir, "no", "folder") })).toThrow(/no such folder/);
    expect(() => openUnixDatagrams("x".repeat(108), { local: path() })).toThrow(/1 to 107 bytes/);
    expect(() => openUnixDatagrams(b, { local: path(), mtu: 1 })).toThrow(RangeError);
  });

  it("replace a socket that nobody receives at", () => {
    const [a, b] = [path(), path()];
    const former = openUnixDatagrams(b, { local: `${a}.former` });
    // Another name of its socket, which stays when it goes.
    linkSync(`${a}.former`, a);
    former.detached?.();
    kept(openUnixDatagrams(b, { local: a }));
  });

  const noGuest = noProgram("qemu-system-x86_64");
  it.skipIf(noGuest)(`join a QEMU guest${noGuest ? ` (skipped: ${noGuest})` : ""}`, { timeout: 60_000 }, async () => {
    const [here, there] = [path(), path()];
    const text = `dgram:${there},local=${here}`;
    const port = kept(await openAttachment(text));
    const socket = (which: string, at: string): string => `${which}.type=unix,${which}.path=${at}`;
    const words = [
      "-M",
      "pc",
      "-m",
      "64",
      "-display",
      "none",
      "-nodefaults",
      "-boot",
      "n",
      "-device",
      "e1000,netdev=n,mac=52:54:00:00:00:0a",
    ];
    const netdev = `dgram,id=n,${socket("local", there)},${socket("remote", here)}`;
    const qemu = spawn("qemu-system-x86_64", [...words, "-netdev", netdev], { stdio: "ignore" });
    undo.push(() => qemu.kill("SIGKILL"));
    const seen: Uint8Array[] = [];
    const heard = async (is: (bytes: Uint8Array) => boolean): Promise<Uint8Array> => {
      await until(() => {
        seen.push(...take(port));
        return seen.some(is);
      }, 50_000);
      return seen.find(is) as Uint8Array;
    };
    // Its boot ROM asks for an address, and for the Ethernet address of whom it is told is the gateway.
    const discover = await heard((f) => f.length > 282 && f[36] === 0 && f[37] === 67);
    expect([...discover.subarray(6, 12)]).toEqual([0x52, 0x54, 0, 0, 0, 0x0a]);
    deliver(port, offerFor(discover));
    const request = await heard((f) => f.length > 282 && f[37] === 67 && dhcpType(f) === 3);
    expect(request.length).toBeGreaterThan(282);
  });
});

/** The message type of a DHCP message, option 53. */
function dhcpType(bytes: Uint8Array): number | undefined {
  for (
    let at = 282;
    at + 2 < bytes.length && bytes[at] !== 255;
    at += bytes[at] === 0 ? 1 : 2 + (bytes[at + 1] as number)
  )
    if (bytes[at] === 53) return bytes[at + 2];
  return undefined;
}

/** A DHCP offer of 10.0.0.100 by 10.0.0.1 (RFC 2131), to all stations, without a checksum of UDP. */
function offerFor(discover: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(342);
  const view = new DataView(bytes.buffer);
  bytes.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 0, 0x45]);
  view.setUint16(16, bytes.length - 14);
  bytes.set([64, 17], 22);
  bytes.set([10, 0, 0, 1, 255, 255, 255, 255], 26);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(24, ~sum & 0xffff);
  view.setUint16(34, 67);
  view.setUint16(36, 68);
  view.setUint16(38, bytes.length - 34);
  bytes.set([2, 1, 6], 42);
  bytes.set(discover.subarray(46, 50), 46);
  bytes.set([10, 0, 0, 100], 58);
  bytes.set([10, 0, 0, 1], 62);
  bytes.set(discover.subarray(70, 86), 70);
  bytes.set(
    [0x63, 0x82, 0x53, 0x63, 53, 1, 2, 54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 1, 0, 1, 4, 255, 255, 255, 0, 255],
    278,
  );
  return bytes;
}
