/** DHCPServer: what hosts are answered, leases, and what is dropped. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { internetChecksum } from "@clickos/wire/checksum";
import {
  dhcp,
  dhcpAddressOption,
  dhcpByteOption,
  dhcpCookie,
  dhcpMessages,
  dhcpNames,
  dhcpOptions,
  dhcpPorts,
  dhcpOptionKinds as kinds,
} from "@clickos/wire/dhcp";
import { broadcastAddress, ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const serverAddress = 0x0a000001;
const first = 0x0a000064;
const ether = Uint8Array.of(2, 0, 0, 0, 0, 1);
const host = (n: number): Uint8Array => Uint8Array.of(2, 0, 0, 1, n >> 8, n & 255);
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

interface Message {
  readonly type: number;
  readonly from: Uint8Array;
  readonly requested?: number;
  readonly server?: number;
  readonly current?: number;
  readonly broadcast?: number;
  readonly relay?: number;
  readonly options?: readonly Uint8Array[];
}

function frameOf({ type, from, requested, server, current = 0, broadcast = 0, relay = 0, options = [] }: Message) {
  const message = join(
    dhcp.bytes({
      op: 1,
      transaction: 0xcafe,
      broadcast,
      clientAddress: current,
      relayAddress: relay,
      clientHardware: from,
    }),
    new Uint8Array(dhcpNames.size),
    dhcpCookie.bytes(),
    dhcpByteOption.bytes({ value: type }),
    ...options,
    ...(requested === undefined ? [] : [dhcpAddressOption.bytes({ kind: kinds.requestedAddress, value: requested })]),
    ...(server === undefined ? [] : [dhcpAddressOption.bytes({ kind: kinds.server, value: server })]),
    Uint8Array.of(kinds.end),
  );
  const totalLength = ipv4.size + udp.size + message.length;
  const ip = ipv4.bytes({ totalLength, ttl: 64, protocol: ipProtocols.udp, destination: 0xffffffff });
  ipv4.view(ip).checksum = internetChecksum(ip);
  return join(
    ethernet.bytes({ destination: broadcastAddress, source: from, etherType: etherTypes.ip }),
    ip,
    udp.bytes({ sourcePort: dhcpPorts.client, destinationPort: dhcpPorts.server, length: udp.size + message.length }),
    message,
  );
}

/** An answer, its checksum and lengths looked at. */
function read(frame: Uint8Array) {
  const link = ethernet.view(frame);
  const ip = ipv4.view(frame, ethernet.size);
  expect(internetChecksum(frame.slice(ethernet.size, ethernet.size + ipv4.size))).toBe(0);
  expect([ip.totalLength, ip.source, link.source]).toEqual([frame.length - ethernet.size, serverAddress, ether]);
  const datagram = udp.view(frame, ethernet.size + ipv4.size);
  expect([datagram.sourcePort, datagram.destinationPort, datagram.length]).toEqual([67, 68, ip.totalLength - 20]);
  const at = ethernet.size + ipv4.size + udp.size;
  const header = dhcp.view(frame, at);
  const { options, malformedAt } = dhcpOptions.read(frame.subarray(at + dhcp.size + dhcpNames.size + dhcpCookie.size));
  expect([header.op, header.transaction, malformedAt]).toEqual([2, 0xcafe, undefined]);
  const values = new Map(options.map(({ kind, value }) => [kind, Buffer.from(value).toString("hex")]));
  return {
    to: link.destination,
    toIp: ip.destination,
    type: Number.parseInt(values.get(kinds.messageType) ?? "", 16),
    address: header.yourAddress,
    host: header.clientHardware,
    nextServer: header.serverAddress,
    file: Buffer.from(frame.subarray(at + dhcp.size + dhcpNames.serverName, at + dhcp.size + dhcpNames.size))
      .toString("latin1")
      .replace(/\0+$/, ""),
    options: values,
  };
}

async function serve(configuration = "COUNT 3") {
  const time = { now: 1_000_000_000_000n };
  const router = await Router.compile(
    `FromDevice(0) -> d :: DHCPServer(10.0.0.1, 2:0:0:0:0:1, 10.0.0.100, ${configuration}) -> ToDevice(0); d [1] -> ToDevice(1);`,
    { elements, clock: () => time.now },
  );
  const ask = (message: Message | Uint8Array) => {
    router.device(0).send([message instanceof Uint8Array ? message : frameOf(message)]);
    router.run();
    const [answer] = router.device(0).receive();
    return answer ? read(answer) : undefined;
  };
  /** Discovers and requests; the address. */
  const obtain = (n: number): number | undefined => {
    const offer = ask({ type: dhcpMessages.discover, from: host(n) });
    if (!offer) return undefined;
    expect(offer.type).toBe(dhcpMessages.offer);
    const got = ask({ type: dhcpMessages.request, from: host(n), requested: offer.address, server: serverAddress });
    expect([got?.type, got?.address]).toEqual([dhcpMessages.ack, offer.address]);
    return offer.address;
  };
  const drops = () => Object.fromEntries(router.drops().map(({ reason, count }) => [reason, count]));
  return { router, time, ask, obtain, drops };
}

describe("DHCPServer", () => {
  it("offers an address and gives it, with what the host is to know", async () => {
    const { ask, router } = await serve(
      'COUNT 3, DNS 8.8.8.8, DOMAIN "example.org", LEASE 1min, NEXT_SERVER 10.0.0.9, FILENAME "boot.ipxe"',
    );
    const offer = ask({ type: dhcpMessages.discover, from: host(1) });
    expect(offer).toMatchObject({
      to: host(1),
      toIp: 0xffffffff,
      type: dhcpMessages.offer,
      address: first,
      host: host(1),
      nextServer: 0x0a000009,
      file: "boot.ipxe",
    });
    expect(Object.fromEntries(offer?.options ?? [])).toEqual({
      [kinds.messageType]: "02",
      [kinds.server]: "0a000001",
      [kinds.subnetMask]: "ffffff00",
      [kinds.router]: "0a000001",
      [kinds.nameServer]: "08080808",
      [kinds.domainName]: Buffer.from("example.org").toString("hex"),
      [kinds.bootFile]: Buffer.from("boot.ipxe").toString("hex"),
      [kinds.leaseTime]: "0000003c",
      [kinds.renewalTime]: "0000001e",
      [kinds.rebindingTime]: "00000034",
    });
    const ack = ask({
      type: dhcpMessages.request,
      from: host(1),
      requested: first,
      server: serverAddress,
      broadcast: 1,
    });
    expect(ack).toMatchObject({ to: broadcastAddress, toIp: 0xffffffff, type: dhcpMessages.ack, address: first });
    expect([router.read("d.leases"), router.read("d.count")]).toEqual(["10.0.0.100 02-00-00-01-00-01 60\n", "1"]);
  });

  it("renews a lease, answering the host at its address", async () => {
    const { ask, obtain, time, router } = await serve("COUNT 3, LEASE 100s");
    expect(obtain(1)).toBe(first);
    time.now += 60_000_000_000n;
    const renewed = ask({ type: dhcpMessages.request, from: host(1), current: first });
    expect(renewed).toMatchObject({ type: dhcpMessages.ack, address: first, toIp: first, to: host(1) });
    expect(router.read("d.leases")).toContain(" 100\n");
  });

  it("gives each host an address of its own, the same when it comes back, and another's when that is over", async () => {
    const { obtain, time, drops } = await serve("COUNT 3, LEASE 100s");
    expect([1, 2, 3, 4, 1].map(obtain)).toEqual([first, first + 1, first + 2, undefined, first]);
    expect(drops()).toEqual({ "no address is free": 1 });
    time.now += 50_000_000_000n;
    obtain(3);
    time.now += 60_000_000_000n;
    // The first that was given up comes first; a host that is back has its own while nobody took it.
    expect([obtain(4), obtain(2), obtain(1)]).toEqual([first, first + 1, undefined]);
  });

  it("refuses what a host may not have, and lets those that chose another server go", async () => {
    const { ask, obtain, drops, router } = await serve("COUNT 3");
    obtain(1);
    for (const message of [
      { from: host(2), requested: first },
      { from: host(1), requested: first + 1 },
      { from: host(2), requested: 0x0b000001 },
      { from: host(2), current: first - 1 },
    ])
      expect(ask({ type: dhcpMessages.request, ...message })).toMatchObject({
        type: dhcpMessages.nak,
        address: 0,
        nextServer: 0,
        to: broadcastAddress,
      });
    // From before this server began.
    expect(ask({ type: dhcpMessages.request, from: host(5), requested: first + 2 })?.type).toBe(dhcpMessages.ack);
    ask({ type: dhcpMessages.discover, from: host(6) });
    expect(ask({ type: dhcpMessages.request, from: host(6), requested: first + 1, server: 9 })).toBe(undefined);
    expect([router.read("d.count"), drops()]).toEqual(["2", { "for another server": 1 }]);
  });

  it("takes addresses back, and leaves out those that are in use", async () => {
    const { ask, obtain, router, time } = await serve("COUNT 2, LEASE 100s");
    obtain(1);
    obtain(2);
    ask({ type: dhcpMessages.release, from: host(1), current: first });
    expect(obtain(3)).toBe(first);
    ask({ type: dhcpMessages.decline, from: host(2), requested: first + 1, server: serverAddress });
    expect(router.read("d.leases")).toContain("10.0.0.101 declined 100\n");
    expect(obtain(4)).toBe(undefined);
    time.now += 101_000_000_000n;
    expect([obtain(4), obtain(5)]).toEqual([first, first + 1]);
  });

  it("tells hosts that have an address the rest", async () => {
    const { ask, router } = await serve("ROUTER 0.0.0.0");
    const told = ask({ type: dhcpMessages.inform, from: host(1), current: 0x0a000007 });
    expect(told).toMatchObject({ type: dhcpMessages.ack, address: 0, toIp: 0x0a000007 });
    expect([told?.options.has(kinds.leaseTime), told?.options.has(kinds.router), router.read("d.count")]).toEqual([
      false,
      false,
      "0",
    ]);
  });

  it("passes on what is no DHCP request, and counts what is malformed or passed on by a relay", async () => {
    const { ask, drops, router } = await serve();
    const good = frameOf({ type: dhcpMessages.discover, from: host(1) });
    const changed = (at: number, ...bytes: number[]): Uint8Array => {
      const frame = good.slice();
      frame.set(bytes, at);
      return frame;
    };
    const others = [
      good.slice(0, 20),
      changed(12, 8, 6),
      changed(14, 0x65),
      changed(23, 6),
      changed(36, 0, 68),
      good.slice(0, 60),
    ];
    for (const frame of others) expect(ask(frame)).toBe(undefined);
    expect(router.device(1).receive()).toEqual(others);
    const bad = [
      changed(42, 2),
      changed(43, 6),
      changed(44, 8),
      changed(42 + 236, 0),
      changed(42 + 240, 53, 200),
      changed(42 + 242, 9),
    ];
    for (const frame of bad) expect(ask(frame)).toBe(undefined);
    ask({ type: dhcpMessages.discover, from: host(1), relay: 7 });
    expect(drops()).toEqual({ "malformed DHCP message": bad.length, "passed on by a relay": 1 });
    expect(ask(changed(42 + 242, 1))?.type).toBe(dhcpMessages.offer);
  });

  it("says what is wrong with its arguments", async () => {
    const wrong = (text: string) =>
      Router.compile(`Idle -> DHCPServer(10.0.0.1, 2:0:0:0:0:1, ${text}) -> Discard;`, { elements });
    for (const [text, message] of [
      ["10.0.0.100, COUNT 0", "COUNT must be between 1 and 1024"],
      ["10.0.0.100, COUNT 1025", "COUNT must be between"],
      ["255.255.255.0, COUNT 257", "beyond 255.255.255.255"],
      ["10.0.0.1", "SERVER is one of the addresses"],
      ["10.0.0.2, LEASE 0.5", "LEASE must be between"],
      [`10.0.0.2, FILENAME ${"x".repeat(128)}`, "FILENAME has more than 127 bytes"],
      [`10.0.0.2, DOMAIN ${"x".repeat(256)}`, "DOMAIN has more than 255 bytes"],
    ] as const)
      await expect(wrong(text), text).rejects.toThrow(message);
  });

  it("never gives an address to two hosts at a time", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ n: fc.nat(6), what: fc.nat(4), at: fc.nat(5), wait: fc.constantFrom(0, 1, 20, 60) }), {
          maxLength: 60,
        }),
        async (steps) => {
          const { ask, time } = await serve("COUNT 4, LEASE 50s");
          const held = new Map<number, { n: number; until: bigint }>();
          for (const { n, what, at, wait } of steps) {
            time.now += BigInt(wait) * 1_000_000_000n;
            const address = first + at;
            const type = [1, 3, 3, 7, 1][what] as number;
            const answer = ask({ type, from: host(n), requested: address });
            const mine = held.get(address);
            if (type === dhcpMessages.release && mine?.n === n) held.delete(address);
            if (answer?.type !== dhcpMessages.ack) continue;
            const other = held.get(answer.address);
            if (other && other.n !== n) expect(other.until).toBeLessThanOrEqual(time.now);
            expect(answer.address - first).toBeLessThan(4);
            held.set(answer.address, { n, until: time.now + 50_000_000_000n });
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
