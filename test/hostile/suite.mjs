/**
 * The hostile-guest suite: guests that attack everything they share, in TypeScript and in raw WebAssembly on a thread of
 * its own, beside well-behaved VMs. What is asked: domain 0 goes on, the neighbours lose nothing, memory stays bounded.
 */
import { createHypervisor } from "@clickos/hypervisor/node";
import { announceVif, createBackend } from "@clickos/netback";
import { createSwitch, learningBridge } from "@clickos/vale";
import { createXenStore } from "@clickos/xenstore";
import { connectStore, createToolstack } from "@clickos/xl-fast";
import { neighbour, neighbourOn } from "./neighbours.mjs";
import { random } from "./random.mjs";
import { hostileScript } from "./script-guest.mjs";
import { hostileModule, hostileWasm } from "./wasm-guest.mjs";

/** A hostile guest is replaced after so many mutations: what it broke is whole again, to be broken otherwise. */
const lifetime = 3000;
const wasmLifetime = 20_000;

/**
 * @param {{ mutations: number, seed: number, elements: object, worker: URL, progress?: (done: number) => void }} options
 */
export async function hostileSuite({ mutations, seed, elements, worker, progress = () => {} }) {
  const r = random(seed);
  const hypervisor = createHypervisor({ pcpus: 1, worker, watchdogMs: 5000 });
  const store = createXenStore();
  const xl = createToolstack({ elements, hypervisor, store });
  // What anybody would do with a switch for tenants: addresses stay where they were seen, and each has its rate.
  const bridge = createSwitch({ name: "hostile", lookup: learningBridge({ sticky: true }) });
  const sink = bridge.attach("sink");
  const backend = createBackend({
    store,
    events: hypervisor.events,
    mapper: hypervisor.mapper,
    bridge: (name) => (name === "hostile" ? bridge : undefined),
  });
  const neighbours = [
    await neighbour(xl, elements, "here", "FromDevice(0) -> Counter -> ToDevice(1)", 0),
    await neighbour(xl, elements, "there", "FromDevice(0) -> Queue(300) -> ToDevice(1)", 1),
    await neighbourOn(bridge, xl, elements, "beside"),
  ];
  /** What was done, and what domain 0 found wrong, by kind. */
  const done = {};
  const errors = {};
  const add = (table, kind, n = 1) => {
    if (n > 0) table[kind] = (table[kind] ?? 0) + n;
  };
  /** Mutations by guests in TypeScript, and by raw ones: half of them each. */
  const made = { script: 0, raw: 0 };
  const half = Math.ceil(mutations / 2);
  let generation = 0;

  const count = (kind) => {
    add(done, kind);
    made.script++;
  };
  const spawnScript = async (mode, vifMode) => {
    const name = `hostile${++generation}`;
    let undo = () => {};
    const domain = await hypervisor.createDomain({
      name,
      pages: 64,
      pcpu: 0,
      kernel: hostileScript({ mode, seed: r.next(), count }),
      prepare(d) {
        undo = connectStore(hypervisor, store, d, () => add(errors, "store ring broken"));
        const home = `/local/domain/${d.id}`;
        store.mkdir(`${home}/data`);
        store.setPermissions(home, ["n0", `r${d.id}`]);
        store.setPermissions(`${home}/data`, [`n${d.id}`]);
        const mac = `02:66:00:00:${[d.id >> 8, d.id & 255].map((b) => b.toString(16).padStart(2, "0")).join(":")}`;
        const vif = { domain: d.id, device: 0, bridge: "hostile", mac, mode: vifMode };
        // Half of them may send from any address, so that what is beside them is attacked that way too.
        announceVif(store, { ...vif, rate: "3000,10000", antiSpoof: d.id % 2 === 0 });
      },
    });
    const key = `${domain.id}/0`;
    const from = made.script;
    domain.unpause();
    /** What its back end has counted; kept, as the back end is gone with the guest. */
    let drops = {};
    return {
      domain,
      look() {
        const vif = backend.vifs.get(key);
        if (vif) drops = { ...vif.drops };
      },
      over: () => made.script - from > lifetime || domain.state !== "running",
      end() {
        this.look();
        for (const [kind, n] of Object.entries(drops)) add(errors, kind, n);
        if (domain.crash) add(errors, `guest crashed: ${domain.crash.cause}`);
        undo();
        hypervisor.destroyDomain(domain.id);
        store.rm(`/local/domain/0/backend/vif/${domain.id}`);
        store.rm(`/local/domain/${domain.id}`);
        if (store.exists(`/local/domain/0/error/backend/vif/${domain.id}`))
          store.rm(`/local/domain/0/error/backend/vif/${domain.id}`);
      },
    };
  };
  const module = hostileModule();
  const spawnWasm = async (mode) => {
    const guest = await hostileWasm({
      hypervisor,
      module,
      mode,
      seed: r.next(),
      bridge,
      pcpu: 1,
      name: `raw${++generation}`,
      connectStore: (d) => connectStore(hypervisor, store, d, () => add(errors, "store ring broken")),
    });
    let seen = 0;
    return {
      domain: guest.domain,
      look() {
        const now = guest.mutations();
        add(done, `raw ${mode} guest`, now - seen);
        made.raw += now - seen;
        seen = now;
        // The raw ones are faster: they wait for the others.
        const ahead = made.raw > half && made.raw > made.script * 1.1;
        if (ahead && guest.domain.state === "running") void guest.domain.pause();
        if (!ahead && guest.domain.state === "paused") guest.domain.unpause();
      },
      over: () => seen > wasmLifetime || guest.domain.state === "crashed" || guest.domain.state === "halted",
      end() {
        this.look();
        for (const [kind, n] of Object.entries(guest.vif.drops)) add(errors, kind, n);
        if (guest.domain.crash) add(errors, `guest crashed: ${guest.domain.crash.cause}`);
        guest.end();
      },
    };
  };
  const kinds = [
    () => spawnScript("netmap", "+vale"),
    () => spawnScript("standard", "baseline"),
    () => spawnScript("standard", "+grants"),
    () => spawnWasm("netmap"),
    () => spawnWasm("standard"),
  ];
  // Everybody is known before the others come.
  for (let i = 0; i < 100; i++) {
    hypervisor.run();
    for (const n of neighbours) n.turn(true);
    bridge.forward();
  }
  const guests = [];
  for (const make of kinds) guests.push(await make());

  const startMemory = process.memoryUsage().rss;
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  let problem;
  let rounds = 0;
  try {
    for (let shown = 0; made.script < half || made.raw < half; rounds++) {
      hypervisor.run();
      for (const n of neighbours) n.turn(true);
      bridge.forward();
      // What comes out of hostile guests goes back into them; not to the neighbour beside them, who has his own.
      const out = sink.receive().filter((f) => f.length >= 14 && f[0] % 2 === 0 && f[4] !== 1);
      sink.send(out.slice(0, 8));
      for (const [i, guest] of guests.entries()) {
        guest.look();
        if (!guest.over()) continue;
        guest.end();
        guests[i] = await kinds[i]();
      }
      if (rounds % 8 === 0) await turn();
      const total = made.script + made.raw;
      if (total - shown >= mutations / 10) {
        shown = total;
        progress(total);
      }
    }
    for (const guest of guests) guest.end();
    guests.length = 0;
    const end = performance.now() + 5000;
    while (neighbours.some((n) => n.received < n.sent) && performance.now() < end) {
      hypervisor.run();
      for (const n of neighbours) n.turn(false);
      bridge.forward();
      await turn();
    }
  } catch (e) {
    // Nothing that a guest does may throw in domain 0.
    problem = e;
  }
  for (const [reason, n] of Object.entries(backend.failures)) add(errors, `handshake: ${reason}`, n);
  const report = {
    mutations: made.script + made.raw,
    seed,
    guests: generation,
    done,
    errors,
    neighbours: neighbours.map(({ name, sent, received, wrong, lost, vm }) => ({
      name,
      sent,
      received,
      wrong,
      lost,
      dropped: vm.drops(),
    })),
    domains: hypervisor.domains.length,
    nodes: store.statistics.nodes,
    mapped: hypervisor.mapper.mapped,
    grownMiB: Math.round((process.memoryUsage().rss - startMemory) / 2 ** 20),
    problem,
  };
  await hypervisor.close();
  return report;
}

/** What is wrong with a report; empty when nothing is. */
export function judge(report) {
  const wrong = [];
  if (report.problem) wrong.push(`domain 0 failed: ${report.problem.stack ?? report.problem}`);
  for (const n of report.neighbours) {
    if (n.sent === 0) wrong.push(`neighbour '${n.name}' sent nothing`);
    if (n.lost !== 0) wrong.push(`neighbour '${n.name}' lost ${n.lost} of ${n.sent}`);
    if (n.dropped.length > 0) wrong.push(`neighbour '${n.name}' dropped: ${JSON.stringify(n.dropped)}`);
  }
  if (report.domains !== report.neighbours.length) wrong.push(`${report.domains} domains are left`);
  if (report.nodes > 200) wrong.push(`${report.nodes} nodes are left in the store`);
  if (report.grownMiB > 600) wrong.push(`memory has grown by ${report.grownMiB} MiB`);
  return wrong;
}
