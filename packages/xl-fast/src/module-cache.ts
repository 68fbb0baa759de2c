/**
 * Compiled modules of images: a second VM of an image compiles nothing. What is kept is limited in bytes; the module that was
 * not used for the longest time goes first. VMs that run keep theirs, whatever happens here.
 */

import type { Image } from "@clickos/click-image";
import { compileKernel, KernelError } from "@clickos/hypervisor";
import { ToolstackError } from "./error.ts";

/** Bytes that a module takes beside those of its code, about: an engine's bookkeeping. */
const fixedBytes = 64 * 1024;
/** Bytes kept for each of an image's: the bytes themselves, and machine code. */
const perByte = 4;

interface Entry {
  readonly module: Promise<WebAssembly.Module>;
  readonly bytes: number;
}

export class ModuleCache {
  /** By digest, the one used last at the end. */
  private readonly entries = new Map<string, Entry>();
  private readonly limit: number;
  /** Estimated bytes of what is kept. */
  bytes = 0;

  constructor(limitKiB: number) {
    this.limit = limitKiB * 1024;
  }

  get count(): number {
    return this.entries.size;
  }

  /** The module of an image; whoever asks for one that is being compiled waits for the same. @throws {ToolstackError} BAD_IMAGE */
  get(image: Image): Promise<WebAssembly.Module> {
    const { contentSha256: key } = image;
    const found = this.entries.get(key);
    if (found) {
      this.entries.delete(key);
      this.entries.set(key, found);
      return found.module;
    }
    const entry: Entry = { module: compileImage(image), bytes: fixedBytes + perByte * image.bytes.length };
    this.entries.set(key, entry);
    this.bytes += entry.bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.limit) break;
      this.drop(oldest);
    }
    entry.module.catch(() => {
      if (this.entries.get(key) === entry) this.drop(key);
    });
    return entry.module;
  }

  private drop(key: string): void {
    this.bytes -= this.entries.get(key)?.bytes ?? 0;
    this.entries.delete(key);
  }
}

async function compileImage(image: Image): Promise<WebAssembly.Module> {
  try {
    return await compileKernel(image.bytes);
  } catch (e) {
    if (e instanceof KernelError)
      throw new ToolstackError("BAD_IMAGE", `image '${image.manifest.name}' cannot be used: ${e.message}`);
    throw e;
  }
}
