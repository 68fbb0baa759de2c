/** The same frames through the middleboxes of the examples. */
import { middleboxes } from "../graphs.mjs";
import { framesThrough } from "./frames.mjs";

/** Frames of an input: to make a middlebox takes longer than hundreds of them. */
export const framesEach = 4096;

export const target = framesThrough("middleboxes", middleboxes, framesEach);
