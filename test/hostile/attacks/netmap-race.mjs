/**
 * A guest on a thread that gives its netmap slots back as soon as they are read, and changes what is in them meanwhile: frames
 * in one slot or in several, with an end or without.
 */
import { NS, netmapRing, netmapSlot, ringSlots } from "@clickos/xen-ring";
import { counts, lazyModule, rawGuest, words } from "../raw.mjs";
import { pcpus } from "../world.mjs";

const [txAt, rxAt] = [words, words + 4];
/** Flags that slots have at random, and always. */
const [sometimesAt, alwaysAt] = [words + 8, words + 12];
const { head, tail, event, slots } = netmapRing.offsets;
const { bufIdx, len, flags, ptr } = netmapSlot.offsets;

const module = lazyModule("netmap race", (_m, _call, next) => ({
  vcpu(c) {
    const tx = c.load32(txAt);
    const rx = c.load32(rxAt);
    c.for(0, 1000, 1, () => {
      const slot = c
        .call(next)
        .and(ringSlots - 1)
        .mul(netmapSlot.size)
        .add(tx);
      const size = c.call(next);
      c.store16(slot, size.and(0x7ff), slots + len);
      c.store16(slot, c.call(next).and(c.load32(sometimesAt)).or(c.load32(alwaysAt)), slots + flags);
      c.store32(slot, size.shrU(11).and(ringSlots - 1), slots + bufIdx);
      c.store32(slot, size.shrU(19).and(0xff), slots + ptr);
      c.atomicStore(tx, c.atomicLoad(tx, tail), head);
      c.atomicStore(rx, c.atomicLoad(rx, tail), head);
      c.atomicStore(rx, 1, event);
      counts(c, 1);
    });
    return c.i32(1);
  },
}));

export const netmapRace = {
  name: "netmap race",
  async start(world) {
    const { r } = world;
    const guest = await rawGuest(world, {
      name: "netmaprace",
      module: module(),
      pcpu: pcpus.racing,
      vif: { mode: "netmap", bridge: world.arena, ...r.pick([{}, { mtu: 9000, frameLimit: 9018 }]) },
      setup(data, _d, { page }) {
        data.setUint32(sometimesAt, r.pick([0, NS.moreFrag, 0xffff]), true);
        data.setUint32(alwaysAt, r.once(4) ? NS.moreFrag : 0, true);
        data.setUint32(txAt, page("tx-ring-ref"), true);
        data.setUint32(rxAt, page("rx-ring-ref"), true);
      },
    });
    let rounds = 0;
    return {
      turn() {
        rounds++;
        world.count("netmap slot changed", guest.worked());
      },
      over: () => guest.domain.state !== "running" || rounds > (world.short ? 50 : 1000),
      end() {
        for (const [kind, n] of Object.entries(guest.port.drops)) world.error(kind, n);
        guest.end();
      },
    };
  },
};
