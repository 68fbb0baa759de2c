/**
 * Frames of every size, out of guests and into them, in each mode, where interfaces carry frames in one buffer and where they
 * carry longer ones: whatever is not delivered is counted by somebody.
 */

import { miniOs } from "@clickos/minios";
import { createSwitch, patch } from "@clickos/vale";
import { spawnFrontEnd } from "../front-end.mjs";

const perSlice = 16;

/** By mode of the back end and MTU. */
export const frameSizes = [
  ["netmap", "+batch", undefined, 4096],
  ["standard", "baseline", undefined, 4096],
  ["netmap", "+batch", 9000, 9300],
  ["standard", "+grants", 9000, 9300],
].map(([mode, vifMode, mtu, largest]) => ({
  name: `frame sizes (${vifMode}${mtu === undefined ? "" : `, MTU ${mtu}`})`,
  async start(world) {
    const step = (world.short ? 61 : 1) * (mtu === undefined ? 1 : 2);
    const line = createSwitch({ name: `line${world.guests}`, lookup: patch() });
    const outside = line.attach("outside", mtu === undefined ? {} : { mtu });
    world.bridges[line.name] = line;
    // A standard front end has no slots for a frame of no bytes.
    let next = mode === "standard" ? 1 : 0;
    let sent = 0;
    let refusedHere = 0;
    let received = 0;
    let heard = 0;
    const kernel = miniOs((os) => {
      const { domain } = os;
      function* send(front) {
        for (;;) {
          for (let i = 0; i < perSlice && next <= largest; i++) {
            const frame = new Uint8Array(next).fill(next);
            try {
              if (!front.send(frame)) break;
              sent++;
            } catch (e) {
              if (!(e instanceof RangeError)) throw e;
              refusedHere++;
            }
            next += step;
          }
          front.flush();
          heard += front.receive().length;
          os.again();
          yield;
        }
      }
      spawnFrontEnd(
        os,
        domain,
        () => ({ mode }),
        (front) => os.spawn(send(front)),
      );
    });
    const guest = await world.guest({ name: "sizes", kernel, vif: { mode: vifMode, bridge: line.name, mtu } });
    let into = 0;
    let size = 0;
    let quiet = 0;
    const dropped = () => Object.values(guest.vif?.drops ?? {}).reduce((sum, n) => sum + n, 0);
    const lost = () => {
      const { ports, drops } = line.stats;
      const refused = Object.values(ports).reduce((sum, port) => sum + port.noRoom + port.tooLong, 0);
      return refused + drops.runt + drops.hairpin + drops.nobody;
    };
    const accounted = () => received + heard + dropped() + lost();
    return {
      turn() {
        world.meter.time("switch", () => line.forward());
        received += outside.receive().length;
        for (let i = 0; guest.vif && i < perSlice && size <= largest; i++, size += step) {
          try {
            into += outside.send([new Uint8Array(size).fill(size)]);
          } catch (e) {
            if (!(e instanceof RangeError)) throw e;
          }
        }
        if (next > largest && size > largest) quiet++;
      },
      over: () => (quiet > 20 && accounted() >= sent + into) || quiet > 500,
      end() {
        world.count("frame of any size", sent + into + refusedHere);
        if (quiet > 0 && accounted() !== sent + into)
          world.wrong(
            `${vifMode}, MTU ${mtu}: of ${sent + into} frames, ${received + heard} came and ${dropped() + lost()} are counted`,
          );
        guest.end();
        delete world.bridges[line.name];
      },
    };
  },
}));
