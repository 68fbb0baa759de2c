/**
 * Guests that write to their consoles without end, through the ring and by hypercall, while domain 0 reads them and types;
 * they are ended in the middle, by domain 0 and by the watchdog. A console is read after its guest's end, too.
 */
import { frameSize } from "@clickos/grant-table";
import { consoleRing, domainFrames } from "@clickos/hypervisor";
import { counts, forever, lazyModule, rawGuest, tables, words } from "../raw.mjs";
import { pcpus } from "../world.mjs";

const ring = domainFrames.console * frameSize;
const { output, outProd, inCons, inProd } = consoleRing.offsets;
const endlessAt = words;
/** What domain 0 keeps of a console, bytes. */
const kept = 65536;

const module = lazyModule("console", (_m, call, next) => ({
  vcpu(c) {
    const write = () => {
      const prod = c.atomicLoad(ring, outProd);
      const length = c.call(next).and(2047);
      c.for(0, length, 1, (i) => c.store8(prod.add(i).and(2047).add(ring), i.or(32), output));
      c.atomicStore(ring, prod.add(length), outProd);
      c.atomicStore(ring, c.atomicLoad(ring, inProd), inCons);
      c.call(call.console_io, tables, c.call(next).and(4095));
      counts(c, 1);
    };
    c.if(c.load32(endlessAt), () => c.loop(write));
    c.for(0, 200, 1, write);
    c.if(c.call(next).and(1023).eqz(), () => forever(c));
    return c.i32(1);
  },
}));

export const consoles = {
  name: "consoles",
  async start(world) {
    const { r } = world;
    // One that never ends its slice: the watchdog ends it while it writes.
    const guests = await Promise.all(
      [0, 1].map((endless) =>
        rawGuest(world, {
          name: "console",
          module: module(),
          pcpu: pcpus.lost,
          setup: (data) => data.setUint32(endlessAt, endless, true),
        }),
      ),
    );
    let rounds = 0;
    const read = ({ domain }) => {
      const text = world.meter.time("console read", () => domain.console);
      if (text.length > kept) world.wrong(`a console of ${text.length} bytes`);
      const before = domain.consoleBytes;
      domain.print("from domain 0\n");
      if (domain.state !== "destroyed" && domain.consoleBytes === before) world.wrong("a console that prints nothing");
      domain.type("typed\n".repeat(r.below(20)));
      world.count("console read");
    };
    return {
      turn() {
        rounds++;
        for (const guest of guests) {
          read(guest);
          world.count("console written", guest.worked());
        }
      },
      over: () => rounds > (world.short ? 40 : 400) && guests[1].domain.state === "crashed",
      end() {
        for (const guest of guests) {
          guest.end();
          read(guest);
        }
      },
    };
  },
};
