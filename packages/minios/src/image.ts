/**
 * VM images. An image is a WebAssembly module with two custom sections at its end: `clickos.manifest`, which says
 * what it is, and `clickos.sha256`, the digest of everything before that section. A signature may follow
 * (signature.ts), which the digest does not cover.
 */

import {
  bufferSize,
  checkConfiguration,
  compile,
  type ElementSet,
  type RouterLayout,
  type Source,
} from "@clickos/click-core";
import { customSection } from "@clickos/codegen";
import { grantsPool, ownGrants, type RingKind, ringKinds, type VifPlaces } from "@clickos/netfront";
import { firstPlace, maximumPoolFrames, miniosPlatform, type RouterPlace } from "./platform.ts";
import { splitImage } from "./signature.ts";

/** What an image says of itself. */
export interface ImageManifest {
  readonly format: 1;
  readonly name: string;
  /** The configuration, as it was written. */
  readonly config: Source;
  /** Virtual interfaces, in the order of their device numbers. */
  readonly vifs: readonly VifPlaces[];
  /** Memory layout and symbol table: where each element's state is. */
  readonly router: RouterLayout;
  /** Entries of the grant table that its interfaces use: the first, and how many. */
  readonly grants: { readonly first: number; readonly count: number };
}

export interface Image {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly manifest: ImageManifest;
  /** Hexadecimal. */
  readonly sha256: string;
}

export type ImageErrorCode = "NOT_AN_IMAGE" | "TRUNCATED" | "CORRUPT" | "UNSUPPORTED";

/** The bytes are no image that can be used. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly code: ImageErrorCode;
  constructor(code: ImageErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const manifestSection = "clickos.manifest";
const digestSection = "clickos.sha256";

export interface LinkOptions {
  readonly elements: ElementSet;
  readonly name: string;
  /** Where in a domain it is to be; at the beginning when absent. */
  readonly place?: RouterPlace;
  /** Kinds of rings, by device; `netmap` when absent. */
  readonly rings?: Readonly<Record<number, RingKind>>;
}

/**
 * Compiles a configuration to an image. The same configuration, name and element library give the same bytes.
 *
 * @throws {ConfigurationError} with everything that is wrong with the configuration.
 */
export async function linkImage(source: Source, options: LinkOptions): Promise<Image> {
  const { checked } = checkConfiguration(source, options.elements);
  const vifs: VifPlaces[] = [];
  const place = options.place ?? firstPlace;
  const compiled = compile(checked, miniosPlatform(vifs, place, options.name, options.rings));
  const frames = (compiled.layout.pool.count * bufferSize) / 4096;
  if (frames > maximumPoolFrames)
    throw new RangeError(
      `the queues hold ${compiled.layout.pool.count} packets, more than the ${maximumPoolFrames * 2} that a virtual machine's grant table covers; make them shorter`,
    );
  const manifest: ImageManifest = {
    format: 1,
    name: options.name,
    config: source,
    vifs,
    router: compiled.layout,
    grants: {
      first: place.firstGrant,
      count:
        vifs.reduce((sum, { rings }) => sum + ownGrants[rings], 0) +
        (vifs.some(({ rings }) => grantsPool[rings]) ? Math.ceil(frames) : 0),
    },
  };
  const body = concat(
    compiled.wasm,
    customSection(manifestSection, new TextEncoder().encode(JSON.stringify(manifest))),
  );
  const digest = await sha256(body);
  return { bytes: concat(body, customSection(digestSection, digest)), manifest, sha256: hex(digest) };
}

/**
 * Reads an image and checks it against its digest; who signed it is for `verifyImage` to say.
 *
 * @throws {ImageError}
 */
export async function loadImage(bytes: Uint8Array<ArrayBuffer>): Promise<Image> {
  if (bytes.length < 8 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) !== 0x0061736d)
    throw new ImageError("NOT_AN_IMAGE", "not a VM image: it does not begin as a WebAssembly module");
  const { body } = splitImage(bytes);
  const sections = customSections(body);
  const manifestBytes = sections.get(manifestSection);
  const digest = sections.get(digestSection);
  if (!manifestBytes)
    throw new ImageError("NOT_AN_IMAGE", "a WebAssembly module, but not a VM image: it has no manifest");
  if (digest?.content.length !== 32)
    throw new ImageError("TRUNCATED", "the image has no digest at its end: it was cut off");
  if (digest.end !== body.length)
    throw new ImageError("CORRUPT", `${body.length - digest.end} bytes follow the image's digest`);
  const actual = await sha256(body.subarray(0, digest.start));
  if (hex(actual) !== hex(digest.content))
    throw new ImageError("CORRUPT", "the image is corrupt: its content does not match its digest");
  let manifest: ImageManifest;
  try {
    manifest = JSON.parse(new TextDecoder().decode(manifestBytes.content)) as ImageManifest;
  } catch {
    throw new ImageError("CORRUPT", "the image's manifest cannot be read");
  }
  if (manifest.format !== 1)
    throw new ImageError(
      "UNSUPPORTED",
      `image format ${String(manifest.format)} is not supported; build the image again`,
    );
  if (!isSound(manifest)) throw new ImageError("CORRUPT", "the image's manifest describes impossible memory");
  return { bytes, manifest, sha256: hex(digest.content) };
}

/** Whether every address and size in a manifest is inside the memory it describes. */
function isSound(manifest: ImageManifest): boolean {
  const { router, vifs, config, name, grants } = manifest;
  const whole = (n: unknown): n is number => typeof n === "number" && Number.isInteger(n) && n >= 0;
  if (!whole(router?.pages) || router.pages < 1 || router.pages > 65536) return false;
  const end = router.pages * 65536;
  const inside = (address: unknown, size: unknown): boolean => whole(address) && whole(size) && address + size <= end;
  const page = (address: unknown): boolean => inside(address, 4096) && (address as number) % 4096 === 0;
  return (
    typeof name === "string" &&
    typeof config?.text === "string" &&
    typeof config.file === "string" &&
    Array.isArray(vifs) &&
    vifs.every(
      (v) => whole(v?.device) && page(v.page) && page(v.rxRing) && page(v.txRing) && Object.hasOwn(ringKinds, v.rings),
    ) &&
    page(router.base) &&
    inside(router.base, (router.end as number) - router.base) &&
    whole(grants?.first) &&
    whole(grants.count) &&
    grants.first + grants.count <= 4096 &&
    inside(router.control, 64) &&
    inside(router.pool?.base, router.pool?.count) &&
    Array.isArray(router.elements) &&
    router.elements.every(
      (e) => inside(e?.state, e?.stateSize) && [e.name, e.className, e.configText].every((t) => typeof t === "string"),
    ) &&
    Array.isArray(router.drops) &&
    router.drops.every((d) => inside(d?.address, 8))
  );
}

interface Section {
  readonly start: number;
  readonly end: number;
  readonly content: Uint8Array;
}

/** Walks the sections of a module; every length is checked. */
function customSections(bytes: Uint8Array): Map<string, Section> {
  const found = new Map<string, Section>();
  let at = 8;
  const u32 = (limit: number): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= limit)
        throw new ImageError("TRUNCATED", `the image ends in the middle of a section, at byte ${bytes.length}`);
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new ImageError("CORRUPT", `a section has no sensible length, at byte ${at}`);
  };
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at++] as number;
    const size = u32(bytes.length);
    const end = at + size;
    if (end > bytes.length)
      throw new ImageError(
        "TRUNCATED",
        `the image was cut off: a section needs ${end} bytes, the file has ${bytes.length}`,
      );
    if (id === 0) {
      const length = u32(end);
      if (at + length > end)
        throw new ImageError("CORRUPT", `a section's name is longer than the section, at byte ${start}`);
      const name = new TextDecoder().decode(bytes.subarray(at, at + length));
      found.set(name, { start, end, content: bytes.subarray(at + length, end) });
    }
    at = end;
  }
  return found;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
