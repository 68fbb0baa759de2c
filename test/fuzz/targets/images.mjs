/**
 * Images, without the digest at their end: it is put there as it has to be, so that what is behind it is tested. Those
 * whose module is a known one are also created as VMs.
 */
import { elements } from "@clickos/click-elements";
import { loadImage } from "@clickos/click-image";
import { customSection } from "@clickos/codegen";
import { createSwitch } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { edges } from "../../hostile/random.mjs";
import { linked, mutateValue, sealed, withManifest } from "../images.mjs";
import { concat, mutateBytes } from "../mutate.mjs";

const bases = await Promise.all(
  ["Idle -> Discard;", "FromDevice(0) -> c :: Counter -> ToDevice(1); FromDevice(1) -> q :: Queue -> ToDevice(0);"].map(
    (text) => linked(text),
  ),
);
const words = [
  ...edges,
  -1,
  0.5,
  1e300,
  null,
  true,
  "",
  "x",
  "\x1b[2J",
  "netmap",
  "netif",
  [],
  {},
  [null],
  "a".repeat(100_000),
  "__proto__",
];
const magic = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

function sections(r) {
  const parts = [magic];
  for (let n = r.below(5); n > 0; n--)
    parts.push(Uint8Array.of(r.below(14), r.once(3) ? r.below(256) : 2, r.below(256), r.below(256)));
  return concat(...parts);
}

const isKnown = (bytes) =>
  bases.some(({ module }) => bytes.length > module.length && module.every((b, i) => b === bytes[i]));

export const target = {
  name: "images",
  errors: ["ImageError", "KernelError", "ToolstackError", "NetbackError", "HypervisorError"],
  seeds: () => {
    const [{ module, manifest }, two] = bases;
    const twice = structuredClone(two.manifest);
    twice.vifs[1].device = twice.vifs[0].device;
    return [
      ...bases.map(({ body }) => body),
      withManifest(module, "null"),
      withManifest(module, "[]"),
      withManifest(module, ""),
      withManifest(module, { ...manifest, name: "a".repeat(10 << 20) }),
      withManifest(module, { ...manifest, name: "\x1b[2Jx\r\n" }),
      withManifest(module, { ...manifest, grants: { first: 4294967295, count: -1 } }),
      withManifest(module, { ...manifest, router: { ...manifest.router, pages: 65536 } }),
      withManifest(two.module, twice),
      concat(magic, Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 0x0f)),
      concat(magic, customSection("x", new Uint8Array(0))),
    ];
  },
  generate(r) {
    const { module, manifest } = r.pick(bases);
    if (r.once(4)) return withManifest(sections(r), manifest);
    return withManifest(module, mutateValue(manifest, r, words));
  },
  mutate: mutateBytes,
  async run(input) {
    for (const whole of [new Uint8Array(input), sealed(input)]) {
      let image;
      try {
        image = await loadImage(whole);
      } catch (e) {
        if (e.name !== "ImageError" || whole.length !== input.length) throw e;
        continue;
      }
      if (!isKnown(whole)) {
        // Code that may do anything is not run here: it would not come back.
        continue;
      }
      const xl = createToolstack({ elements });
      const vif = image.manifest.vifs.map(() => ({ bridge: createSwitch({ name: "s" }) }));
      const vm = await xl.create({ name: "vm", image, vif });
      try {
        vm.drops();
      } catch (e) {
        // The configuration in a manifest is a claim, which is looked at when a handler is.
        if (e.name !== "ConfigurationError") throw e;
      }
      xl.destroy("vm");
      if (xl.list().length > 0) throw new Error("a VM is left");
    }
    return "loaded";
  },
};
