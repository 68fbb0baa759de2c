/** How configurations become images: here, or wherever the caller has it done. */
import type { ElementSet } from "@clickos/click-core";
import { type Image, type LinkOptions, linkImage } from "@clickos/click-image";
import type { Source } from "@clickos/click-language";

/** Compiles a configuration for a place in a domain, with the toolstack's classes. @throws {ConfigurationError} @throws {ImageError} */
export type LinkRouter = (source: Source, options: Omit<LinkOptions, "elements" | "recorder">) => Promise<Image>;

/** Compiles on the caller's thread, which has nothing else to do meanwhile. */
export function linkHere(elements: ElementSet): LinkRouter {
  return (source, options) => linkImage(source, { ...options, elements });
}
