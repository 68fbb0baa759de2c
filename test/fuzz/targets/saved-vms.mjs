/** Saved VMs, without the digest at their end: headers, images and snapshots changed, and restored where they can be. */
import { elements } from "@clickos/click-elements";
import { createSwitch } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { edges } from "../../hostile/random.mjs";
import { linked, mutateValue, sha256 } from "../images.mjs";
import { bytesOf, concat, mutateBytes, textOf } from "../mutate.mjs";

const words = [...edges, -1, 0.5, 1e300, null, true, "", "x", "12345678901234567890", [], {}, [0], "a".repeat(10_000)];

const vifs = (n) => Array.from({ length: n }, (_, i) => ({ bridge: createSwitch({ name: `s${i}` }) }));

async function saved(text) {
  const xl = createToolstack({ elements });
  const { bytes, manifest } = await linked(text);
  await xl.create({ name: "vm", image: bytes, vif: vifs(manifest.vifs.length) });
  const all = await xl.save("vm");
  return { file: all.slice(0, all.length - 32), layout: manifest.router };
}

/** The parts: the first line, the header, the images, and the snapshot's first line, header and frames. */
function split(bytes) {
  const first = bytes.indexOf(10) + 1;
  const end = bytes.indexOf(10, first);
  const header = JSON.parse(textOf(bytes.subarray(first, end)));
  const snapshotAt = bytes.length - header.snapshotBytes;
  const snapshotHeader = bytes.indexOf(10, snapshotAt) + 1;
  const snapshotEnd = bytes.indexOf(10, snapshotHeader);
  return {
    line: bytes.subarray(0, first),
    header,
    images: bytes.subarray(end + 1, snapshotAt),
    snapshotLine: bytes.subarray(snapshotAt, snapshotHeader),
    snapshot: JSON.parse(textOf(bytes.subarray(snapshotHeader, snapshotEnd))),
    frames: bytes.subarray(snapshotEnd + 1),
  };
}

const frameSize = 4096;

/** Frames by their numbers. */
function framesOf(bytes) {
  const frames = new Map();
  for (let at = 0; at < bytes.length; at += frameSize + 4) {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
    frames.set(number, bytes.slice(at + 4, at + 4 + frameSize));
  }
  return frames;
}

function poke(frames, address, value) {
  const number = Math.floor(address / frameSize);
  if (!frames.has(number)) frames.set(number, new Uint8Array(frameSize));
  new DataView(frames.get(number).buffer).setUint32(address % frameSize, value, true);
}

/** Frames as they are in a file, with the header that says how many there are. */
function framesText(snapshot, map) {
  const list = [...map].sort(([a], [b]) => a - b);
  const frames = concat(...list.flatMap(([n, bytes]) => [new Uint8Array(Uint32Array.of(n).buffer), bytes]));
  return { snapshot: { ...snapshot, frames: list.length }, frames };
}

const newline = Uint8Array.of(10);
function joined({ line, header, images, snapshotLine, snapshot, frames }) {
  const end = concat(snapshotLine, bytesOf(JSON.stringify(snapshot)), newline, frames);
  return concat(line, bytesOf(JSON.stringify({ ...header, snapshotBytes: end.length })), newline, images, end);
}

/** With all that keeps more than numbers: tables, lists, queues. */
const rich = `
  rw :: IPRewriter(pattern 5.5.5.5 1024-65535# - - 0 1, drop);
  FromDevice(0) -> in :: Counter -> Strip(14) -> CheckIPHeader -> [0] rw; rw[0] -> q :: Queue(50) -> u :: Unqueue -> o :: Null;
  FromDevice(1) -> Strip(14) -> MarkIPHeader -> f :: IPFilter(allow udp, deny all) -> [1] rw; rw[1] -> o;
  o -> arp :: ARPQuerier(1.0.0.1, 02:00:00:00:00:01) -> ToDevice(1); Idle -> [1] arp;
  InfiniteSource(ACTIVE false) -> Queue -> d :: DelayShaper(1s) -> Unqueue -> ToDevice(0);
`;

const bases = await Promise.all([saved("Idle -> Discard;"), saved(rich)]);

function readable(vm, path, router) {
  try {
    if (vm.read(path, router).length > 16 << 20) throw new Error(`${path} gives more than 16 MiB`);
  } catch (e) {
    if (e.name !== "HandlerError") throw e;
  }
}

export const target = {
  name: "saved-vms",
  errors: ["ToolstackError", "NetbackError", "ImageError", "KernelError", "HypervisorError", "SnapshotError"],
  seeds: () => [
    ...bases.map(({ file }) => file),
    bytesOf("CLICKOS VM 1\nnull\n"),
    bytesOf('CLICKOS VM 1\n{"name":"x","devices":[],"routers":[],"snapshotBytes":0}\n'),
  ],
  generate(r) {
    const { file, layout } = r.pick(bases);
    const parts = split(file);
    switch (r.below(4)) {
      case 0:
        return joined({ ...parts, snapshot: mutateValue(parts.snapshot, r, words) });
      case 1:
        return joined({ ...parts, header: mutateValue(parts.header, r, words) });
      default: {
        // Memory: most of all where elements keep what they know.
        const frames = framesOf(parts.frames);
        const { elements: states, base, end } = layout;
        for (let n = 1 + r.below(60); n > 0; n--) {
          const { state, stateSize } = r.pick(states);
          const at = r.once(4) || stateSize < 4 ? base + r.below(end - base) : state + r.below(stateSize);
          const value = r.pick([r.pick(edges), r.next(), base + r.below(end - base), state + r.below(stateSize + 1)]);
          poke(frames, at & ~3, value);
        }
        return joined({ ...parts, ...framesText(parts.snapshot, frames) });
      }
    }
  },
  mutate: mutateBytes,
  async run(input) {
    const whole = concat(input, sha256(input));
    for (const n of [0, 2]) {
      const xl = createToolstack({ elements });
      try {
        const vm = await xl.restore(whole, { vif: vifs(n) });
        // What the host reads is the guest's to write.
        vm.drops();
        for (const router of vm.routers)
          for (const { name } of vm.image.manifest.router.elements)
            for (const line of vm.read(`${name}.handlers`, router).split("\n"))
              if (/\tr/.test(line)) readable(vm, `${name}.${line.split("\t")[0]}`, router);
        xl.destroy(vm.name);
        return "restored and read";
      } catch (e) {
        if (e.code !== "BAD_VIFS" || n > 0) throw e;
      }
    }
    return undefined;
  },
};
