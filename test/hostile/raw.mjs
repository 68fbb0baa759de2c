/**
 * Guests of raw WebAssembly, for threads of their own: what they share they change while the other side reads it. The
 * host lays out their memory and their rings before they start; they have their own words at the end of their memory.
 */
import { moduleBuilder, wasmBackend } from "@clickos/codegen";
import { createGrantTable, frameSize } from "@clickos/grant-table";
import { compileKernel, domainFrames, hypercalls, wasmKernel } from "@clickos/hypervisor";
import { connectStandardVif, connectVif } from "@clickos/netback";
import { openNetFront } from "@clickos/netfront";

export const rawPages = 48;
/** The guest's own words: 128 KiB at the end. */
export const words = (rawPages - 3) * 65536;
/** Tables begin here. */
export const tables = words + 65536;
const seedAt = words + 65532;
/** The guest adds to it what it has done. */
export const countAt = words + 65528;

/**
 * A module: `build` gets a builder, the hypercalls by name, and `next`, a random number, and returns `vcpu` and, if
 * wanted, `boot`: functions of a function's builder. `start` names what runs at instantiation.
 */
export function rawModule(name, build) {
  const m = moduleBuilder({ memory: { import: ["xen", "memory"], pages: rawPages, shared: true }, name });
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
  const { vcpu, boot = () => {}, start } = build(m, call, next);
  m.export("boot", m.func("boot", {}, undefined, boot));
  m.export("vcpu", m.func("vcpu", { now: "i64", rounds: "i32" }, "i32", vcpu));
  if (start) m.export("start", m.func("start", {}, undefined, start));
  const bytes = wasmBackend.encode(m.toIr());
  return start ? withStart(bytes) : bytes;
}

/** Counts what the guest does. */
export function counts(c, n) {
  c.store32(countAt, c.load32(countAt).add(n));
}

/** Never ends. */
export function forever(c) {
  c.loop(() => c.store32(words, c.load32(words).add(1)));
}

/** Once compiled, for all of its domains: a function that gives the promise of it. */
export function lazyModule(name, build) {
  let module;
  return () => {
    module ??= compileKernel(rawModule(name, build));
    return module;
  };
}

/** A section that has the exported function `start` run at instantiation, where such a section belongs. */
function withStart(bytes) {
  let at = 8;
  const u32 = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  let index = -1;
  for (;;) {
    const section = at;
    const id = bytes[at++];
    const end = u32() + at;
    if (id === 7)
      for (let left = u32(); left > 0; left--) {
        const length = u32();
        const exported = Buffer.from(bytes.subarray(at, at + length)).toString();
        at += length + 1;
        const number = u32();
        if (exported === "start") index = number;
      }
    if (id === 10) {
      if (!(index >= 0 && index < 128)) throw new Error("no function to start");
      return Uint8Array.from([...bytes.subarray(0, section), 8, 1, index, ...bytes.subarray(section)]);
    }
    at = end;
  }
}

/**
 * A raw guest in its domain, of a module or the promise of one. `setup` gets a view of its memory before it starts, and its interface when it is to have one:
 * `vif` is `{ mode, bridge, rate?, rules?, persistent?, mtu?, frameLimit? }`, connected by the host in the guest's name.
 */
export async function rawGuest(world, { name, module, pcpu, vif, setup = () => {}, paused }) {
  const { hypervisor } = world;
  let connected;
  const guest = await world.guest({
    name,
    pcpu,
    pages: rawPages,
    paused,
    kernel: wasmKernel(await module),
    prepare(d) {
      const data = new DataView(d.memory.buffer);
      data.setUint32(seedAt, world.r.next() | 1, true);
      if (!vif) {
        setup(data, d);
        return undefined;
      }
      connected = connect(hypervisor, d, vif, (front) => setup(data, d, front));
      return () => connected.end();
    },
  });
  const { domain } = guest;
  let seen = 0;
  const done = new Int32Array(domain.memory.buffer, countAt, 1);
  const { end } = guest;
  world.racing.add(done);
  return Object.assign(guest, {
    /** What it has done since it was last asked. */
    worked() {
      if (domain.state === "destroyed") return 0;
      const now = Atomics.load(done, 0) >>> 0;
      const n = (now - seen) >>> 0;
      seen = now;
      return n;
    },
    end() {
      world.racing.delete(done);
      end.call(guest);
    },
    port: connected?.vif,
  });
}

/** Sets an interface up as its guest would, has `setup` change the guest's side, and connects it to a switch. */
function connect(hypervisor, d, { mode, bridge, rate, rules, persistent = false, mtu, frameLimit }, setup) {
  const { events, mapper } = hypervisor;
  const remote = events.allocUnbound(d.id, 0);
  const local = events.bindInterdomain(0, d.id, remote);
  hypervisor.onEvent(local, () => {});
  let frame = domainFrames.firstFree;
  const grants = createGrantTable(d.table);
  const parts = { memory: d.memory, grants, backend: 0, notifyTx() {}, notifyRx() {}, freeFrame() {} };
  const front = openNetFront({ ...parts, allocateFrame: () => frame++ }, { mode });
  const key = (k) => Number(front.keys[k] ?? 0);
  const data = new DataView(d.memory.buffer);
  setup({
    front,
    grants,
    allocateFrame: () => frame++,
    /** Where the page of a ring is. */
    page: (k) => data.getUint32(domainFrames.grantTable * frameSize + key(k) * 8 + 4, true) * frameSize,
  });
  const common = { name: `vif${d.id}.0`, domain: d.id, mapper, mtu, frameLimit, ...(rate ? { rate } : {}) };
  const notify = () => events.send(0, local);
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
          notify,
        })
      : connectStandardVif({
          ...common,
          txRingRef: key("tx-ring-ref"),
          rxRingRef: key("rx-ring-ref"),
          persistent,
          notifyTx: notify,
          notifyRx: notify,
        });
  bridge.attach(vif, rules);
  return {
    vif,
    end() {
      bridge.detach(vif);
      hypervisor.onEvent(local, undefined);
      events.close(0, local);
    },
  };
}
