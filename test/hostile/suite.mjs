/**
 * The hostile-guest suite: attacks on everything that guests share with domain 0 and with each other, several at a time,
 * beside well-behaved VMs. What is asked: domain 0 goes on and is never held for long, the neighbours lose nothing and are
 * not listened to, and when the attackers are gone nothing of them is left.
 */
import { setTimeout as wait } from "node:timers/promises";
import { defaultQuotas } from "@clickos/xenstore";
import { always, inTurns } from "./attacks/index.mjs";
import { createMeter } from "./meter.mjs";
import { isOfNeighbour, neighbour, neighbourOn } from "./neighbours.mjs";
import { createWorld, pcpus } from "./world.mjs";

/** Attacks that take turns and go on at a time. */
const atOnce = { short: 8, long: 4 };
/** Memory may grow by so much once each attack has been made a few times. */
const growthMiB = 100;
/** Rounds after which an attack that is not over is given up: something that it waits for does not come. */
const longest = 60_000;

/**
 * @param {{
 *   mutations: number, seed: number, elements: object, worker: URL,
 *   short?: boolean, warmUps?: number, progress?: (done: number, attacks: string) => void,
 * }} options
 */
export async function hostileSuite({
  mutations,
  seed,
  elements,
  worker,
  short = false,
  warmUps = 0,
  progress = () => {},
}) {
  const most = short ? atOnce.short : atOnce.long;
  const meter = createMeter();
  const world = createWorld({ seed, elements, worker, meter, short });
  const { r, hypervisor, xl, bridge, arena, backend } = world;
  const sink = bridge.attach("sink");
  const arenaSink = arena.attach("sink");
  const neighbours = [
    await neighbour(xl, elements, "here", "FromDevice(0) -> Counter -> ToDevice(1)", pcpus.own),
    await neighbour(xl, elements, "there", "FromDevice(0) -> Queue(300) -> ToDevice(1)", pcpus.racing),
    // Its pCPU is lost again and again.
    await neighbour(xl, elements, "again", "FromDevice(0) -> Queue(300) -> ToDevice(1)", pcpus.lost),
    await neighbourOn(bridge, xl, elements, "beside"),
  ];
  /** Mutations by guests in TypeScript, and by raw ones: half of them each. */
  const made = { script: 0, raw: 0 };
  const half = Math.ceil(mutations / 2);
  let overheard = 0;
  Object.assign(world, {
    neighbours,
    /** Counts mutations; whether their kind is far ahead of what is wanted. */
    mutated(kind, n = 1) {
      made[kind] += n;
      return kind === "raw" && made.raw > half && made.raw > made.script * 1.1;
    },
    /** A frame that an attacker got. */
    overheard(frame) {
      if (isOfNeighbour(frame)) overheard++;
    },
    nodesAtMost: () => 2000 + (always.length + most * 6) * defaultQuotas.nodes,
  });

  let problem;
  let rounds = 0;
  /** Turns in which guests on threads did something: where threads have no cores of their own, they race seldom. */
  let raced = 0;
  const racersDid = () => {
    let sum = 0;
    for (const done of world.racing) sum += Atomics.load(done, 0);
    return sum;
  };
  const round = async (send) => {
    rounds++;
    const before = racersDid();
    meter.time("hypervisor", () => hypervisor.run());
    if (racersDid() !== before) raced++;
    for (const n of neighbours) n.turn(send);
    meter.time("switch", () => bridge.forward());
    meter.time("switch", () => arena.forward());
    const heard = sink.receive();
    for (const frame of heard) world.overheard(frame);
    // What comes out of hostile guests goes back into them; not to the neighbour beside them, who has his own.
    sink.send(heard.filter((f) => f.length >= 14 && f[0] % 2 === 0 && f[4] !== 1).slice(0, 8));
    arenaSink.send(arenaSink.receive().slice(0, 100));
    await meter.pause("event loop");
  };

  // ---- attacks come and go

  /** Those that go on: each starting, running, or ending. */
  const running = new Set();
  /** What those that have ended are still making, to end it at once. */
  const late = new Set();
  const figures = {};
  const begin = (attack) => {
    const entry = { attack, instance: undefined, rounds: 0 };
    running.add(entry);
    meter.active.add(attack.name);
    figures[attack.name] = (figures[attack.name] ?? 0) + 1;
    attack.start(world).then(
      (instance) => {
        entry.instance = instance;
      },
      (e) => {
        problem ??= e;
        running.delete(entry);
      },
    );
    return entry;
  };
  const finish = (entry) => {
    running.delete(entry);
    meter.time(`${entry.attack.name}: end`, () => entry.instance.end());
    if (![...running].some(({ attack }) => attack === entry.attack)) meter.active.delete(entry.attack.name);
    const { settled } = entry.instance;
    if (!settled) return;
    const one = settled.finally(() => late.delete(one));
    late.add(one);
  };
  /** One turn of each; those that are over are ended. `next` says what comes in their place. */
  const work = (next) => {
    for (const entry of [...running]) {
      const { attack, instance } = entry;
      if (!instance) continue;
      entry.rounds++;
      if (instance.turn) meter.time(`${attack.name}: turn`, () => instance.turn());
      if (!instance.over() && entry.rounds < longest) continue;
      if (entry.rounds >= longest) world.wrong(`'${attack.name}' is not over after ${longest} rounds`);
      finish(entry);
      const after = next(attack);
      if (after) begin(after);
    }
    if (problem) throw problem;
  };
  let queue = [];
  const nextInTurn = () => {
    if (queue.length === 0) {
      queue = [...inTurns];
      for (let i = queue.length - 1; i > 0; i--) {
        const j = r.below(i + 1);
        [queue[i], queue[j]] = [queue[j], queue[i]];
      }
    }
    return queue.pop();
  };
  const others = () => [...running].filter(({ attack }) => !always.includes(attack));
  /** Ends them all, and hears what is on its way. */
  const endAll = async () => {
    const give = performance.now() + 20_000;
    while ((running.size > 0 || late.size > 0) && performance.now() < give) {
      for (const entry of [...running]) if (entry.instance) finish(entry);
      await round(false);
      if (problem) throw problem;
    }
    const end = performance.now() + 20_000;
    do await round(false);
    while (neighbours.some((n) => n.received < n.sent) && performance.now() < end);
  };
  const settle = async () => {
    for (let i = 0; i < 6; i++) {
      globalThis.gc?.();
      await round(false);
      await wait(50);
    }
    return process.memoryUsage().rss / 2 ** 20;
  };

  const report = {};
  try {
    // Everybody is known before the others come.
    for (let i = 0; i < 100; i++) await round(true);
    const holdings = world.holdings();
    let memoryBefore = 0;
    if (warmUps > 0) {
      // Threads, memories that are kept, and compiled code: what is there after a few of each kind is no growth.
      world.short = true;
      for (let i = 0; i < warmUps; i++) {
        for (const attack of always) begin(attack);
        let left = inTurns.length;
        while (left > 0 || others().length > 0) {
          while (left > 0 && others().length < most) {
            begin(nextInTurn());
            left--;
          }
          await round(true);
          work((attack) => (always.includes(attack) ? attack : undefined));
        }
        await endAll();
      }
      world.short = short;
      memoryBefore = await settle();
    }
    made.script = made.raw = 0;
    for (const attack of always) begin(attack);
    let once = inTurns.length;
    for (let shown = 0; made.script < half || made.raw < half || once > 0 || (short && others().length > 0); ) {
      while (others().length < most && (once > 0 || !short)) {
        begin(nextInTurn());
        once--;
      }
      await round(true);
      work((attack) => (always.includes(attack) ? attack : undefined));
      const total = made.script + made.raw;
      if (total - shown >= mutations / 10) {
        shown = total;
        progress(
          total,
          others()
            .map(({ attack }) => attack.name)
            .join(", "),
        );
      }
    }
    await endAll();
    report.grownMiB = warmUps > 0 ? Math.round((await settle()) - memoryBefore) : undefined;
    report.left = Object.entries(world.holdings())
      .filter(([what, n]) => n !== holdings[what])
      .map(([what, n]) => `${n} ${what}, ${holdings[what]} before`);
  } catch (e) {
    // Nothing that a guest does may throw in domain 0.
    problem = e;
  }
  for (const [reason, n] of Object.entries(backend.failures)) world.error(`handshake: ${reason}`, n);
  Object.assign(report, {
    mutations: made.script + made.raw,
    seed,
    rounds,
    raced,
    guests: world.guests,
    attacks: figures,
    done: world.done,
    errors: world.errors,
    wrong: [...world.wrongs],
    overheard,
    threadsReplaced: hypervisor.threadsReplaced,
    held: meter.report(),
    neighbours: neighbours.map(({ name, sent, received, wrong, lost, vm }) => {
      const alive = vm.domain.state === "running";
      return { name, sent, received, wrong, lost, state: vm.domain.state, dropped: alive ? vm.drops() : [] };
    }),
    problem,
  });
  await hypervisor.close();
  return report;
}

/** What is wrong with a report; empty when nothing is. Times are judged where nobody else uses the machine. */
export function judge(report, { times = false } = {}) {
  const wrong = [...report.wrong];
  if (report.problem) wrong.push(`domain 0 failed: ${report.problem.stack ?? report.problem}`);
  for (const n of report.neighbours) {
    if (n.sent === 0) wrong.push(`neighbour '${n.name}' sent nothing`);
    if (n.state !== "running") wrong.push(`neighbour '${n.name}' is ${n.state}`);
    if (n.lost !== 0) wrong.push(`neighbour '${n.name}' lost ${n.lost} of ${n.sent}`);
    if (n.dropped.length > 0) wrong.push(`neighbour '${n.name}' dropped: ${JSON.stringify(n.dropped)}`);
  }
  if (report.overheard > 0) wrong.push(`attackers got ${report.overheard} frames of a neighbour`);
  for (const left of report.left ?? []) wrong.push(`left: ${left}`);
  for (const { name } of inTurns) if (!report.attacks[name]) wrong.push(`attack '${name}' was not made`);
  if (times) wrong.push(...report.held.wrong);
  if (report.grownMiB > growthMiB) wrong.push(`memory has grown by ${report.grownMiB} MiB`);
  return wrong;
}
