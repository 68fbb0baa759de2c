/** UDP and VXLAN tunnels, with a second port, strangers, and the kernel's VXLAN device. */
import { createSocket } from "node:dgram";
import { type DatagramPort, openTap, openUdp, openVxlan } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import { runLoop } from "@clickos/run-loop";
import { createSwitch, type Port } from "@clickos/vale";
import { afterEach, describe, expect, it } from "vitest";
import { frame, joined, take, until } from "./ports.ts";
import { inside, noNetwork, run, sh, uniqueName } from "./system.ts";

const host = "127.0.0.1";
const undo: (() => unknown)[] = [];
afterEach(() => {
  for (const each of undo.splice(0).reverse()) each();
});
function kept<P extends Port>(port: P): P {
  undo.push(() => port.detached?.());
  return port;
}
/** A UDP port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
async function pair(open: (local: number, peer: number) => Promise<DatagramPort>) {
  const [a, b] = [await freePort(), await freePort()];
  return [kept(await open(a, b)), kept(await open(b, a))] as const;
}
const udpPair = () => pair((port, peer) => openUdp({ host, port: peer }, { local: { host, port }, mtu: 9000 }));
const vxlanPair = () =>
  pair((port, peer) => openVxlan({ host, port: peer }, { id: 77, local: { host, port }, mtu: 9000 }));

describe.each([
  ["UDP", udpPair],
  ["VXLAN", vxlanPair],
])("a tunnel over %s", (_name, open) => {
  for (const check of portCompliance({
    mayLose: true,
    async open() {
      const [a, b] = await open();
      return { ...joined(a, b), close: () => b.detached?.() };
    },
  }))
    it(check.name, check.run);

  it("takes nothing from strangers, and counts them", async () => {
    const [a] = await open();
    const stranger = createSocket("udp4");
    undo.push(() => stranger.close());
    stranger.bind(0, "127.0.0.2");
    await new Promise((resolve) => stranger.once("listening", resolve));
    stranger.send(frame(1, 100), a.local.port, host);
    await until(() => Object.keys(a.drops ?? {}).length > 0);
    expect([take(a), a.drops]).toEqual([[], { "from somebody else than the peer": 1 }]);
  });
});

describe("a VXLAN tunnel", () => {
  it("takes what has its header and its number, from any port of the peer", async () => {
    const port = kept(await openVxlan({ host, port: 4789 }, { id: 0x123456, local: { host, port: 0 } }));
    const peer = createSocket("udp4");
    undo.push(() => peer.close());
    const header = (flags: number, vni: number): number[] => [
      flags,
      0xff,
      0xff,
      0xff,
      vni >> 16,
      (vni >> 8) & 255,
      vni & 255,
      0xff,
    ];
    const send = (...bytes: number[]): void => peer.send(Uint8Array.from(bytes), port.local.port, host);
    send();
    send(8, 0, 0);
    send(...header(0, 0x123456), ...frame(1));
    send(...header(8, 0x123457), ...frame(2));
    send(...header(8, 0x123456), ...frame(3, 2033));
    send(...header(0xff, 0x123456), ...frame(4));
    await until(() => port.poll());
    expect(take(port)).toEqual([frame(4)]);
    expect(port.drops).toEqual({
      "malformed framing": 3,
      "of another segment": 1,
      "longer than the port carries": 1,
    });
    await expect(openVxlan({ host }, { id: 1 << 24 })).rejects.toMatchObject({ code: "BAD_SPECIFICATION" });
  });
});

it("tunnels say what is wrong", async () => {
  const [a] = await udpPair();
  await expect(openUdp({ host, port: 9 }, { local: a.local })).rejects.toMatchObject({ code: "IN_USE" });
  await expect(openUdp({ host, port: 9 }, { local: { host: "192.0.2.1" } })).rejects.toMatchObject({
    code: "NO_DEVICE",
  });
  await expect(openUdp({ host: "no.such.host.invalid", port: 9 })).rejects.toMatchObject({ code: "NO_DEVICE" });
  await expect(openUdp({ host, port: 9 }, { mtu: 1 })).rejects.toThrow(RangeError);
});

const why = noNetwork();
it.skipIf(why)(
  `a VXLAN tunnel joins the kernel's device and a TAP device${why ? ` (skipped: ${why})` : ""}`,
  async () => {
    const [space, near, far, tap] = [uniqueName("cns"), uniqueName("cov"), uniqueName("cov"), uniqueName("cot")];
    const id = process.pid & 0xff;
    const [under, over] = [`10.231.${id}`, `10.232.${id}`];
    sh("ip", "netns", "add", space);
    undo.push(() => sh("ip", "netns", "del", space));
    sh("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", space);
    sh("ip", "addr", "add", `${under}.1/24`, "dev", near);
    sh("ip", "link", "set", near, "up");
    inside(space, "ip", "addr", "add", `${under}.2/24`, "dev", far);
    inside(space, "ip", "link", "set", far, "up");
    const device = ["type", "vxlan", "id", "42", "local", `${under}.2`, "remote", `${under}.1`, "dstport", "4789"];
    inside(space, "ip", "link", "add", "vx", ...device);
    inside(space, "ip", "addr", "add", `${over}.2/24`, "dev", "vx");
    inside(space, "ip", "link", "set", "vx", "up");

    const sw = createSwitch();
    const ports = [
      await openVxlan({ host: `${under}.2` }, { id: 42, name: "vxlan" }),
      openTap(tap, {
        address: { address: Number.parseInt(`0ae8${id.toString(16).padStart(2, "0")}01`, 16), prefix: 24 },
      }),
    ];
    for (const port of ports) sw.attach(port);
    const abort = new AbortController();
    const loop = runLoop([sw], { signal: abort.signal });
    undo.push(() => abort.abort());
    const ping = await run("ip", "netns", "exec", space, "ping", "-c", "5", "-i", "0.05", "-s", "1200", `${over}.1`);
    abort.abort();
    await loop;
    for (const port of ports) sw.detach(port);
    expect(ping).toMatch(/5 packets transmitted, 5 received/);
  },
);
