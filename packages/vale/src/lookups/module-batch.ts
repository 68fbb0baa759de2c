/**
 * What a switch and a lookup module say to each other: a block in the module's memory, version 1 of it.
 *
 * The block begins with the words of `batchHeader`, and goes on with a record (`batchFrame`) for each of 256 frames. The module says where
 * frames may be put and where its answers will be; the switch writes frames of one port there, the number of the port and how many
 * frames they are, and calls `lookup(count)`, which returns how many answers there are. An answer is a word: the index of a
 * frame in its low half, and in its high half the number of a port where the frame goes, or 0xffff for all but the one where it
 * came in. A frame that goes to several ports has several answers, one that goes to all has no other, and one without an answer is dropped. All words are little endian.
 */
import { batchSize } from "../frame-batch.ts";

export const moduleVersion = 1;

/** Offsets in bytes. The switch writes `port` and `count`, the module all else. */
export const batchHeader = {
  /** `moduleVersion`. */
  version: 0,
  /** Where the answers are, and how many there is room for. */
  answers: 4,
  answerRoom: 8,
  /** The number of the port where the frames came in, and how many frames there are. */
  port: 12,
  count: 16,
  bytes: 32,
} as const;

/** The record of a frame. The switch writes `length`, the module all else. */
export const batchFrame = {
  /** Where the frame's bytes go: a multiple of 8. */
  address: 0,
  /** Bytes of the longest frame that may be put there; 0 for none. */
  room: 4,
  /** Bytes of the frame; 0 where the switch has put none. */
  length: 8,
  bytes: 16,
} as const;

/** Bytes of the whole block. */
export const batchBytes: number = batchHeader.bytes + batchSize * batchFrame.bytes;

/** The number of a port that stands for all. */
export const everyPort = 0xffff;

/** A lookup module: the exports of a WebAssembly instance are one, and what compiles a configuration to one gives such. */
export interface LookupModule {
  /** It may grow, and may be another in each batch. */
  readonly memory: WebAssembly.Memory;
  /** The address of the block; a multiple of 4. */
  batch(): number;
  /** Looks the frames of the block up; how many answers there are. */
  lookup(count: number): number;
}
