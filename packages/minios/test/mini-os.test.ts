import { createHypervisor, type Domain } from "@clickos/hypervisor";
import { type MiniOs, miniOs } from "@clickos/minios";
import { createXenStore } from "@clickos/xenstore";
import { connectStore } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";

interface Rig {
  readonly xen: ReturnType<typeof createHypervisor>;
  readonly store: ReturnType<typeof createXenStore>;
  domain: Domain;
  now: bigint;
  settle(): void;
}

async function rig(program: (os: MiniOs) => Generator<void, unknown, void> | void): Promise<Rig> {
  const r = { now: 0n } as Rig;
  const xen = createHypervisor({ clock: () => r.now });
  const store = createXenStore();
  const domain = await xen.createDomain({
    name: "guest",
    pages: 4,
    kernel: miniOs(program),
    prepare(d) {
      connectStore(xen, store, d);
      store.write(`/local/domain/${d.id}/name`, "guest");
      store.mkdir(`/local/domain/${d.id}/data`);
      store.setPermissions(`/local/domain/${d.id}`, ["n0", `r${d.id}`]);
      store.setPermissions(`/local/domain/${d.id}/name`, ["n0", `r${d.id}`]);
      store.setPermissions(`/local/domain/${d.id}/data`, [`n${d.id}`]);
    },
  });
  Object.assign(r, {
    xen,
    store,
    domain,
    settle() {
      for (let turns = 0; xen.run() && turns < 10_000; turns++);
    },
  });
  domain.unpause();
  return r;
}

describe("a guest in TypeScript", () => {
  it("reads, writes, lists and removes in the store, over its ring", async () => {
    const seen: unknown[] = [];
    const r = await rig(function* (os) {
      seen.push(yield* os.xenbus.read("name"), yield* os.xenbus.read("data/none"));
      // More than the ring holds, both ways.
      yield* os.xenbus.write("data/long", "x".repeat(2000));
      seen.push((yield* os.xenbus.read("data/long"))?.length);
      for (let i = 0; i < 30; i++) yield* os.xenbus.write(`data/node${i}`, String(i));
      seen.push((yield* os.xenbus.directory("data"))?.length);
      yield* os.xenbus.rm("data/node7");
      seen.push(yield* os.xenbus.directory("data/node7"));
      try {
        yield* os.xenbus.write("name", "me");
      } catch (e) {
        seen.push((e as Error).message);
      }
    });
    r.settle();
    expect(r.domain.crash).toBe(undefined);
    expect(seen).toEqual(["guest", undefined, 2000, 31, undefined, "EACCES: the store's answer"]);
    expect(r.domain.state).toBe("halted");
    expect(r.store.read(`/local/domain/${r.domain.id}/data/node9`)).toBe("9");
  });

  it("watches, and makes transactions again that met other changes", async () => {
    const seen: string[] = [];
    let attempts = 0;
    const r = await rig(function* (os) {
      const watch = yield* os.xenbus.watch("data/goal");
      for (;;) {
        while (!watch.changed()) yield;
        const value = yield* os.xenbus.read("data/goal");
        seen.push(String(value));
        if (value === "end") break;
      }
      watch.end();
      const total = yield* os.xenbus.transaction(function* (t) {
        attempts++;
        const before = Number((yield* t.read("data/count")) ?? "0");
        // Somebody else is faster, twice.
        if (attempts < 3) r.store.write(`/local/domain/${r.domain.id}/data/count`, String(attempts * 10));
        yield* t.write("data/count", String(before + 1));
        return before + 1;
      });
      seen.push(String(total));
    });
    r.settle();
    const goal = `/local/domain/${r.domain.id}/data/goal`;
    for (const value of ["a", "b", "end"]) {
      r.store.write(goal, value);
      r.settle();
    }
    expect(seen).toEqual(["undefined", "a", "b", "end", "21"]);
    expect([attempts, r.store.read(`/local/domain/${r.domain.id}/data/count`)]).toEqual([3, "21"]);
  });

  it("sleeps, spawns, prints, and is typed to", async () => {
    const r = await rig(function* (os) {
      for (const [i, wait] of [30n, 10n, 20n].entries())
        os.spawn(
          (function* () {
            yield* os.sleep(wait);
            os.print(`${i} at ${os.now()}\n`);
          })(),
        );
      yield* os.sleep(40n);
      for (let text = os.typed(); ; text = os.typed()) {
        if (text !== "") {
          os.print(`you said ${text}`);
          break;
        }
        yield;
      }
    });
    for (; r.now <= 50n; r.now += 5n) r.settle();
    expect(r.domain.console).toBe("1 at 10\n2 at 20\n0 at 30\n");
    r.domain.type("hello\n");
    r.settle();
    expect(r.domain.console.slice(-15)).toBe("you said hello\n");
    expect(r.domain.state).toBe("halted");
  });

  it("has event channels and frames until there are none left; what it throws is its own crash", async () => {
    let heard = 0;
    const r = await rig(function* (os) {
      const port = os.openChannel(0, () => heard++);
      os.print(String(port));
      yield;
      const frames = new Set<number>();
      try {
        for (;;) frames.add(os.allocateFrame());
      } catch (e) {
        os.print(` ${frames.size} ${(e as Error).message}`);
      }
      yield;
      throw new Error("enough");
    });
    r.settle();
    const local = r.xen.events.bindInterdomain(0, r.domain.id, 2);
    r.settle();
    r.xen.events.send(0, local);
    r.settle();
    expect(heard).toBeGreaterThan(0);
    r.xen.events.send(0, local);
    r.settle();
    // 64 frames less the 13 that every domain has.
    expect(r.domain.console).toBe("2 51 all frames of the domain are in use");
    expect(r.domain.crash).toMatchObject({ cause: "exception", message: "enough" });
    expect(r.xen.run()).toBe(false);
  });
});
