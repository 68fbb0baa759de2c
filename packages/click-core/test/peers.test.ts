import { Router } from "@clickos/click-core";
import {
  arg,
  type ElementClass,
  type ElementSet,
  element,
  keyword,
  type Peer,
  type PeerInterface,
  peerInterface,
  positional,
} from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { ConfigurationError } from "@clickos/click-language";
import type { I32 } from "@clickos/codegen";
import { u32 } from "@clickos/layout";
import { describe, expect, it } from "vitest";

/** What a tally offers: adding to its count, and the count on the host. */
const Tally: PeerInterface<{ add(n: I32): void; count(): I32 }, { readonly count: number }> = peerInterface("Tally");

const TallyElement: ElementClass = element({
  name: "Tally",
  ports: "1/1",
  processing: "a/a",
  state: { count: u32 },
  handlers: { count: { gauge: "count", unit: "bytes" } },
  offers: (offer) => [
    offer(
      Tally,
      (_c, { state }) => ({ add: (n) => state.count.set(state.count.get().add(n)), count: () => state.count.get() }),
      (s) => ({ count: s.count }),
    ),
  ],
  action() {},
});

const Teller: ElementClass = element({
  name: "Teller",
  ports: "1/1",
  processing: "a/a",
  config: { TALLY: positional(arg.string, ""), WHERE: keyword(arg.string, "downstream") },
  peers({
    config,
    named,
    downstream,
    upstream,
    error,
  }): readonly Peer<{ add(n: I32): void; count(): I32 }, { readonly count: number }>[] {
    if (config.TALLY !== "") return [named(config.TALLY, Tally, 0)].filter((p) => p !== undefined);
    const found = config.WHERE === "upstream" ? upstream(Tally) : downstream(Tally);
    if (found.length === 0) error("no tally nearby");
    return found;
  },
  handlers: {
    tallies: { kind: "table", read: (_s, { peers }) => peers.map((p) => `${p.name}\n`).join("") },
    sum: { kind: "gauge", read: (_s, { peers, peer }) => peers.reduce((sum, p) => sum + peer(p).count, 0) },
  },
  action(_c, packet, { peers, peer }) {
    for (const p of peers) peer(p).add(packet.length);
  },
});

const set: ElementSet = { ...elements, Tally: TallyElement, Teller };
const make = (text: string): Promise<Router> => Router.compile(text, { elements: set });
const errors = async (text: string): Promise<string> => {
  const problem = await make(text).then(
    () => undefined,
    (e) => e,
  );
  expect(problem).toBeInstanceOf(ConfigurationError);
  return problem.message;
};

describe("peers", () => {
  it("are found by name, from the element's own compound outwards", async () => {
    using r = await make(`
      t :: Tally;
      elementclass C { input -> Teller(t) -> t :: Tally -> output };
      elementclass D { input -> Teller(t) -> output };
      FromDevice(0) -> c :: C -> d :: D -> t -> Discard;`);
    r.device(0).send([new Uint8Array(60), new Uint8Array(70)]);
    r.run();
    expect([r.read("c/t.count"), r.read("t.count"), r.read("d/Teller@1.tallies")]).toEqual(["130", "130", "t\n"]);
  });

  it("are the nearest along the ways of packets, and nothing beyond them", async () => {
    using r = await make(`
      FromDevice(0) -> before :: Tally -> a :: Teller -> s :: Switch(1)
        -> near :: Tally -> far :: Tally -> Discard;
      s [1] -> Strip(14) -> other :: Tally -> b :: Teller(WHERE upstream) -> Discard;`);
    r.device(0).send([new Uint8Array(60)]);
    r.run();
    expect(r.read("a.tallies")).toBe("near\nother\n");
    expect(r.read("b.tallies")).toBe("other\n");
    // 60 of a, and the 46 that b saw.
    expect(["before", "near", "far", "other"].map((t) => r.read(`${t}.count`))).toEqual(["0", "60", "0", "106"]);
    expect([r.read("a.sum"), r.read("b.sum")]).toEqual(["166", "106"]);
  });

  it("that are not there, or are something else, are errors at their place", async () => {
    expect(await errors("Idle -> Teller(nobody) -> Discard")).toMatch(
      /^config:1: While initializing 'Teller@2 :: Teller':\n {2}no element named 'nobody'\n {2}1:16 /,
    );
    expect(await errors("Idle -> Teller(q) -> q :: Queue -> Discard")).toMatch(/'q' is not a Tally element/);
    expect(await errors("Idle -> Teller -> Discard")).toMatch(/no tally nearby/);
  });

  it("keep working in a configuration that takes another's place", async () => {
    using r = await Router.compile("FromDevice(0) -> Teller -> t :: Tally -> Discard", {
      elements: set,
      reconfigurable: true,
    });
    r.device(0).send([new Uint8Array(60)]);
    r.run();
    r.hotswap("FromDevice(0) -> Counter -> Teller -> t :: Tally -> Discard");
    r.device(0).send([new Uint8Array(60)]);
    r.run();
    expect(r.read("t.count")).toBe("120");
  });
});
