/**
 * How a router that looks up frames for a switch hears of them and answers: the block of lookup modules, version 1, as switches
 * document it (`LookupModule` of `@clickos/vale`).
 */
import { type ArrayField, array, type Struct, struct, type U32Field, u32 } from "@clickos/layout";

export const lookupVersion = 1;
/** Frames of a batch at most. */
export const lookupFrames = 256;
/** Answers that there is room for: each frame may go to 32 ports. */
export const lookupAnswers = 8192;

type FrameFields = { address: U32Field; room: U32Field; length: U32Field; spare: U32Field };
/** Where a frame may be put, how long it may be, and how long the one is that was put there. */
export const lookupFrame: Struct<FrameFields> = struct(
  { address: u32, room: u32, length: u32, spare: u32 },
  { name: "lookupFrame" },
);

/** The switch writes `port`, `count` and lengths, the router all else. */
export const lookupBlock: Struct<{
  version: U32Field;
  answers: U32Field;
  answerRoom: U32Field;
  port: U32Field;
  count: U32Field;
  frames: ArrayField<Struct<FrameFields>>;
}> = struct(
  { version: u32, answers: u32, answerRoom: u32, port: u32, count: u32, frames: array(lookupFrame, lookupFrames) },
  { name: "lookupBlock", at: { frames: 32 } },
);

/**
 * What the router keeps beside it: how many frames of the batch were received, how many answers there are, and the number of the batch's
 * first frame. Frames are numbered from 1, so that packets that are none of this batch's are known.
 */
export const lookupState: Struct<{ received: U32Field; answered: U32Field; first: U32Field; next: U32Field }> = struct(
  { received: u32, answered: u32, first: u32, next: u32 },
  { name: "lookupState" },
);

/** An answer: the frame's index, and the number of a port. */
export const portShift = 16;
