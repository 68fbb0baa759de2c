/** Arguments that can be changed while the router runs: a field of the state, its first value and a handler in one line. */
import { Router } from "@clickos/click-core";
import { checkConfiguration } from "@clickos/click-core/compile";
import {
  arg,
  type ElementClass,
  ElementDefinitionError,
  element,
  elementSet,
  emptyScope,
  keyword,
  live,
  positional,
  required,
} from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { u32, u64 } from "@clickos/layout";
import { describe, expect, it } from "vitest";

/** Writes what it has into each packet. */
const Everything = element({
  name: "Everything",
  ports: "1/1",
  processing: "a/a",
  config: {
    COLOR: required(live(arg.u8)),
    OFFSET: positional(live(arg.i32), -1),
    ACTIVE: keyword(live(arg.bool), true),
    DELAY: keyword(live(arg.time), 5n),
    RATE: keyword(live(arg.bandwidth), 7),
    PEER: keyword(live(arg.ipAddress, { handler: "peer_address" }), undefined),
    NET: keyword(live(arg.ipAddressWithPrefix), { address: 1, mask: 0, length: 0 }),
    TO: keyword(live(arg.outputPortOrNone), -1),
    FIXED: keyword(arg.u32, 3),
  },
  prepare: ({ config }) => ({ peer: config.PEER ?? 0x01020304 }),
  state: { writes: u32, last: u64 },
  initial: ({ plan }) => ({ peer: plan.peer }),
  handlers: { writes: { counter: "writes" } },
  action(c, packet, { state, config }) {
    c.if(state.active.get(), () => {
      c.store32(packet.data, state.color.get().add(state.offset.get()).add(config.FIXED));
      c.store64(packet.data, state.delay.get(), 4);
      c.store32(packet.data, state.rate.get(), 12);
      c.store32(packet.data, state.peer.get(), 16);
      c.store32(packet.data, state.net.get(), 20);
      c.store32(packet.data, state.to.get(), 24);
      state.writes.inc();
    });
  },
});
const library = { ...elements, ...elementSet(Everything) };
const compile = (args: string): Router =>
  Router.compileSync(
    `AddressInfo(server 10.0.0.2); o :: { AddressInfo(server 10.9.9.9); input -> x :: Everything(${args}) -> output }; FromDevice(0) -> o -> ToDevice(1)`,
    { elements: library },
  );
function fields(router: Router): unknown[] {
  router.device(0).send([new Uint8Array(60)]);
  router.run();
  const [frame] = router.device(1).receive();
  const data = new DataView(frame!.buffer, frame!.byteOffset);
  return [
    data.getInt32(0, true),
    data.getBigUint64(4, true),
    ...[12, 16, 20].map((at) => data.getUint32(at, true)),
    data.getInt32(24, true),
  ];
}

describe("live arguments", () => {
  it("are fields of the state, with the argument as first value; one that is not given can follow from the others", () => {
    using router = compile("7, 20, DELAY 1s, RATE 8kbps, NET 10.0.0.1/24, TO 0, FIXED 100");
    expect(fields(router)).toEqual([127, 1_000_000_000n, 1000, 0x01020304, 0x0a000001, 0]);
    using other = compile("1, PEER server");
    expect(fields(other)).toEqual([3, 5n, 7, 0x0a090909, 1, -1]);
  });

  it("are handlers, by their names, that show the value as its type is written", () => {
    using router = compile("7, DELAY 1500ms, ACTIVE false");
    const read = (name: string): string => router.read(`o/x.${name}`);
    expect(["color", "offset", "active", "delay", "rate", "peer_address", "net", "to"].map(read)).toEqual([
      "7",
      "-1",
      "false",
      "1.5",
      "7",
      "1.2.3.4",
      "0.0.0.1",
      "-1",
    ]);
    expect(router.describe("o/x.active")).toMatchObject({ access: "rw", kind: "flag", at: { type: "u32" } });
    expect(router.describe("o/x.offset")).toMatchObject({ access: "rw", kind: "gauge", at: { type: "i32" } });
    expect(router.describe("o/x.rate")).toMatchObject({ access: "rw", kind: "rate", unit: "bytes/s" });
    expect(() => router.read("o/x.fixed")).toThrow("no 'o/x.fixed' read handler");
  });

  it("change what the compiled code does when they are written", () => {
    using router = compile("7");
    const write = (name: string, value: string): void => router.write(`o/x.${name}`, value);
    write("color", " 9 ");
    write("offset", "-5");
    write("delay", "2s");
    write("rate", "1MBps");
    write("peer_address", "server");
    write("net", "server:ip");
    write("to", "0");
    expect(fields(router)).toEqual([7, 2_000_000_000n, 1_000_000, 0x0a090909, 0x0a090909, 0]);
    write("active", "no");
    expect(fields(router)).toEqual([0, 0n, 0, 0, 0, 0]);
    expect(router.read("o/x.writes")).toBe("1");
  });

  it("refuse what their type does not take, and keep what they have", () => {
    using router = compile("7");
    for (const [name, value, message] of [
      ["color", "256", "expected uint8_t"],
      ["active", "perhaps", "expected boolean"],
      ["delay", "soon", "expected time in seconds"],
      ["peer_address", "nobody", "expected IP address"],
      ["to", "1", "expected integer"],
    ] as const)
      expect(() => router.write(`o/x.${name}`, value)).toThrow(`o/x.${name}: ${message}`);
    expect(fields(router)).toEqual([9, 5n, 7, 0x01020304, 1, -1]);
  });

  it("keep what was written when another configuration takes the place, unless it says otherwise", () => {
    const text = (args: string): string => `FromDevice(0) -> x :: Everything(${args}) -> ToDevice(1)`;
    using router = Router.compileSync(text("7"), { elements: library });
    router.write("x.color", "50");
    router.hotswap(`${text("7")} // the same`);
    expect(router.read("x.color")).toBe("50");
    router.hotswap(text("8"));
    expect(router.read("x.color")).toBe("8");
  });

  it("cannot share a name with a field or a handler of the class", () => {
    const make = (more: object): ElementClass =>
      element({
        name: "X",
        ports: "0/0",
        processing: "a/a",
        config: { ACTIVE: keyword(live(arg.bool), true) },
        ...more,
      });
    expect(() => make({ state: { active: u32 } })).toThrow(ElementDefinitionError);
    expect(() => make({ handlers: { active: { constant: () => 1 } } })).toThrow(ElementDefinitionError);
    const late = make({ state: () => ({ active: u32 }) });
    expect(() => checkConfiguration({ file: "t", text: "x :: X" }, elementSet(late))).toThrow(ElementDefinitionError);
  });

  it("are types like others: they read texts by themselves", () => {
    expect(live(arg.bool).parse("yes", emptyScope)).toBe(true);
  });
});
