/**
 * What the attacks are made against: domain 0 with its hypervisor, store, switches, back ends and toolstack, and ways
 * of making hostile domains in it. Whatever an attack finds wrong with domain 0 it says with `wrong`.
 */
import { createHypervisor } from "@clickos/hypervisor/node";
import { announceVif, createBackend } from "@clickos/netback";
import { createSwitch, learningBridge } from "@clickos/vale";
import { portCount } from "@clickos/xen-evtchn";
import { createXenStore } from "@clickos/xenstore";
import { connectStore, createToolstack } from "@clickos/xl-fast";
import { random } from "./random.mjs";

/** Who runs where: domain 0 and guests that share its thread; guests that race with it; guests that lose their pCPU. */
export const pcpus = { own: 0, racing: 1, lost: 2 };

/** Short enough to fire, and some times as long as any slice of a guest that does no wrong. */
const watchdogMs = 200;

export function createWorld({ seed, elements, worker, meter, short }) {
  const r = random(seed);
  const hypervisor = createHypervisor({ pcpus: 2, worker, watchdogMs, pooledKiB: 16384 });
  const store = createXenStore();
  const xl = createToolstack({ elements, hypervisor, store });
  // What anybody would do with a switch for tenants: addresses stay where they were seen, and each has its rate.
  const bridge = createSwitch({ name: "hostile", lookup: learningBridge({ sticky: true }) });
  // Where the attackers are among themselves, and send as much as they can.
  const arena = createSwitch({ name: "arena", lookup: learningBridge() });
  const bridges = { hostile: bridge, arena };
  const { events, mapper } = hypervisor;
  const backend = createBackend({ store, events, mapper, bridge: (name) => bridges[name] });
  /** What was done, what domain 0 found wrong, and what is wrong with domain 0. */
  const done = {};
  const errors = {};
  const wrongs = new Set();
  const add = (table, kind, n = 1) => {
    if (n > 0) table[kind] = (table[kind] ?? 0) + n;
  };
  let generation = 0;
  // Where back ends say what was wrong: the place stays.
  store.mkdir("/local/domain/0/error/backend/vif");

  const world = {
    r,
    hypervisor,
    store,
    xl,
    bridge,
    arena,
    /** Words in which guests on threads count what they do. */
    racing: new Set(),
    /** Switches that devices in the store can be attached to, by name. */
    bridges,
    backend,
    elements,
    meter,
    short,
    done,
    errors,
    wrongs,
    get guests() {
      return generation;
    },
    count: (kind, n) => add(done, kind, n),
    error: (kind, n) => add(errors, kind, n),
    wrong: (text) => wrongs.add(text),
    /**
     * A hostile domain with a store ring, a part of the store that is its own, and, with `vif`, a device in the store.
     * `prepare` may return what is to be undone. What ends it ends all of it.
     */
    async guest({ name, pcpu = pcpus.own, pages = 64, kernel, vif, prepare = () => {}, paused = false }) {
      const undo = [];
      const ended = () => {
        for (const each of undo.splice(0).reverse()) each();
      };
      generation++;
      let domain;
      try {
        domain = await hypervisor.createDomain({
          name: `${name}${generation}`,
          pages,
          pcpu,
          kernel: kernel.portable ? kernel : apart(meter, kernel),
          prepare(d) {
            undo.push(() => forget(d.id));
            undo.push(connectStore(hypervisor, store, d, () => add(errors, "store ring broken")));
            const home = `/local/domain/${d.id}`;
            store.mkdir(`${home}/data`);
            store.setPermissions(home, ["n0", `r${d.id}`]);
            store.setPermissions(`${home}/data`, [`n${d.id}`]);
            if (vif) announceVif(store, { domain: d.id, device: 0, bridge: "hostile", mac: macOf(d.id), ...vif });
            const back = prepare(d);
            if (back) undo.push(back);
          },
        });
      } catch (e) {
        ended();
        throw e;
      }
      if (!paused) domain.unpause();
      /** What its back end has counted; kept, as the back end is gone with the guest. */
      let drops = {};
      let over = false;
      return {
        domain,
        get vif() {
          return backend.vifs.get(`${domain.id}/0`);
        },
        look() {
          if (this.vif) drops = { ...this.vif.drops };
        },
        end() {
          if (over) return;
          over = true;
          this.look();
          for (const [kind, n] of Object.entries(drops)) add(errors, kind, n);
          if (domain.crash) add(errors, `guest crashed: ${domain.crash.cause}`);
          // Whoever ends a guest does it in one order or in the other.
          if (r.once(2)) ended();
          hypervisor.destroyDomain(domain.id);
          ended();
        },
      };
    },
    /** What domain 0 has: to be the same when the attackers are gone. */
    holdings() {
      let ports = 0;
      for (let port = 1; port < portCount; port++) if (events.status(0, port).state !== "closed") ports++;
      // Why the last creations failed is kept, of 64 at most.
      const failed = "/tool/clickos/failed";
      const kept = ["/tool", "/tool/clickos", failed].filter((path) => store.exists(path)).length;
      const { nodes, ...others } = store.statistics;
      return {
        domains: hypervisor.domains.length,
        ...others,
        nodes: nodes - kept - (store.exists(failed) ? store.directory(failed).length : 0),
        ports,
        mapped: mapper.mapped,
        "switch ports": [bridge, arena].reduce((n, each) => n + Object.keys(each.stats.ports).length, 0),
        vifs: backend.vifs.size,
      };
    },
  };
  const forget = (id) => {
    for (const path of [`/local/domain/0/backend/vif/${id}`, `/local/domain/${id}`])
      if (store.exists(path)) store.rm(path);
  };
  return world;
}

/** A kernel whose slices are not counted as domain 0's turns. */
function apart(meter, kernel) {
  return {
    start(domain) {
      const guest = kernel.start(domain);
      return { run: (now) => meter.apart(() => guest.run(now)) };
    },
  };
}

export function macOf(id) {
  return `02:66:00:00:${[id >> 8, id & 255].map((b) => b.toString(16).padStart(2, "0")).join(":")}`;
}
