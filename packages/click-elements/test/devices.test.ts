/** FromDevice and ToDevice: what their arguments do to packets of devices that a host plays. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { describe, expect, it } from "vitest";

const options = { elements, devices: true };
const run = (router: Router, ...frames: Uint8Array[]): void => {
  router.device(0).send(frames);
  router.run();
};
function frame(type: number, { length = 60, to = [2, 0, 0, 0, 0, 1], rest = [] as number[] } = {}): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(to.slice(0, length));
  if (length >= 14) bytes.set([type >> 8, type & 0xff, ...rest].slice(0, length - 12), 12);
  return bytes;
}
const ip = { rest: [0x45, 0, 0, 46] };
/** How many packets each of some elements has counted. */
const counts = (router: Router, ...names: string[]): string =>
  names.map((name) => router.read(`${name}.count`)).join(" ");

describe("FromDevice", () => {
  it("marks packets for a group", () => {
    using router = Router.compileSync("FromDevice(0) -> d :: DropBroadcasts -> c :: Counter -> Discard", options);
    const broadcast = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    run(router, frame(0x0800), frame(0x0800, { to: broadcast }), frame(0x0800, { to: [1, 0, 0, 0, 0, 1] }));
    run(router, frame(0, { to: broadcast, length: 13 }), frame(0, { length: 0 }));
    expect(counts(router, "c")).toBe("3");
    expect(router.read("d.drops")).toBe("2");
  });

  it("takes packets of one protocol only, if that is asked for", () => {
    using router = Router.compileSync("f :: FromDevice(0, PROTOCOL 0x806) -> c :: Counter -> Discard", options);
    run(router, frame(0x0800), frame(0x0806), frame(0x0806, { length: 13 }), frame(0x0806, { length: 14 }));
    expect(counts(router, "f", "c")).toBe("2 2");
    expect(router.drops()).toEqual([expect.objectContaining({ reason: "another protocol", count: 2 })]);
  });

  it("cuts packets to SNAPLEN, and says how much is missing", () => {
    using router = Router.compileSync(
      "FromDevice(0, false, 20) -> c :: Counter -> Pad -> p :: Counter -> Discard",
      options,
    );
    run(router, frame(0x0800), frame(0x0800, { length: 20 }), frame(0x0800, { length: 9 }));
    expect([router.read("c.byte_count"), router.read("p.byte_count")]).toEqual(["49", "89"]);
  });

  it("finds IP headers with FORCE_IP, behind a VLAN tag too, and refuses what has none", () => {
    using router = Router.compileSync(
      "f :: FromDevice(0, FORCE_IP true); f -> ip :: Counter -> StripToNetworkHeader -> CheckIPHeader(CHECKSUM false) -> good :: Counter -> Discard; f [1] -> not :: Counter -> Discard",
      options,
    );
    run(
      router,
      frame(0x0800, ip),
      frame(0x8100, { rest: [0, 5, 0x08, 0x00, 0x45, 0, 0, 42] }),
      frame(0x86dd, { rest: [0x60] }),
      frame(0x0806, ip),
      frame(0x0800, { rest: [0x65] }),
      frame(0x0800, { rest: [0x44] }),
      frame(0x0800, { rest: [0x4f] }),
      frame(0x0800, { rest: [0x45], length: 33 }),
      frame(0x86dd, { rest: [0x60], length: 53 }),
      frame(0x8100, { length: 14 }),
      frame(0x0800, { length: 13 }),
      frame(0x0800, { length: 0 }),
    );
    expect(counts(router, "ip", "good", "not")).toBe("4 2 8");
  });

  it("has a second output only where one is wanted", () => {
    using router = Router.compileSync("FromDevice(0, FORCE_IP true) -> c :: Counter -> Discard", options);
    run(router, frame(0x0806), frame(0x0800, ip));
    expect(counts(router, "c")).toBe("1");
    expect(router.drops()).toEqual([expect.objectContaining({ reason: "no IP header", count: 1 })]);
  });

  it("leaves packets without a timestamp, if that is asked for", () => {
    const said: string[] = [];
    using router = Router.compileSync("FromDevice(0, TIMESTAMP false) -> Print(x, TIMESTAMP true) -> Discard", {
      ...options,
      chatter: (text: string) => said.push(text),
    });
    run(router, frame(0x0800));
    expect(said.join("")).toMatch(/^x: 0\.0+:/);
  });

  it("takes every argument of Click's", () => {
    using router = Router.compileSync(
      "f :: FromDevice(eth0, 1, 2000, SNIFFER false, FORCE_IP false, METHOD LINUX, PROTOCOL 0, OUTBOUND true, HEADROOM 64, ENCAP ETHER, BURST 4, TIMESTAMP true) -> Discard",
      options,
    );
    expect(["encap", "kernel_drops", "count"].map((name) => router.read(`f.${name}`))).toEqual(["ETHER", "??", "0"]);
  });
});

describe("ToDevice", () => {
  it("tells of what was sent, and of what was not", () => {
    using router = Router.compileSync(
      "FromDevice(0) -> t :: ToDevice(1); t -> sent :: Counter -> Discard; t [1] -> lost :: Counter -> Discard",
      options,
    );
    for (let i = 0; i < 40; i++) run(router, ...Array.from({ length: 100 }, () => frame(0x0800)));
    const [sent, lost] = [Number(router.read("sent.count")), Number(router.read("lost.count"))];
    expect(sent).toBeGreaterThan(0);
    expect(lost).toBeGreaterThan(0);
    expect(sent + lost).toBe(Number(router.read("t.count")) + Number(router.read("t.drops")));
    expect(router.device(1).receive()).toHaveLength(sent);
  });

  it("counts its pulls, those that found nothing too", () => {
    using router = Router.compileSync("FromDevice(0) -> Queue -> t :: ToDevice(1, BURST 2)", options);
    run(router, frame(0x0800), frame(0x0800), frame(0x0800));
    expect([router.read("t.count"), router.read("t.q")]).toEqual(["3", "false"]);
    expect(Number(router.read("t.pulls"))).toBeGreaterThan(3);
  });
});
