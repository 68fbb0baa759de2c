/** What elements that print packets show of their bytes. */
import { arg, emptyScope } from "@clickos/click-core/element";

export type Contents = "NONE" | "HEX" | "ASCII";

/** Reads NONE, HEX or ASCII in any case, or a boolean for the first two. */
export function readContents(text: string, error: (message: string) => void): Contents | undefined {
  const flag = arg.bool.parse(text, emptyScope);
  if (typeof flag === "boolean") return flag ? "HEX" : "NONE";
  const word = text.toUpperCase();
  if (word === "NONE" || word === "HEX" || word === "ASCII") return word;
  error(`bad contents value '${word}'; should be 'NONE', 'HEX', or 'ASCII'`);
  return undefined;
}

const payloads: ReadonlyMap<string, Contents> = new Map([
  ["NO", "NONE"],
  ["FALSE", "NONE"],
  ["YES", "HEX"],
  ["TRUE", "HEX"],
  ["HEX", "HEX"],
  ["ASCII", "ASCII"],
]);

/** Reads a boolean, HEX or ASCII. The message shows the contents' value, as Click's does. */
export function readPayload(
  text: string,
  contentsText: string,
  contents: Contents,
  error: (message: string) => void,
): Contents | undefined {
  const payload = payloads.get(text.toUpperCase());
  if (payload) return payload;
  const isFlag = typeof arg.bool.parse(contentsText, emptyScope) === "boolean";
  error(`bad payload value '${isFlag ? contentsText : contents}'; should be 'false', 'hex', or 'ascii'`);
  return undefined;
}

const layouts = { HEX: { line: 24, group: 4 }, ASCII: { line: 48, group: 8 } } as const;

/** Lines of bytes in groups, each after a line end. */
export function dump(bytes: Uint8Array, kind: Contents): string {
  if (kind === "NONE") return "";
  const { line, group } = layouts[kind];
  let text = "";
  bytes.forEach((byte, i) => {
    if (i % line === 0) text += "\n  ";
    else if (i % group === 0) text += " ";
    if (kind === "HEX") text += byte.toString(16).padStart(2, "0");
    else text += byte < 32 || byte > 126 ? "." : String.fromCharCode(byte);
  });
  return text;
}
