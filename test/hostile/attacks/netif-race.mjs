/**
 * Guests on a thread that refill both rings of a standard interface while the back end reads them, with good grants and
 * with bad ones, packets in one slot or in several, with an end or without: who follows an index never comes back.
 */
import { NETTXF, netifRxRequest, netifTxRequest, sring } from "@clickos/xen-ring";
import { counts, lazyModule, rawGuest, tables, words } from "../raw.mjs";
import { pcpus } from "../world.mjs";

const [txAt, rxAt, txProdAt, rxProdAt] = [words, words + 4, words + 8, words + 12];
const txTable = tables;
const rxTable = tables + 4096;
const { reqProd, rspProd } = sring.offsets;

const module = lazyModule("netif race", (_m, _call) => ({
  vcpu(c) {
    /** Puts all requests there is room for into a ring: `stride` bytes each, from a table. */
    const refill = (ringAt, prodAt, table, stride) => {
      const ring = c.load32(ringAt);
      const prod = c.var("i32", c.load32(prodAt));
      const end = c.atomicLoad(ring, rspProd).add(256);
      c.while(
        () => prod.get().ne(end),
        () => {
          const slot = prod.get().and(255).mul(stride);
          for (let word = 0; word < stride; word += 4)
            c.store32(slot.add(ring), c.load32(slot.add(table), word), sring.size + word);
          prod.inc(1);
          counts(c, 1);
        },
      );
      c.store32(prodAt, prod.get());
      c.atomicStore(ring, prod.get(), reqProd);
    };
    c.for(0, 2000, 1, () => {
      refill(txAt, txProdAt, txTable, 12);
      refill(rxAt, rxProdAt, rxTable, 8);
    });
    return c.i32(1);
  },
}));

export const netifRace = {
  name: "netif race",
  async start(world) {
    const { r } = world;
    const guest = await rawGuest(world, {
      name: "netifrace",
      module: module(),
      pcpu: pcpus.racing,
      vif: {
        mode: "standard",
        bridge: world.arena,
        persistent: r.once(2),
        ...r.pick([{}, { mtu: 9000, frameLimit: 9018 }]),
      },
      setup(data, _d, { grants, allocateFrame, page }) {
        data.setUint32(txAt, page("tx-ring-ref"), true);
        data.setUint32(rxAt, page("rx-ring-ref"), true);
        // What the host's front end has asked for already stays asked for.
        data.setUint32(txProdAt, data.getUint32(page("tx-ring-ref"), true), true);
        data.setUint32(rxProdAt, data.getUint32(page("rx-ring-ref"), true), true);
        const refs = Array.from({ length: 64 }, () => grants.grant(allocateFrame(), { to: 0 }));
        const good = r.pick([1, 2, 1000]);
        /** One in so many slots is a packet's last. */
        const ends = r.pick([1, 1, 4, 1000]);
        const flags = () => (r.once(ends) ? 0 : NETTXF.moreData);
        const gref = () => (r.once(good) && good > 1 ? r.next() : r.pick(refs));
        for (let i = 0; i < 256; i++) {
          const tx = netifTxRequest.view(data.buffer, txTable + i * 12);
          Object.assign(tx, { gref: gref(), offset: r.below(64), flags: flags(), id: i, size: 60 + r.below(1500) });
          Object.assign(netifRxRequest.view(data.buffer, rxTable + i * 8), { id: i, pad: 0, gref: gref() });
        }
      },
    });
    let rounds = 0;
    return {
      turn() {
        rounds++;
        world.count("netif slot refilled", guest.worked());
      },
      over: () => guest.domain.state !== "running" || rounds > (world.short ? 50 : 1000),
      end() {
        for (const [kind, n] of Object.entries(guest.port.drops)) world.error(kind, n);
        guest.end();
      },
    };
  },
};
