/**
 * Lookup by a module: code with a memory of its own, which gets copies of frames and says which ports they go to.
 *
 * Nothing that a module does is believed. It reaches its own memory only; each number that it gives is read once and checked before
 * it is used, and what makes no sense is counted and costs the frame at hand. A module that traps is not called again. What a
 * module can do is to send frames to the wrong port of the switch, to drop them, and to take time: it runs on the switch's thread,
 * and one that does not return holds that up.
 */
import { copyFrame, type FrameBatch } from "../frame-batch.ts";
import { FrameMemory } from "../frame-memory.ts";
import type { Answers, Lookup } from "../lookup.ts";
import { broadcast, dropped, nowhere } from "../lookup-result.ts";
import { batchBytes, batchFrame, batchHeader, everyPort, type LookupModule, moduleVersion } from "./module-batch.ts";

/** What went wrong with a module, in numbers. */
export interface ModuleFaults {
  /** Batches that were dropped: the block is not in the memory, of another version, or there is no module any longer. */
  readonly blocks: number;
  /** Frames that the module had no room for. */
  readonly noRoom: number;
  /** Answers for frames that there are not, or ports, and those besides one that says all ports. */
  readonly answers: number;
}

export interface ModuleLookupOptions {
  /**
   * Names of the ports by the numbers that the module knows them by; a port that is not named is unknown to the module, and what it
   * sends is dropped. Without it the numbers are those of the switch, which counts ports from 0 in the order in which they are attached.
   */
  readonly ports?: readonly string[];
}

export interface ModuleLookup extends Lookup {
  readonly faults: ModuleFaults;
  /** What the module threw; it is not called any more. */
  readonly failure: unknown;
  /** Another module takes its place, from the next batch on. */
  replace(module: LookupModule): void;
}

/** No result, and no port. */
const none = -0x8000;

/** Looks frames up by a module; see `LookupModule`. */
export function moduleLookup(given: LookupModule, options: ModuleLookupOptions = {}): ModuleLookup {
  let module: LookupModule | undefined = given;
  let failure: unknown;
  const faults = { blocks: 0, noRoom: 0, answers: 0 };
  const { ports } = options;
  /** By the module's number: the port by index, or `none`; and the other way round. */
  const toPort = new Map<number, number>();
  const toNumber = new Map<number, number>();
  let memory: FrameMemory | undefined;
  /** Frames that the module has got, by their places in its block. */
  const indices = new Int32Array(256);

  /** The module's memory as it is now, and whether the block is in it. */
  const viewOf = (from: LookupModule, at: number): FrameMemory | undefined => {
    const { buffer } = from.memory;
    if (memory?.words.buffer !== buffer) memory = new FrameMemory(buffer);
    const isThere = Number.isInteger(at) && at >= 0 && (at & 3) === 0 && at + batchBytes <= memory.bytes.length;
    return isThere && memory.words[(at + batchHeader.version) >> 2] === moduleVersion ? memory : undefined;
  };
  /** Puts the frames of a list into the block; how many. */
  const fill = (to: FrameMemory, at: number, batch: FrameBatch, list: Int32Array, count: number): number => {
    const { words, bytes } = to;
    let n = 0;
    for (let k = 0; k < count; k++) {
      const i = list[k] as number;
      const record = (at + batchHeader.bytes + n * batchFrame.bytes) >> 2;
      const address = (words[record + (batchFrame.address >> 2)] as number) >>> 0;
      const room = (words[record + (batchFrame.room >> 2)] as number) >>> 0;
      const length = batch.lengths[i] as number;
      if (length > room || (address & 7) !== 0 || address + length > bytes.length) {
        faults.noRoom++;
        continue;
      }
      copyFrame(batch, i, to, address);
      words[record + (batchFrame.length >> 2)] = length;
      indices[n++] = i;
    }
    return n;
  };
  const read = (from: FrameMemory, at: number, count: number, n: number, answers: Answers, ingress: number): void => {
    const { words } = from;
    const room = words[(at + batchHeader.answerRoom) >> 2] as number;
    const first = (words[(at + batchHeader.answers) >> 2] as number) >>> 0;
    if (!(count >= 0 && count <= room) || (first & 3) !== 0 || first + count * 4 > from.bytes.length) {
      faults.answers++;
      return;
    }
    for (let k = 0; k < count; k++) {
      const answer = words[(first >> 2) + k] as number;
      const frame = answer & 0xffff;
      const number = answer >>> 16;
      const to = number === everyPort ? broadcast : ports ? (toPort.get(number) ?? none) : number;
      if (frame >= n) faults.answers++;
      else if (to === ingress) answers.give(indices[frame] as number, nowhere);
      else if (to === none || !answers.give(indices[frame] as number, to)) faults.answers++;
    }
  };
  const lookupMany: NonNullable<Lookup["lookupMany"]> = (batch, list, count, ingress, answers) => {
    const number = ports ? toNumber.get(ingress) : ingress;
    if (number === undefined || !module) {
      faults.blocks += module ? 0 : 1;
      return;
    }
    try {
      const at = module.batch();
      const before = viewOf(module, at);
      if (!before) {
        faults.blocks++;
        return;
      }
      const n = fill(before, at, batch, list, count);
      before.words[(at + batchHeader.port) >> 2] = number;
      before.words[(at + batchHeader.count) >> 2] = n;
      const found = module.lookup(n);
      // It may have grown its memory meanwhile.
      const after = viewOf(module, at);
      if (after) read(after, at, found, n, answers, ingress);
      else faults.blocks++;
    } catch (e) {
      failure = e;
      module = undefined;
      faults.blocks++;
    }
  };
  return {
    name: "module",
    lookup: () => dropped,
    lookupMany,
    enter(port, name) {
      const number = ports?.indexOf(name) ?? -1;
      if (number < 0) return;
      toPort.set(number, port);
      toNumber.set(port, number);
    },
    forget(port) {
      const number = toNumber.get(port);
      if (number === undefined) return;
      toNumber.delete(port);
      toPort.delete(number);
    },
    replace(next) {
      module = next;
      failure = undefined;
    },
    get faults() {
      return { ...faults };
    },
    get failure() {
      return failure;
    },
  };
}
