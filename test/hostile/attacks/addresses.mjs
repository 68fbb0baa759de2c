/**
 * 80,000 random source addresses on the switch of a neighbour: a table that forgets the neighbour would send his frames
 * to everybody. What the attacker is sent is looked at by the suite, as it is at all hostile ports.
 */

import { miniOs } from "@clickos/minios";
import { spawnFrontEnd } from "../front-end.mjs";

const flood = 80_000;
const perSlice = 200;

export const addresses = {
  name: "address flood",
  async start(world) {
    const { r } = world;
    const wanted = world.short ? 4000 : flood;
    let sent = 0;
    const frame = new Uint8Array(60);
    const kernel = miniOs((os) => {
      const { domain } = os;
      function* send(front) {
        for (;;) {
          for (let i = 0; i < perSlice; i++) {
            // From an address to the same: it is learned, and sent to nobody.
            for (let b = 1; b < 6; b++) frame[b] = frame[6 + b] = r.next();
            frame[0] = frame[6] = r.next() & 0xfc;
            if (!front.send(frame)) break;
            sent++;
          }
          front.flush();
          for (const heard of front.receive()) world.overheard(heard);
          os.again();
          yield;
        }
      }
      spawnFrontEnd(
        os,
        domain,
        () => ({}),
        (front) => os.spawn(send(front)),
      );
    });
    const guest = await world.guest({ name: "flood", kernel, vif: { mode: "+batch", antiSpoof: false } });
    return {
      over: () => sent >= wanted || guest.domain.state !== "running",
      end() {
        if (sent === 0) world.wrong("the address flood sent nothing");
        world.count("random source address", sent);
        guest.end();
      },
    };
  },
};
