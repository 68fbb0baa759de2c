/** FromHost and ToHost: packets of a device that the host has. */
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

describe("devices that nobody plays to", () => {
  it.each([
    ["FromDevice(eth0) -> Discard", "eth0: SIOCGIFINDEX: No such device"],
    ["Idle -> ToDevice(1)", "1: SIOCGIFINDEX: No such device"],
    ["FromHost(0) -> Discard", "open /dev/net/tun: No such device"],
  ])("%s", (text, message) => expect(() => Router.compileSync(text, { elements, devices: false })).toThrow(message));
});
