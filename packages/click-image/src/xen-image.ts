/**
 * Images for Xen itself: ELF executables that its toolstack boots as paravirtual guests. A note in them says what they are; Xen does
 * not look at it.
 */
import {
  type CompiledRouter,
  checkConfiguration,
  compile,
  type LibraryDigest,
  otherClasses,
  routerControl,
} from "@clickos/click-core/compile";
import { dataOffset, type ElementSet, maximumFrame } from "@clickos/click-core/element";
import { ConfigurationError, type Source } from "@clickos/click-language";
import { type ControlDescription, type ControlValue, readXenImage, xenImage, xenKernel } from "@clickos/minios/xen";
import { ImageError } from "./image.ts";
import type { CodeComparison } from "./recompile.ts";
import { list, map, nameText, oneOf, record, type Schema, text, whole } from "./schema.ts";

/** What a router has for large packets and tables that grow. */
const heapBytes = 1 << 20;
/** Counts changes after which an image has to be built again. */
const format = 1;
const MiB = 1 << 20;
/**
 * What Xen's builder puts behind an image: lists of frames, start info, two rings, page tables, a stack, and half a MiB that it leaves;
 * all of it up to a multiple of 4 MiB (xg_dom_x86.c, `count_pgtables_pv`).
 */
const builderBytes = 640 << 10;
const builderMiB = 4;

/** What an image for Xen says of itself. */
export interface XenManifest {
  readonly format: typeof format;
  readonly name: string;
  /** The configuration, as it was written. */
  readonly config: Source;
  /** Device numbers of its interfaces. */
  readonly vifs: readonly number[];
  readonly elements: number;
  /** MiB that its domain needs. */
  readonly memory: number;
  /** Paths of the handlers that can be read through the store, `element/handler`. */
  readonly handlers: readonly string[];
  /** Digests of the element classes that it was made with. */
  readonly library: LibraryDigest;
}

export interface XenImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly manifest: XenManifest;
}

const configuration = text(4 << 20);
const shape: Schema = record({
  format: oneOf(format),
  name: nameText(255),
  config: record({ file: text(4096), text: configuration }),
  vifs: list(100, whole(0, 99)),
  elements: whole(0, 65_536),
  memory: whole(1, 65_536),
  handlers: list(262_144, text(4352)),
  library: map(65_536, text(255), text(64)),
});

export interface XenLinkOptions {
  readonly elements: ElementSet;
  readonly name: string;
}

/**
 * Compiles a configuration to an image for Xen. The same configuration, name and element library give the same bytes.
 *
 * @throws {ConfigurationError} with everything that is wrong with the configuration.
 * @throws {ImageError} when the name cannot be printed.
 */
export function linkXenImage(source: Source, options: XenLinkOptions): XenImage {
  const { name } = options;
  const { compiled, vifs, control } = compileForXen(source, options);
  const manifest = (end: number): XenManifest => ({
    format,
    name,
    config: { file: source.file, text: source.text },
    vifs,
    elements: compiled.memory.elements.length,
    memory: builderMiB * Math.ceil((end + builderBytes) / (builderMiB * MiB)),
    handlers: control.values.map(({ path }) => path),
    library: compiled.library,
  });
  const fault = shape(manifest(0 + MiB), "manifest");
  if (fault !== undefined) throw new ImageError("BAD_MANIFEST", `no image can be made of this: ${fault}`);
  const { bytes, end } = xenImage(compiled.ir, {
    name,
    control,
    note: (end) => new TextEncoder().encode(JSON.stringify(manifest(end))),
  });
  return { bytes, manifest: manifest(end) };
}

/** The program with its kernel around it, as what is not machine code yet; and what the store is to show of it. */
export function compileForXen(
  source: Source,
  { elements, name }: XenLinkOptions,
): { readonly compiled: CompiledRouter; readonly vifs: readonly number[]; readonly control: ControlDescription } {
  const { checked } = checkConfiguration(source, elements);
  const kernel = xenKernel({ frames: { dataOffset, maximumFrame }, name });
  const { offsets } = routerControl;
  const compiled = compile(checked, {
    ...kernel,
    heapBytes,
    services: false,
    finish: (module, { init, run, control }) =>
      kernel.finish(module, {
        init,
        run,
        running: control + offsets.running,
        nextTimer: control + offsets.nextTimer,
        seed: control + offsets.seed,
      }),
  });
  const control = { configName: source.file, config: source.text, values: controlValues(compiled) };
  return { compiled, vifs: kernel.vifs.map(({ device }) => device), control };
}

/**
 * Reads an image for Xen. The bytes may be anything; nothing says that the code does what the manifest says.
 *
 * @throws {ImageError}
 */
export function loadXenImage(bytes: Uint8Array<ArrayBuffer>): XenImage {
  let note: Uint8Array | undefined;
  try {
    note = readXenImage(bytes);
  } catch (e) {
    throw new ImageError("NOT_AN_IMAGE", `not an image: ${(e as Error).message}`);
  }
  if (!note) throw new ImageError("NOT_AN_IMAGE", "an executable, but no image: it has no manifest");
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder().decode(note));
  } catch {
    throw new ImageError("BAD_MANIFEST", "the image's manifest cannot be read: it is no JSON");
  }
  const fault = shape(manifest, "manifest");
  if (fault !== undefined) throw new ImageError("BAD_MANIFEST", `the image's ${fault}`);
  return { bytes, manifest: manifest as XenManifest };
}

/** What comes of an image's configuration here: see `compareCode`. The whole image is made again. */
export function compareXenCode({ bytes, manifest }: XenImage, elements: ElementSet): CodeComparison {
  const classes = otherClasses(manifest.library, elements);
  if (classes.length > 0) return { code: "other library", classes };
  try {
    const again = linkXenImage(manifest.config, { elements, name: manifest.name }).bytes;
    const same = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
    return { code: same ? "same" : "different" };
  } catch (e) {
    // A configuration that these classes do not take cannot have been theirs.
    if (e instanceof ConfigurationError) return { code: "different" };
    throw e;
  }
}

/** Whether bytes are an image for Xen, and not one for the hypervisor of this project. */
export function isXenImage(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** A domain for an image, as `xl create` takes it; `kernel` is the image's path. */
export function xenDomain({ name, vifs, memory }: XenManifest, kernel: string): string {
  const quoted = (content: string): string => JSON.stringify(content);
  const interfaces = vifs.map(() => "''").join(", ");
  return `# For xl create. Interfaces are those of the configuration, in the order of their numbers: 'bridge=xenbr0,mac=…' and so on.
name = ${quoted(name)}
type = "pv"
kernel = ${quoted(kernel)}
memory = ${memory}
vif = [${interfaces === "" ? "" : ` ${interfaces} `}]
on_crash = "destroy"
`;
}

/** The handlers that need no code to be read: what follows from the configuration, and numbers in memory. */
function controlValues({ memory, handlers }: CompiledRouter): ControlValue[] {
  const at = (path: string): string => {
    const dot = path.lastIndexOf(".");
    return `${path.slice(0, dot)}/${path.slice(dot + 1)}`;
  };
  const standard = memory.elements.flatMap(({ name, className, configText, ports }) =>
    Object.entries({ name, class: className, config: configText, ports }).map(([handler, value]) => ({
      path: `${name}/${handler}`,
      value,
    })),
  );
  const own = handlers.flatMap(({ path, access, kind, at: place, text, hidden }): ControlValue[] => {
    if (access === "w" || hidden || !path.includes(".")) return [];
    if (text !== undefined) return [{ path: at(path), value: text }];
    return place ? [{ path: at(path), value: { ...place, flag: kind === "flag" } }] : [];
  });
  // An element's own handler takes the place of the standard one.
  const taken = new Set(own.map(({ path }) => path));
  return [...standard.filter(({ path }) => !taken.has(path)), ...own];
}
