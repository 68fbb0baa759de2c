/** FromHost, ToHost, KernelTun and KernelTap: packets of a device that the host has. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { describe, expect, it } from "vitest";

const problem = (text: string): string => {
  try {
    Router.compileSync(text, { elements, devices: true })[Symbol.dispose]();
    return "";
  } catch (e) {
    return (e as Error).message;
  }
};
const frame = (type: number, length = 60): Uint8Array => {
  const bytes = new Uint8Array(length);
  if (length >= 14) bytes.set([type >> 8, type & 0xff], 12);
  return bytes;
};

describe("FromHost and ToHost", () => {
  it("give the router what the host sends, and the host what the router sends", () => {
    using router = Router.compileSync("FromHost(tap0) -> c :: Counter -> t :: ToHost(tap0)", { elements });
    router.device(0).send([frame(0x0800), frame(0x0806)]);
    router.run();
    expect(router.device(0).receive()).toEqual([frame(0x0800), frame(0x0806)]);
    expect([router.read("c.count"), router.read("t.drops"), router.read("t.dev_name")]).toEqual(["2", "0", "tap0"]);
  });
  it("sort what is not IP, and what is too short for a header, to the second output", () => {
    using router = Router.compileSync(
      "f :: FromHost(0, 10.0.0.1/8); f -> ip :: Counter -> Discard; f [1] -> other :: Counter -> Discard",
      { elements },
    );
    router.device(0).send([frame(0x0800), frame(0x0806), frame(0, 13), frame(0x86dd), frame(0x0800, 14)]);
    router.run();
    expect([router.read("ip.count"), router.read("other.count"), router.read("f.signal")]).toEqual(["2", "3", "true"]);
  });
  it("belong together", () => {
    expect(problem("Idle -> ToHost(tap0)")).toMatch(/ToHost\(tap0\) requires an initialized FromHost/);
    expect(problem("FromHost(tap1) -> Discard; Idle -> ToHost(tap0)")).toMatch(/requires an initialized FromHost/);
    expect(problem("Idle -> ToHost(tap0); FromHost(tap0) -> Discard")).toBe("");
  });
  it("check what sets up the host's end", () => {
    expect(problem("FromHost(0, 10.0.0.1/8, GATEWAY 11.0.0.1) -> Discard")).toMatch(/bad GATEWAY/);
    expect(problem("FromHost(0, HEADROOM 9000) -> Discard")).toMatch(/HEADROOM too large/);
    expect(problem("FromHost(tap) -> Discard")).toMatch(/'tap' is not a device number/);
  });
});

describe("KernelTun and KernelTap", () => {
  const packet = (version: number, length = 40): Uint8Array => {
    const bytes = new Uint8Array(length);
    bytes.set([(version << 4) | 5, 0, 0, length]);
    return bytes;
  };
  const framed = (payload: Uint8Array, type = 0x0800): Uint8Array => Uint8Array.of(...frame(type, 14), ...payload);
  const sent = (payload: Uint8Array, type = 0x0800): Uint8Array =>
    Uint8Array.of(0, 1, 2, 3, 4, 5, 2, 0, 0, 0, 0, 0, type >> 8, type & 0xff, ...payload);

  it("KernelTun gives IP packets and takes them, others leave on output 1", () => {
    using router = Router.compileSync(
      `t :: KernelTun(1.0.0.1/8, BURST 2); t -> ip :: Counter -> ToDevice(1); t [1] -> other :: Counter -> Discard;
       FromDevice(2) -> MarkIPHeader(14) -> t`,
      { elements },
    );
    const packets = [packet(4), packet(6), packet(4, 19), packet(5), packet(4).fill(0x44, 0, 1)];
    router.device(0).send([...packets.map((p, i) => framed(p, i === 1 ? 0x86dd : 0x0800)), frame(0x0806), frame(0, 5)]);
    router.run();
    expect(router.device(1).receive()).toEqual(packets.slice(0, 2));
    expect(["ip.count", "other.count", "t.packets", "t.dev_name"].map((name) => router.read(name))).toEqual([
      "2",
      "5",
      "7",
      "tun0",
    ]);
    router.device(2).send([framed(packet(4)), framed(packet(6))]);
    router.run();
    expect(router.device(0).receive()).toEqual([sent(packet(4)), sent(packet(6), 0x86dd)]);
  });
  it("KernelTun says which packets it cannot send", () => {
    let said = "";
    using router = Router.compileSync(
      `FromDevice(1) -> MarkIPHeader(14) -> t :: KernelTun(1.0.0.1/8, MTU 50) -> Discard;
       FromDevice(2) -> t`,
      {
        elements,
        chatter: (text) => {
          said += text;
        },
      },
    );
    router.device(1).send([framed(packet(7)), framed(packet(4, 51)), framed(packet(4, 50)), framed(packet(4, 19))]);
    router.device(2).send([framed(packet(4))]);
    router.run();
    expect(router.device(0).receive()).toEqual([sent(packet(4, 50))]);
    expect(said.split("\n").sort()).toEqual([
      "",
      "KernelTun(tun0): no network header",
      "KernelTun(tun0): no network header",
      "KernelTun(tun0): packet larger than MTU (50)",
      "KernelTun(tun0): unknown IP version 7",
    ]);
  });
  it("KernelTap has whole frames, and pulls", () => {
    using router = Router.compileSync(
      "FromDevice(1) -> Queue -> t :: KernelTap(1.0.0.1/8, DEVNAME tap3, MTU 30) -> ToDevice(1)",
      { elements, chatter: () => {} },
    );
    router.device(3).send([frame(0x0800), frame(0x0806, 10)]);
    router.device(1).send([frame(0x0806, 13), frame(0x0806, 44), frame(0x0806, 45)]);
    router.run();
    expect(router.device(1).receive()).toEqual([frame(0x0800), frame(0x0806, 10)]);
    expect(router.device(3).receive()).toEqual([frame(0x0806, 44)]);
  });
});

describe("devices that nobody plays to", () => {
  it.each([
    ["FromDevice(eth0) -> Discard", "eth0: SIOCGIFINDEX: No such device"],
    ["Idle -> ToDevice(1)", "1: SIOCGIFINDEX: No such device"],
    ["FromHost(0) -> Discard", "open /dev/net/tun: No such device"],
    ["KernelTun(1.0.0.1/8) -> Discard", "/dev/net/tun: No such device"],
  ])("%s", (text, message) => expect(() => Router.compileSync(text, { elements, devices: false })).toThrow(message));
});
