/**
 * Guests that never give their pCPU back: in a slice, in `boot`, and at instantiation where such modules are accepted,
 * the first time or when they are put back on a fresh thread. Several do so together, on one pCPU and on two. Each is to
 * be ended by the watchdog, and nobody else; those with a `start` function are to be refused, or ended likewise.
 */
import { compileKernel, KernelError } from "@clickos/hypervisor";
import { counts, forever, lazyModule, rawGuest, rawModule, words } from "../raw.mjs";
import { pcpus } from "../world.mjs";

/** Slices that a guest runs before it loops; instantiations before it loops at one. */
const [patienceAt, instancesAt] = [words + 16, words + 20];

const inSlice = lazyModule("loops in a slice", () => ({
  vcpu(c) {
    counts(c, 1);
    const left = c.load32(patienceAt);
    c.if(left.eqz(), () => forever(c));
    c.store32(patienceAt, left.sub(1));
    return c.i32(1);
  },
}));
const inBoot = lazyModule("loops in boot", () => ({
  boot: (c) => forever(c),
  vcpu: (c) => c.i32(0),
}));
const startBytes = () =>
  rawModule("loops at start", () => ({
    start(c) {
      const left = c.load32(instancesAt);
      c.if(left.eqz(), () => forever(c));
      c.store32(instancesAt, left.sub(1));
    },
    vcpu: (c) => c.i32(1),
  }));

/** A module with a `start` function, were such modules accepted. */
async function atStart(world) {
  try {
    return await compileKernel(startBytes());
  } catch (e) {
    if (!(e instanceof KernelError)) throw e;
    world.error("start function refused");
    return undefined;
  }
}

/** `plan` says for each guest where it is, when it loops, and how. */
function colluding(name, plan) {
  return {
    name,
    async start(world) {
      const guests = [];
      let ended = false;
      const start = await atStart(world);
      const modules = { slice: await inSlice(), boot: await inBoot(), start };
      // All at once: none waits until another has booted.
      const making = plan(world.r, world.short)
        .filter(({ how }) => modules[how])
        .map(async ({ how, pcpu, after = 0 }) => {
          const guest = await rawGuest(world, {
            name: `loop${how}`,
            module: modules[how],
            pcpu,
            setup(data) {
              data.setUint32(patienceAt, after, true);
              data.setUint32(instancesAt, after, true);
            },
          });
          if (ended) guest.end();
          else guests.push(guest);
          world.count(`loop: ${how}`);
        });
      let made = false;
      const all = Promise.all(making).then(() => {
        made = true;
      });
      return {
        settled: all,
        over: () => made && guests.every(({ domain }) => domain.state === "crashed" || domain.state === "destroyed"),
        end() {
          ended = true;
          for (const guest of guests) {
            const { state, crash } = guest.domain;
            if (state === "crashed" && crash?.cause !== "watchdog")
              world.wrong(`a guest that loops ended otherwise: ${crash?.cause}: ${crash?.message}`);
            guest.end();
          }
        },
      };
    },
  };
}

export const loops = [
  colluding("loops on one pCPU", (r, short) => [
    { how: "boot", pcpu: pcpus.lost },
    ...Array.from({ length: short ? 1 : 4 }, () => ({ how: "slice", pcpu: pcpus.lost, after: r.below(50) })),
  ]),
  colluding("loops on two pCPUs", (r, short) =>
    [pcpus.racing, pcpus.lost, pcpus.lost]
      .slice(0, short ? 2 : 3)
      .map((pcpu) => ({ how: "slice", pcpu, after: r.below(50) })),
  ),
  // The first takes the pCPU down; the others come back once or twice, and then no more.
  colluding("loops at instantiation", (_r, short) => [
    { how: "slice", pcpu: pcpus.lost, after: 20 },
    ...(short ? [0, 1] : [0, 1, 1, 2, 2]).map((after) => ({ how: "start", pcpu: pcpus.lost, after })),
  ]),
];
