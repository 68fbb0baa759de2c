/** What `inspect` and `diff` look at: an image, or a configuration, which is made one: a file `….click`, or standard input. */
import { basename } from "node:path";
import type { ElementSet } from "@clickos/click-core/element";
import { type Image, linkImage, loadImage } from "@clickos/click-image";
import { readBytes } from "./files.ts";
import { readConfiguration } from "./tools.ts";

/** @throws {ImageError} @throws {ConfigurationError} @throws {CommandError} */
export async function readSubject(file: string, elements: ElementSet): Promise<Image> {
  if (file !== "-" && !file.endsWith(".click")) return loadImage(readBytes(file));
  const { text } = readConfiguration(file);
  return linkImage({ file: basename(file), text }, { elements, name: basename(file).replace(/\.click$/, "") });
}
