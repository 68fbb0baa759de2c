/**
 * The element library with the elements that need the host's files.
 *
 * @packageDocumentation
 */
import { type ElementSet, elementSet } from "@clickos/click-core";
import { elements as portable } from "./index.ts";
import { FromDump } from "./traces/FromDump.ts";
import { ToDump } from "./traces/ToDump.ts";

/** All elements. */
export const elements: ElementSet = { ...portable, ...elementSet(FromDump, ToDump) };
