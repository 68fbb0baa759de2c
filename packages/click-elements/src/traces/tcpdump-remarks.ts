/** What tcpdump prints of the IP header behind the line, in parentheses and brackets: `(DF) [tos 0x10] (ttl 64, id 1, len 40)`. */
import { isDigitAt, numberAt } from "../lib/number-prefix.ts";
import type { TcpdumpPacket } from "./tcpdump-packet.ts";

const isSpace = (text: string, at: number): boolean => /[ \t-\r]/.test(text[at] ?? "");
const byte = 0xff;
const word = 0xffff;
/** ECN-capable transport, codepoints 1 and 0 as they are printed, and congestion experienced: RFC 3168 section 5. */
const [ect1, ect2, congestion] = [1, 2, 3];

/** Reads what stands at the end of a line that is read up to a place: the last remark first. */
export function readRemarks(packet: TcpdumpPacket, text: string, start: number): void {
  let last = text.length - 1;
  while (last > start) {
    while (last > start && isSpace(text, last)) last--;
    const closer = text[last];
    if (last <= start || (closer !== ")" && closer !== "]")) return;
    const open = text.lastIndexOf(closer === ")" ? "(" : "[", last - 1);
    if (open < start) return;
    readItems(packet, text, open + 1, last);
    last = open - 1;
  }
}

/** Items with commas or spaces between them, up to the first that is not known. */
function readItems(packet: TcpdumpPacket, text: string, from: number, end: number): void {
  let at: number | undefined = from;
  while (at !== undefined && at < end) {
    at = readItem(packet, text, at, end);
    while (at !== undefined && at < end && (text[at] === "," || isSpace(text, at))) at++;
  }
}

/** Reads an item; the result is where it ends, nothing where the rest is not looked at. */
function readItem(packet: TcpdumpPacket, text: string, at: number, end: number): number | undefined {
  const { ip } = packet;
  const is = (name: string, more: number): boolean => end - at >= name.length + more && text.startsWith(name, at);
  const number = (name: string): { readonly value: number; readonly end: number } | undefined =>
    is(name, 1) && isDigitAt(text, at + name.length) ? numberAt(text, at + name.length, end) : undefined;
  if (is("tos 0x", 1)) {
    const tos = numberAt(text, at + 6, end, 16);
    ip.tos = tos.value & byte;
    return tos.end;
  }
  if (is("ECT(", 2) && /^[01]\)/.test(text.slice(at + 4, at + 6))) {
    ip.ecn = text[at + 4] === "0" ? ect1 : ect2;
    return at + 6;
  }
  if (is("CE", 0)) {
    ip.ecn = congestion;
    return at + 2;
  }
  if (is("DF", 0)) {
    ip.df = 1;
    return at + 2;
  }
  if (is("frag ", 5) && isDigitAt(text, at + 5)) return readFragment(packet, text, at + 5, end);
  const ttl = number("ttl ");
  if (ttl) {
    ip.ttl = ttl.value & byte;
    return ttl.end;
  }
  const id = number("id ");
  if (id) {
    ip.identification = id.value & word;
    return id.end;
  }
  const length = number("len ");
  if (length) packet.setLength(length.value);
  return length?.end;
}

/** `ID:LENGTH@OFFSET`, with `+` where more follow. */
function readFragment(packet: TcpdumpPacket, text: string, at: number, end: number): number | undefined {
  const { ip } = packet;
  const follows = (place: number, mark: string): boolean =>
    place <= end - 2 && text[place] === mark && isDigitAt(text, place + 1);
  const id = numberAt(text, at, end);
  ip.identification = id.value & word;
  if (!follows(id.end, ":")) return undefined;
  const length = numberAt(text, id.end + 1, end);
  packet.dataLength = length.value | 0;
  if (!follows(length.end, "@")) return undefined;
  const offset = numberAt(text, length.end + 1, end);
  ip.fragmentOffset = 0;
  ip.flagsAndOffset |= offset.value & word;
  if (offset.end >= end || text[offset.end] !== "+") return offset.end;
  ip.mf = 1;
  return offset.end + 1;
}
