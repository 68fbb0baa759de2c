/**
 * VM images. An image is a WebAssembly module with two custom sections at its end: `clickos.manifest`, which says
 * what it is, and `clickos.sha256`, the digest of everything before that section. A signature may follow
 * (signature.ts), which the digest does not cover.
 */
import { checkConfiguration, compile, type Recorder } from "@clickos/click-core/compile";
import { bufferSize, type ElementSet } from "@clickos/click-core/element";
import type { Source } from "@clickos/click-language";
import { customSection, wasmBackend } from "@clickos/codegen";
import { checkKernel, guestRules, KernelError } from "@clickos/hypervisor";
import { firstPlace, type GuestPlace, maximumPoolFrames } from "@clickos/minios";
import { grantsPool, ownGrants, type RingKind } from "@clickos/netfront";
import { type ImageManifest, imageFormat, manifestFault, manifestBytes as maximumManifestBytes } from "./manifest.ts";
import { guestPlatform } from "./platform.ts";
import { splitImage } from "./signature.ts";

export interface Image {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly manifest: ImageManifest;
  /** Digest of what is before its digest section, in hexadecimal: whoever signs the image, it is the same. */
  readonly contentSha256: string;
}

export type ImageErrorCode =
  | "NOT_AN_IMAGE"
  | "TRUNCATED"
  | "CORRUPT"
  | "UNSUPPORTED"
  /** Larger than any image that can run. */
  | "TOO_LARGE"
  /** The manifest says something that it may not say. */
  | "BAD_MANIFEST"
  /** The code has something in it that a guest may not have. */
  | "BAD_CODE";

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
  readonly place?: GuestPlace;
  /** Kinds of rings, by device; `netmap` when absent. */
  readonly rings?: Readonly<Record<number, RingKind>>;
  /** Records the ways of packets: the image is for one who has it, and for no other place. */
  readonly recorder?: Recorder | undefined;
}

/**
 * Compiles a configuration to an image. The same configuration, name and element library give the same bytes.
 *
 * @throws {ConfigurationError} with everything that is wrong with the configuration.
 * @throws {ImageError} when the name cannot be printed, or the configuration is too large: nobody would load the image.
 */
export async function linkImage(source: Source, options: LinkOptions): Promise<Image> {
  const { checked } = checkConfiguration(source, options.elements);
  const { place = firstPlace, name, rings, recorder } = options;
  const guest = guestPlatform({ place, name, recorder, ...(rings === undefined ? {} : { rings }) });
  const compiled = compile(checked, guest.platform);
  const { vifs } = guest;
  const frames = (compiled.memory.pool.count * bufferSize) / 4096;
  if (frames > maximumPoolFrames)
    throw new ImageError(
      "TOO_LARGE",
      `the queues hold ${compiled.memory.pool.count} packets, more than the ${maximumPoolFrames * 2} that a virtual machine's grant table covers; make them shorter`,
    );
  const manifest: ImageManifest = {
    format: imageFormat,
    name,
    config: { file: source.file, text: source.text },
    vifs,
    router: compiled.memory,
    handlers: compiled.handlers,
    library: compiled.library,
    grants: {
      first: place.firstGrant,
      count:
        vifs.reduce((sum, { rings }) => sum + ownGrants[rings], 0) +
        (vifs.some(({ rings }) => grantsPool[rings]) ? Math.ceil(frames) : 0),
    },
  };
  const fault = manifestFault(manifest);
  if (fault !== undefined) throw new ImageError("BAD_MANIFEST", `no image can be made of this: ${fault}`);
  const manifestText = new TextEncoder().encode(JSON.stringify(manifest));
  const body = concat(wasmBackend.encode(compiled.ir), customSection(manifestSection, manifestText));
  checkSize(body, manifestText);
  checkCode(body);
  const digest = await sha256(body);
  return { bytes: concat(body, customSection(digestSection, digest)), manifest, contentSha256: hex(digest) };
}

/**
 * Reads an image and checks it against its digest; who signed it is for `verifyImage` to say.
 *
 * @throws {ImageError}
 */
export async function loadImage(bytes: Uint8Array<ArrayBuffer>): Promise<Image> {
  if (bytes.length < 8 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) !== 0x0061736d)
    throw new ImageError("NOT_AN_IMAGE", "not a VM image: it does not begin as a WebAssembly module");
  if (bytes.length > guestRules.limits.moduleBytes) throw tooLarge(bytes.length);
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
  checkSize(bytes, manifestBytes.content);
  checkCode(bytes);
  let manifest: ImageManifest | null;
  try {
    manifest = JSON.parse(new TextDecoder().decode(manifestBytes.content)) as ImageManifest | null;
  } catch {
    throw new ImageError("BAD_MANIFEST", "the image's manifest cannot be read: it is no JSON");
  }
  const format: unknown = manifest?.format;
  if (typeof format === "number" && format !== imageFormat)
    throw new ImageError("UNSUPPORTED", `image format ${format} is not supported; build the image again`);
  const fault = manifestFault(manifest);
  if (fault !== undefined) throw new ImageError("BAD_MANIFEST", `the image's ${fault}`);
  return { bytes, manifest: manifest as ImageManifest, contentSha256: hex(digest.content) };
}

function checkSize(image: Uint8Array, manifest: Uint8Array): void {
  if (manifest.length > maximumManifestBytes)
    throw new ImageError(
      "TOO_LARGE",
      `the image's manifest has ${manifest.length} bytes, more than the ${maximumManifestBytes} that one may have`,
    );
  if (image.length > guestRules.limits.moduleBytes) throw tooLarge(image.length);
}

function tooLarge(bytes: number): ImageError {
  const most = guestRules.limits.moduleBytes;
  return new ImageError("TOO_LARGE", `the image has ${bytes} bytes, more than the ${most} that one may have`);
}

function checkCode(bytes: Uint8Array): void {
  try {
    checkKernel(bytes);
  } catch (e) {
    if (e instanceof KernelError) throw new ImageError("BAD_CODE", `the image's code is refused: ${e.message}`);
    throw e;
  }
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
