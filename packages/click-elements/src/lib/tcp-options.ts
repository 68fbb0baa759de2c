/** TCP options as text, `mss1460;nop;wscale7`, and back. RFC 9293 section 3.1, RFC 7323, RFC 2018. */

/** The options that are `wanted`; `.` for none, `?` where they cannot be read. */
export function formatTcpOptions(bytes: Uint8Array, wanted: (kind: number) => boolean): string {
  const out: string[] = [];
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < bytes.length; ) {
    const kind = bytes[i] as number;
    if (kind === 0) break;
    if (kind === 1) {
      if (wanted(1)) out.push("nop");
      i++;
      continue;
    }
    const length = bytes[i + 1] ?? 0;
    if (length < 2 || i + length > bytes.length) return out.length > 0 ? `${out.join(";")};?` : "?";
    if (wanted(kind)) {
      if (kind === 2 && length === 4) out.push(`mss${data.getUint16(i + 2)}`);
      else if (kind === 3 && length === 3) out.push(`wscale${bytes[i + 2]}`);
      else if (kind === 4 && length === 2) out.push("sackok");
      else if (kind === 5 && length % 8 === 2)
        for (let j = i + 2; j < i + length; j += 8) out.push(`sack${data.getUint32(j)}-${data.getUint32(j + 4)}`);
      else if (kind === 8 && length === 10) out.push(`ts${data.getUint32(i + 2)}:${data.getUint32(i + 6)}`);
      else out.push(`${kind}=${[...bytes.subarray(i + 2, i + length)].join(":")}`);
    }
    i += length;
  }
  return out.length > 0 ? out.join(";") : ".";
}

/** Bytes, filled to a multiple of four; `undefined` for text that is none, or too much. */
export function parseTcpOptions(text: string): Uint8Array | undefined {
  const out: number[] = [];
  if (text === ".") return new Uint8Array();
  const u32 = (n: number): number[] => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  for (const part of text.split(";")) {
    let match: RegExpExecArray | null;
    if (part === "nop") out.push(1);
    else if (part === "eol") out.push(0);
    else if (part === "sackok") out.push(4, 2);
    else if ((match = /^mss(\d+)$/.exec(part))) out.push(2, 4, ...u32(Number(match[1])).slice(2));
    else if ((match = /^wscale(\d+)$/.exec(part))) out.push(3, 3, Number(match[1]) & 255);
    else if ((match = /^ts(\d+):(\d+)$/.exec(part)))
      out.push(8, 10, ...u32(Number(match[1])), ...u32(Number(match[2])));
    else if ((match = /^sack(\d+)[-:](\d+)$/.exec(part)))
      out.push(5, 10, ...u32(Number(match[1])), ...u32(Number(match[2])));
    else if ((match = /^(\d+)(?:=([\d:]*))?$/.exec(part))) {
      const body = (match[2] ?? "")
        .split(":")
        .filter((b) => b !== "")
        .map((b) => Number(b) & 255);
      if (body.length > 38) return undefined;
      out.push(Number(match[1]) & 255, body.length + 2, ...body);
    } else return undefined;
  }
  while (out.length % 4 !== 0) out.push(0);
  return out.length <= 40 ? Uint8Array.from(out) : undefined;
}
