/** TAP devices and packet sockets: each is the other's far end, with the kernel between them. */
import { writeFileSync } from "node:fs";
import { openPacketSocket, openTap } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import { afterEach, describe, expect, it } from "vitest";
import { joined, take } from "./ports.ts";
import { noNetwork, sh, uniqueName } from "./system.ts";

const why = noNetwork();
const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0).reverse()) each();
});

/** The kernel lets frames have a VLAN tag beyond the MTU, and nothing else. */
const longest = 9014;

/** An interface on which the kernel says nothing of its own, a port at both of its ends. */
function ends() {
  const name = uniqueName("cot");
  sh("ip", "tuntap", "add", "dev", name, "mode", "tap");
  writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, "1");
  const tap = openTap(name, { mtu: 9000 });
  const socket = openPacketSocket(name);
  const close = (): void => {
    for (const port of [tap, socket]) port.detached?.();
    sh("ip", "link", "del", name);
  };
  return { tap, socket, close };
}

describe.skipIf(why)(`a TAP device as a port${why ? ` (skipped: ${why})` : ""}`, () => {
  const open = () => {
    const { tap, socket, close } = ends();
    return { ...joined(tap, socket), close };
  };
  for (const check of portCompliance({ open, longest })) it(check.name, check.run);
});

describe.skipIf(why)(`a packet socket as a port${why ? ` (skipped: ${why})` : ""}`, () => {
  const open = () => {
    const { tap, socket, close } = ends();
    return { ...joined(socket, tap), close };
  };
  // The interface's queue to the TAP device's end has 500 places.
  for (const check of portCompliance({ open, longest, mayLose: true })) it(check.name, check.run);
});

describe.skipIf(why)(`a TAP device${why ? ` (skipped: ${why})` : ""}`, () => {
  it("has the address, MTU and Ethernet address that it was given, and goes with its port", () => {
    const name = uniqueName("cot");
    const port = openTap(name, {
      address: { address: 0x0a0b0c01, prefix: 24 },
      mtu: 9000,
      mac: Uint8Array.of(2, 0, 0, 0, 0, 9),
    });
    expect(sh("ip", "addr", "show", "dev", name)).toMatch(/mtu 9000.*02:00:00:00:00:09.*inet 10\.11\.12\.1\/24/s);
    expect(port.frameLimit).toBe(9018);
    port.detached?.();
    expect(() => sh("ip", "link", "show", "dev", name)).toThrow();
  });

  it("stays where it is to persist", () => {
    const name = uniqueName("cot");
    openTap(name, { persist: true }).detached?.();
    undo.push(() => sh("ip", "link", "del", name));
    expect(sh("ip", "link", "show", "dev", name)).toContain(name);
    openTap(name).detached?.();
    expect(sh("ip", "link", "show", "dev", name)).toContain(name);
  });

  it("says what is wrong", () => {
    const name = uniqueName("cot");
    const port = openTap(name);
    undo.push(() => port.detached?.());
    expect(() => openTap(name)).toThrow(expect.objectContaining({ code: "IN_USE" }));
    expect(() => openTap("lo")).toThrow(expect.objectContaining({ code: "IN_USE" }));
    expect(() => openTap("a name")).toThrow(expect.objectContaining({ code: "BAD_SPECIFICATION" }));
    expect(() => openTap(uniqueName("cot"), { mtu: 3 })).toThrow(RangeError);
  });

  it("survives that somebody deletes it", () => {
    const name = uniqueName("cot");
    const port = openTap(name);
    undo.push(() => port.detached?.());
    sh("ip", "link", "del", name);
    for (let i = 0; i < 5; i++) take(port);
    expect([port.poll(), port.problem]).toEqual([null, "the interface is gone"]);
    expect(Object.keys(port.drops ?? {})).toEqual(["receiving: EBADFD"]);
  });
});
