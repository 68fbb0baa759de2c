/** Where comments and quoted strings end: the same in a configuration and in an element's arguments. */

/** The offset after the line that `i` is in; lines end in LF, CR LF, or CR. */
export function skipLine(text: string, i: number): number {
  let end = i;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end++;
  if (text[end] === "\r" && text[end + 1] === "\n") end++;
  return Math.min(end + 1, text.length);
}

/** The offset after a comment that starts at `i`, its line end included, or `i`. A comment without an end takes the rest. */
export function skipComment(text: string, i: number): number {
  if (text[i] !== "/") return i;
  if (text[i + 1] === "/") return skipLine(text, i + 2);
  if (text[i + 1] !== "*") return i;
  const end = text.indexOf("*/", i + 2);
  return end < 0 ? text.length : end + 2;
}

/** The offset after a quoted string or `\<hex>` string that starts at `i`, or `i`. */
export function skipQuoted(text: string, i: number): number {
  const ch = text[i];
  if (ch === '"') {
    for (let j = i + 1; j < text.length; j++) {
      if (text[j] === "\\" && text[j + 1] === "<") j = skipQuoted(text, j) - 1;
      else if (text[j] === "\\") j++;
      else if (text[j] === '"') return j + 1;
    }
    return text.length;
  }
  if (ch === "'") {
    const end = text.indexOf("'", i + 1);
    return end < 0 ? text.length : end + 1;
  }
  if (ch === "\\" && text[i + 1] === "<") {
    let j = i + 2;
    while (j < text.length && text[j] !== ">") j = Math.max(j + 1, skipComment(text, j));
    return Math.min(j + 1, text.length);
  }
  return i;
}
