/**
 * A guest on a thread that gives its netmap slots back as soon as they are read, and changes what is in them meanwhile: frames
 * in one slot or in several, with an end or without, in any buffer. Its frames go to a switch with others, or its buffers are lent to a NIC.
 */

import { frameSize } from "@clickos/grant-table";
import { createIxgbe, drive, driverMemory } from "@clickos/ixgbe-model";
import { createSwitch, FrameBatch, frameMemory, patch } from "@clickos/vale";
import { NS, netmapRing, netmapSlot, ringSlots } from "@clickos/xen-ring";
import { counts, lazyModule, rawGuest, words } from "../raw.mjs";
import { pcpus } from "../world.mjs";

const [txAt, rxAt] = [words, words + 4];
/** Flags that slots have at random, and always. */
const [sometimesAt, alwaysAt] = [words + 8, words + 12];
/** Bits that the numbers of buffers may have. */
const indexAt = words + 16;
/** Frames behind those that were granted, all of whose bytes are these: nobody may write there, or send them. */
const canaryFrames = 32;
const canary = 0xa5;
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
      // Any buffer to receive to, and now and then to send from.
      const other = c.call(next);
      const posted = other
        .and(ringSlots - 1)
        .mul(netmapSlot.size)
        .add(rx);
      c.store32(posted, other.rotl(13).and(c.load32(indexAt)), slots + bufIdx);
      c.store32(posted, other.shrU(9).and(0x7ff), slots + ptr);
      c.if(other.shrU(28).eqz(), () => c.store32(slot, other.and(c.load32(indexAt)), slots + bufIdx));
      c.atomicStore(tx, c.atomicLoad(tx, tail), head);
      c.atomicStore(rx, c.atomicLoad(rx, tail), head);
      c.atomicStore(rx, 1, event);
      counts(c, 1);
    });
    return c.i32(1);
  },
}));

export const netmapRaces = [false, true].map((lent) => ({
  name: lent ? "netmap race with a NIC" : "netmap race",
  async start(world) {
    const { r } = world;
    const wire = lent ? createWire(world) : undefined;
    const frameSizes = lent ? {} : r.pick([{}, { mtu: 9000, frameLimit: 9018 }]);
    let watched;
    const guest = await rawGuest(world, {
      name: "netmaprace",
      module: module(),
      pcpu: pcpus.racing,
      vif: { mode: "netmap", bridge: wire?.line ?? world.arena, ...frameSizes },
      setup(data, _d, { page, allocateFrame }) {
        data.setUint32(sometimesAt, r.pick([0, NS.moreFrag, 0xffff]), true);
        data.setUint32(alwaysAt, r.once(4) ? NS.moreFrag : 0, true);
        data.setUint32(indexAt, r.pick([ringSlots - 1, ringSlots * 4 - 1, 0xffffffff]), true);
        data.setUint32(txAt, page("tx-ring-ref"), true);
        data.setUint32(rxAt, page("rx-ring-ref"), true);
        watched = new Uint8Array(data.buffer, allocateFrame() * frameSize, canaryFrames * frameSize).fill(canary);
      },
    });
    let rounds = 0;
    return {
      turn() {
        rounds++;
        wire?.turn();
        world.count("netmap slot changed", guest.worked());
      },
      over: () => guest.domain.state !== "running" || rounds > (world.short ? 50 : 1000),
      end() {
        if (guest.domain.state === "running" && !watched.every((byte) => byte === canary))
          world.wrong("domain 0 wrote to frames that a guest did not grant");
        if (wire?.leaked()) world.wrong("a NIC sent what a guest did not grant");
        for (const [kind, n] of Object.entries(guest.port.drops)) world.error(kind, n);
        guest.end();
        wire?.end();
      },
    };
  },
}));

/** A switch that joins a guest with a NIC that uses its buffers, and a wire on which frames come in each turn. */
function createWire({ r, meter, count }) {
  const nic = createIxgbe({ mac: "02:00:00:00:ff:01", dma: frameMemory(driverMemory) });
  const line = createSwitch({ name: "line", lookup: patch() });
  const port = line.attach(drive(nic, "nic", { zeroCopy: true }));
  const batch = new FrameBatch(128 * 2112);
  let sent = 0;
  let leaked = false;
  nic.connect({
    receive({ count: n, offsets, lengths, memory }) {
      sent += n;
      // A few of them: looking takes longer than sending.
      for (let i = 0; i < Math.min(n, 8); i++)
        if (memory.bytes.subarray(offsets[i], offsets[i] + lengths[i]).includes(canary)) leaked = true;
    },
  });
  return {
    line,
    leaked: () => leaked,
    turn() {
      batch.count = 1 + r.below(128);
      for (let i = 0; i < batch.count; i++) {
        batch.offsets[i] = i * 2112;
        batch.lengths[i] = 14 + r.below(1505);
      }
      meter.time("switch", () => {
        nic.arrive(batch, 0);
        line.forward();
      });
      count("frame by a NIC with a guest's buffers", batch.count + sent);
      sent = 0;
    },
    end: () => line.detach(port),
  };
}
