/** The hostile-guest suite, as long as there is time for in every run; `npm run hostile` makes it longer. */
import { elements } from "@clickos/click-elements";
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "./built.ts";
// @ts-expect-error the suite is JavaScript, so that it also runs outside of here
import { hostileSuite, judge } from "./hostile/suite.mjs";

const worker = new URL("../packages/hypervisor/dist/pcpu-worker.js", import.meta.url);

describe("guests that attack everything they share", () => {
  beforeAll(() => needsBuild(worker));
  it("harm nobody, learn nothing and leave nothing, in 20,000 mutations and one of each attack", async () => {
    const seed = Number(process.env.HOSTILE_SEED ?? "1");
    const report = await hostileSuite({ mutations: 20_000, seed, elements, worker, short: true });
    expect(judge(report), `seed ${seed}`).toEqual([]);
    expect(report.mutations).toBeGreaterThanOrEqual(20_000);
    // It was an attack: domain 0 found many things wrong, of many kinds, and lost its threads.
    expect(Object.keys(report.errors).length).toBeGreaterThan(15);
    expect(Object.keys(report.done).length).toBeGreaterThan(25);
    expect(report.threadsReplaced).toBeGreaterThan(5);
  }, 120_000);
});
