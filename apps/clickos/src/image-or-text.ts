/** Files that commands take as they are: an image, by its first bytes or its name, or text. */
import { CommandError } from "./failure.ts";
import { isImage, readBytes } from "./files.ts";

/** @throws {CommandError} */
export function readImageOrText(
  file: string,
): { readonly image: Uint8Array<ArrayBuffer> } | { readonly image?: undefined; readonly text: string } {
  const bytes = readBytes(file);
  if (file.endsWith(".cos") || isImage(bytes)) return { image: bytes };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    throw new CommandError(`${file} is neither an image that clickos build made, nor text`);
  }
}
