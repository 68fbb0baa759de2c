/** What `inspect` and `diff` look at: an image, or a configuration, which is made one: a file `….click`, or standard input. */
import { basename } from "node:path";
import type { ElementSet } from "@clickos/click-core/element";
import { type Image, isXenImage, linkImage, loadImage } from "@clickos/click-image";
import { CommandError } from "./failure.ts";
import { readBytes } from "./files.ts";
import { readConfiguration } from "./tools.ts";

/** @throws {ImageError} @throws {ConfigurationError} @throws {CommandError} */
export async function readSubject(file: string, elements: ElementSet): Promise<Image> {
  if (file !== "-" && !file.endsWith(".click")) {
    const bytes = readBytes(file);
    if (isXenImage(bytes))
      throw new CommandError(`${file}: an image for Xen; inspect --config shows its configuration`);
    return loadImage(bytes);
  }
  const { text } = readConfiguration(file);
  return linkImage({ file: basename(file), text }, { elements, name: basename(file).replace(/\.click$/, "") });
}
