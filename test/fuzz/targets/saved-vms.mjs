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
  return all.slice(0, all.length - 32);
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

const newline = Uint8Array.of(10);
function joined({ line, header, images, snapshotLine, snapshot, frames }) {
  const end = concat(snapshotLine, bytesOf(JSON.stringify(snapshot)), newline, frames);
  return concat(line, bytesOf(JSON.stringify({ ...header, snapshotBytes: end.length })), newline, images, end);
}

const bases = await Promise.all([
  saved("Idle -> Discard;"),
  saved("FromDevice(0) -> c :: Counter -> ToDevice(1); FromDevice(1) -> q :: Queue -> ToDevice(0);"),
]);

export const target = {
  name: "saved-vms",
  errors: ["ToolstackError", "NetbackError", "ImageError", "KernelError", "HypervisorError", "SnapshotError"],
  seeds: () => [
    ...bases,
    bytesOf("CLICKOS VM 1\nnull\n"),
    bytesOf('CLICKOS VM 1\n{"name":"x","devices":[],"routers":[],"snapshotBytes":0}\n'),
  ],
  generate(r) {
    const parts = split(r.pick(bases));
    switch (r.below(4)) {
      case 0:
        return joined({ ...parts, snapshot: mutateValue(parts.snapshot, r, words) });
      case 1:
        return joined({ ...parts, header: mutateValue(parts.header, r, words) });
      default: {
        // Memory: what was in it, changed.
        const frames = parts.frames.slice();
        const view = new DataView(frames.buffer);
        for (let n = 1 + r.below(200); n > 0; n--)
          view.setUint32(4 * r.below(frames.length >>> 2), r.once(2) ? r.pick(edges) : r.next(), true);
        return joined({ ...parts, frames });
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
        vm.drops();
        xl.destroy(vm.name);
        return "restored";
      } catch (e) {
        if (e.code !== "BAD_VIFS" || n > 0) throw e;
      }
    }
    return undefined;
  },
};
