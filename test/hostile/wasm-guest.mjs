/**
 * The hostile guest in raw WebAssembly, for a thread of its own: it changes what it shares while the other side reads
 * it, as fast as it can, and makes hypercalls with whatever arguments. The host sets its interface up, so that there
 * is something to break; the guest has the table of targets in its memory.
 */
import { moduleBuilder } from "@clickos/codegen";
import { createGrantTable, frameSize } from "@clickos/grant-table";
import { compileKernel, domainFrames, hypercalls, wasmKernel } from "@clickos/hypervisor";
import { connectStandardVif, connectVif } from "@clickos/netback";
import { openNetFront } from "@clickos/netfront";
import { edges } from "./random.mjs";
import { domainTargets, netifTargets, netmapTargets } from "./targets.mjs";

export const wasmPages = 48;
/** The guest's own words, and its tables, at the end of its memory. */
const state = (wasmPages - 3) * 65536;
const [seedAt, countAt, argumentsAt] = [state, state + 4, state + 64];
const edgesAt = state + 4096;
const targetsAt = state + 65536;
const edgeCount = 64;
const targetCount = 8192;
/** Mutations of a slice. */
const perSlice = 64;

/** Compiled once; what is different is in the memory. */
export function hostileModule() {
  const m = moduleBuilder({ memory: { import: ["xen", "memory"], pages: wasmPages, shared: true }, name: "hostile" });
  const call = Object.fromEntries(
    hypercalls.map((h) => [
      h.name,
      m.import("xen", h.name, Object.fromEntries(h.params.map((type, i) => [`p${i}`, type])), h.result),
    ]),
  );
  const next = m.func("next", {}, "i32", (c) => {
    const x = c.var("i32", c.load32(seedAt));
    x.set(x.get().xor(x.get().shl(13)));
    x.set(x.get().xor(x.get().shrU(17)));
    x.set(x.get().xor(x.get().shl(5)));
    c.store32(seedAt, x.get());
    return x.get();
  });
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
  m.export(
    "boot",
    m.func("boot", {}, undefined, () => {}),
  );
  m.export(
    "vcpu",
    m.func("vcpu", { now: "i64", rounds: "i32" }, "i32", (c) => {
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
      c.store32(countAt, c.load32(countAt).add(perSlice));
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
    }),
  );
  return compileKernel(m.toWasm());
}

/** A hostile domain whose interface is connected to a switch. */
export async function hostileWasm({ hypervisor, module, mode, seed, bridge, pcpu, name, connectStore }) {
  const { events, mapper } = hypervisor;
  const wake = [];
  let front;
  const domain = await hypervisor.createDomain({
    name,
    pages: wasmPages,
    pcpu,
    kernel: wasmKernel(module),
    prepare(d) {
      wake.push(connectStore(d));
      const remote = events.allocUnbound(d.id, 0);
      const local = events.bindInterdomain(0, d.id, remote);
      hypervisor.onEvent(local, () => {});
      wake.push(() => {
        hypervisor.onEvent(local, undefined);
        events.close(0, local);
      });
      let frame = domainFrames.firstFree;
      const grants = createGrantTable(d.table);
      front = openNetFront(
        {
          memory: d.memory,
          grants,
          backend: 0,
          allocateFrame: () => frame++,
          freeFrame() {},
          notifyTx() {},
          notifyRx() {},
        },
        { mode },
      );
      for (let i = 0; i < 8; i++) front.send(new Uint8Array(60 + i).fill(i));
      front.flush();
      const data = new DataView(d.memory.buffer);
      const page = (key) =>
        data.getUint32(domainFrames.grantTable * frameSize + Number(front.keys[key]) * 8 + 4, true) * frameSize;
      const make = mode === "netmap" ? netmapTargets : netifTargets;
      const rings = [...make("tx", page("tx-ring-ref")), ...make("rx", page("rx-ring-ref"))];
      const targets = [...domainTargets(), ...rings, ...rings];
      data.setUint32(seedAt, seed | 1, true);
      for (let i = 0; i < edgeCount; i++) data.setUint32(edgesAt + i * 4, edges[i % edges.length], true);
      for (let i = 0; i < targetCount; i++) {
        const { address, width } = targets[i % targets.length];
        data.setUint32(targetsAt + i * 8, address, true);
        data.setUint32(targetsAt + i * 8 + 4, width, true);
      }
      const key = (k) => Number(front.keys[k] ?? 0);
      const rate = { bytes: 3000, microseconds: 10_000 };
      const common = { name: `vif${d.id}.0`, domain: d.id, mapper, rate, burst: 16 };
      const vif =
        mode === "netmap"
          ? connectVif({
              ...common,
              grants: {
                rxRingRef: key("rx-ring-ref"),
                txRingRef: key("tx-ring-ref"),
                bufferRef: key("buffer-ref"),
                bufferFrames: key("buffer-frames"),
                bufferCount: key("buffer-count"),
              },
              notify: () => events.send(0, local),
            })
          : connectStandardVif({
              ...common,
              txRingRef: key("tx-ring-ref"),
              rxRingRef: key("rx-ring-ref"),
              persistent: (seed & 1) === 0,
              notifyTx: () => events.send(0, local),
              notifyRx: () => events.send(0, local),
            });
      front = bridge.attach(vif);
    },
  });
  domain.unpause();
  return {
    domain,
    vif: front,
    mutations: () => Atomics.load(new Int32Array(domain.memory.buffer), countAt >> 2) >>> 0,
    end() {
      bridge.detach(front);
      for (const undo of wake) undo();
      hypervisor.destroyDomain(domain.id);
    },
  };
}
