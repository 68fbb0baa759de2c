/**
 * A guest on a thread that refills its store ring with valid requests while domain 0 serves it, and takes every answer
 * at once: who follows the guest never comes back.
 */
import { frameSize } from "@clickos/grant-table";
import { domainFrames, startInfo } from "@clickos/hypervisor";
import { encodeMessage, MessageType, storeRing } from "@clickos/xenstore";
import { counts, lazyModule, rawGuest, tables, words } from "../raw.mjs";
import { pcpus } from "../world.mjs";

const ring = domainFrames.store * frameSize;
const [portAt, lengthAt, positionAt] = [words, words + 4, words + 8];
const size = storeRing.size;

const module = lazyModule("store race", (_m, call) => ({
  vcpu(c) {
    const length = c.load32(lengthAt);
    c.for(0, 300, 1, () => {
      const prod = c.atomicLoad(ring, storeRing.reqProd);
      const room = c.i32(size).sub(prod.sub(c.atomicLoad(ring, storeRing.reqCons)));
      c.if(room, () => {
        const at = c.var("i32", c.load32(positionAt));
        c.for(0, room, 1, (i) => {
          c.store8(
            prod
              .add(i)
              .and(size - 1)
              .add(ring),
            c.load8(at.get().add(tables)),
            storeRing.request,
          );
          at.inc(1);
          c.if(at.get().geU(length), () => at.set(0));
        });
        c.store32(positionAt, at.get());
        c.atomicStore(ring, prod.add(room), storeRing.reqProd);
        counts(c, 1);
      });
      c.atomicStore(ring, c.atomicLoad(ring, storeRing.rspProd), storeRing.rspCons);
      c.call(call.evtchn_send, c.load32(portAt));
    });
    return c.i32(1);
  },
}));

/** One after the other, for ever: nothing in it is wrong. */
function requests(r) {
  const out = [];
  const ask = (type, payload, transactionId = 0) =>
    out.push(...encodeMessage({ type, requestId: out.length, transactionId, payload }));
  for (let i = 0; i < 40; i++) {
    const path = `data/${r.below(1500)}`;
    ask(MessageType.WRITE, `${path}\0${"x".repeat(r.below(2000))}`);
    ask(MessageType.READ, `${path}\0`);
    ask(MessageType.DIRECTORY, "data\0");
    ask(MessageType.WATCH, `${r.pick(["data", path, "@releaseDomain", `@name${i}`])}\0${i}\0`);
    ask(MessageType.TRANSACTION_START, "\0");
    ask(MessageType.GET_PERMS, `${path}\0`);
    if (r.once(4)) ask(MessageType.RM, `${path}\0`);
    if (r.once(4)) ask(MessageType.UNWATCH, `data\0${r.below(i + 1)}\0`);
  }
  ask(MessageType.RESET_WATCHES, "\0");
  return out;
}

export const storeRace = {
  name: "store race",
  async start(world) {
    const guest = await rawGuest(world, {
      name: "storerace",
      module: module(),
      pcpu: pcpus.racing,
      setup(data, d) {
        const stream = requests(world.r);
        new Uint8Array(d.memory.buffer, tables).set(stream);
        data.setUint32(lengthAt, stream.length, true);
        data.setUint32(portAt, startInfo.view(d.memory.buffer, domainFrames.startInfo * frameSize).storeEvtchn, true);
      },
    });
    let rounds = 0;
    return {
      turn() {
        rounds++;
        world.count("store ring refilled", guest.worked());
      },
      over: () => guest.domain.state !== "running" || rounds > (world.short ? 50 : 1500),
      end: () => guest.end(),
    };
  },
};
