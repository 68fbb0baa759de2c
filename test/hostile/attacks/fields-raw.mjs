/**
 * Random fields, from a thread: a guest changes what it shares while the other side reads it, as fast as it can, and
 * makes hypercalls with whatever arguments. The table of targets is in its memory.
 */
import { edges } from "../random.mjs";
import { counts, lazyModule, rawGuest, tables, words } from "../raw.mjs";
import { domainTargets, netifTargets, netmapTargets } from "../targets.mjs";
import { pcpus } from "../world.mjs";

const argumentsAt = words + 64;
const edgesAt = words + 4096;
const targetsAt = tables;
const edgeCount = 64;
const targetCount = 8192;
/** Mutations of a slice. */
const perSlice = 64;
const lifetime = 20_000;

const module = lazyModule("hostile", (m, call, next) => {
  // An edge, or anything.
  const value = m.func("value", {}, "i32", (c) => {
    const x = c.call(next);
    return c.select(
      x.and(64),
      c.load32(
        x
          .and(edgeCount - 1)
          .shl(2)
          .add(edgesAt),
      ),
      c.call(next),
    );
  });
  return {
    vcpu(c) {
      c.for(0, perSlice, 1, () => {
        const at = c
          .call(next)
          .and(targetCount - 1)
          .shl(3)
          .add(targetsAt);
        const address = c.load32(at);
        const width = c.load32(at, 4);
        const v = c.call(value);
        c.if(
          width.eq(4),
          () => c.store32(address, v),
          () =>
            c.if(
              width.eq(2),
              () => c.store16(address, v),
              () => c.store8(address, v),
            ),
        );
      });
      counts(c, perSlice);
      c.call(call.evtchn_send, c.call(next).and(7));
      c.call(call.evtchn_send, c.call(value));
      const what = c.call(next).and(31);
      c.for(0, 40, 4, (i) => c.store32(i.add(argumentsAt), c.call(value)));
      // Slow ones: domain 0 answers them.
      c.if(what.eq(0), () => c.call(call.event_channel_op, c.call(next).and(15), argumentsAt));
      c.if(what.eq(1), () => {
        c.store32(argumentsAt, c.call(next).and(31));
        c.call(call.event_channel_op, c.call(next).and(15), argumentsAt);
      });
      c.if(what.eq(2), () => c.call(call.grant_table_op, 5, argumentsAt, c.call(next).and(1)));
      c.if(what.eq(3), () => c.call(call.event_channel_op, c.call(value), c.call(value)));
      c.if(what.eq(4), () => c.call(call.grant_table_op, c.call(value), c.call(value), c.call(value)));
      c.if(what.eq(5), () => c.call(call.console_io, c.call(value), c.call(value)));
      c.if(what.eq(6), () => c.call(call.sched_op, c.call(next).and(1), c.call(value)));
      return c.i32(1);
    },
  };
});

export const fieldsRaw = ["netmap", "standard"].map((mode) => ({
  name: `random fields from a thread (${mode})`,
  async start(world) {
    const guest = await rawGuest(world, {
      name: "raw",
      module: module(),
      pcpu: pcpus.racing,
      vif: {
        mode,
        bridge: world.bridge,
        rate: { bytes: 3000, microseconds: 10_000 },
        persistent: world.r.once(2),
        ...world.r.pick([{}, { mtu: 9000 }, { mtu: 9000, frameLimit: 9018 }]),
      },
      setup(data, _d, { front, page }) {
        for (let i = 0; i < 8; i++) front.send(new Uint8Array(60 + i).fill(i));
        front.flush();
        const make = mode === "netmap" ? netmapTargets : netifTargets;
        const rings = [...make("tx", page("tx-ring-ref")), ...make("rx", page("rx-ring-ref"))];
        const targets = [...domainTargets(), ...rings, ...rings];
        for (let i = 0; i < edgeCount; i++) data.setUint32(edgesAt + i * 4, edges[i % edges.length], true);
        for (let i = 0; i < targetCount; i++) {
          const { address, width } = targets[i % targets.length];
          data.setUint32(targetsAt + i * 8, address, true);
          data.setUint32(targetsAt + i * 8 + 4, width, true);
        }
      },
    });
    const { domain } = guest;
    let made = 0;
    return {
      turn() {
        const n = guest.worked();
        made += n;
        world.count(`raw ${mode} guest`, n);
        const ahead = world.mutated("raw", n);
        // The raw ones are faster: they wait for the others.
        if (ahead && domain.state === "running") void domain.pause();
        if (!ahead && domain.state === "paused") domain.unpause();
      },
      over: () => made > lifetime || domain.state === "crashed" || domain.state === "halted",
      end() {
        for (const [kind, n] of Object.entries(guest.port.drops)) world.error(kind, n);
        guest.end();
      },
    };
  },
}));
