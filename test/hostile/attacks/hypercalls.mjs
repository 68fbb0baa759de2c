/**
 * Hypercall storms and grant races: guests on two threads that ask domain 0 without end, for channels and for copies out of
 * and into frames of each other, while the other changes the grants of those frames; and one that never stops asking in
 * one slice, and is to be ended for it.
 */
import { frameSize, GTF } from "@clickos/grant-table";
import { domainFrames, EVTCHNOP, GNTTABOP } from "@clickos/hypervisor";
import { counts, lazyModule, rawGuest, tables, words } from "../raw.mjs";
import { pcpus } from "../world.mjs";

const [peerAt, storePortAt] = [words, words + 4];
const argumentsAt = words + 64;
const table = domainFrames.grantTable * frameSize;
/** Entries that are granted to the other, and the guest's frames behind them. */
const [firstRef, refs, firstFrame] = [64, 64, 64];
const copies = 64;

const storm = lazyModule("storm", (_m, call, next) => ({
  vcpu(c) {
    c.for(0, 30, 1, () => {
      // A copy between any two of 64 frames each, of any length up to a frame, in or out.
      c.for(0, copies, 1, (i) => {
        const at = i.mul(40).add(tables);
        const x = c.call(next);
        const out = x.and(1);
        c.store32(at, x.shrU(1).and(63).add(firstRef));
        c.store16(at, c.load32(peerAt), 8);
        c.store16(at, x.shrU(7).and(15), 10);
        c.store32(at, x.shrU(11).and(63).add(firstFrame), 16);
        c.store16(at, 0x7ff0, 24);
        c.store16(at, 0, 26);
        c.store16(at, x.shrU(17).and(4095), 32);
        c.store16(at, out.add(1), 34);
      });
      c.call(call.grant_table_op, GNTTABOP.copy, tables, copies);
      // While the other asks the same: entries of ours come, go, and show other frames.
      c.for(0, refs, 1, (i) => {
        const x = c.call(next);
        const entry = i.add(firstRef).shl(3).add(table);
        c.store32(entry, x.and(63).add(firstFrame), 4);
        c.if(x.and(64), () => c.store32(entry, c.load32(entry).xor(GTF.permitAccess)));
      });
      c.for(0, 24, 4, (i) => c.store32(i.add(argumentsAt), c.call(next).and(63)));
      c.store16(argumentsAt, 0x7ff0);
      c.store16(argumentsAt, c.load32(peerAt), 2);
      c.call(call.event_channel_op, c.call(next).and(15), argumentsAt);
      for (let i = 0; i < 8; i++) c.call(call.evtchn_send, c.call(next).and(1023));
      counts(c, 1);
    });
    return c.i32(1);
  },
}));

const endless = lazyModule("endless hypercalls", (_m, call) => ({
  vcpu(c) {
    c.loop(() => {
      c.store16(argumentsAt, 0x7ff0);
      c.store16(argumentsAt, 0, 2);
      c.call(call.event_channel_op, EVTCHNOP.allocUnbound, argumentsAt);
      c.call(call.evtchn_send, c.load32(storePortAt));
      counts(c, 1);
    });
    return c.i32(1);
  },
}));

/** Colluding: each on its own thread, each with grants for the other. */
export const hypercallStorm = {
  name: "hypercalls and grants",
  async start(world) {
    const guests = await Promise.all(
      [pcpus.racing, pcpus.lost].map((pcpu) => rawGuest(world, { name: "storm", module: storm(), pcpu, paused: true })),
    );
    for (const [i, { domain }] of guests.entries()) {
      const peer = guests[1 - i].domain.id;
      const data = new DataView(domain.memory.buffer);
      data.setUint32(peerAt, peer, true);
      for (let k = 0; k < refs; k++) {
        data.setUint32(table + (firstRef + k) * 8 + 4, firstFrame + k, true);
        data.setUint32(table + (firstRef + k) * 8, (peer << 16) | GTF.permitAccess, true);
      }
    }
    for (const { domain } of guests) domain.unpause();
    let made = 0;
    let rounds = 0;
    return {
      turn() {
        rounds++;
        for (const guest of guests) {
          const n = guest.worked();
          made += n;
          world.count("copies of 64 grants", n);
        }
      },
      over: () =>
        rounds > 30 && (made > (world.short ? 100 : 2000) || guests.some((g) => g.domain.state !== "running")),
      end() {
        for (const guest of guests) guest.end();
      },
    };
  },
};

export const hypercallsWithoutEnd = {
  name: "hypercalls without end",
  async start(world) {
    const guest = await rawGuest(world, {
      name: "endless",
      module: endless(),
      pcpu: pcpus.lost,
      setup: (data) => data.setUint32(storePortAt, 1, true),
    });
    let rounds = 0;
    return {
      turn() {
        rounds++;
        world.count("hypercall in an endless slice", guest.worked());
      },
      // The first thousand are answered, one a turn; only then is the guest on its own.
      over: () => guest.domain.state === "crashed" || (world.short && rounds > 80),
      end() {
        const { crash, state } = guest.domain;
        if (state === "crashed" && crash?.cause !== "watchdog")
          world.wrong(`an endless slice of hypercalls ended otherwise: ${crash?.cause}`);
        guest.end();
      },
    };
  },
};
