/** Names of files that are one a flow: a pattern with `%` escapes, filled in from the flow's first packet. */
import { formatIpAddress } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";
import type { FlowHeaders } from "./flow-headers.ts";

/** No system has longer names of files; what is wider is refused when the file is made. */
const mostWide = 1 << 13;

/** Parts of a number of 32 bits, by precision: its bytes, and its halves. */
function partOf(value: number, precision: number): number {
  if (precision >= 0 && precision <= 3) return (value >>> ((3 - precision) * 8)) & 0xff;
  if (precision === 4 || precision === 5) return (value >>> ((5 - precision) * 16)) & 0xffff;
  return value;
}

const address = (value: number, precision: number): string =>
  precision >= 0 && precision <= 3 ? String(partOf(value, precision)) : formatIpAddress(value);

type Fill = (aggregate: number, headers: FlowHeaders, precision: number) => string;
const hex: Fill = (aggregate, _headers, precision) => (partOf(aggregate, precision) >>> 0).toString(16);
const escapes: Readonly<Record<string, Fill>> = {
  // The number is signed there.
  n: (aggregate, _headers, precision) => String(partOf(aggregate, precision) | 0),
  x: hex,
  X: (...args) => hex(...args).toUpperCase(),
  s: (_aggregate, { ip }, precision) => address(ip.source, precision),
  d: (_aggregate, { ip }, precision) => address(ip.destination, precision),
  S: (_aggregate, { ports }) => String(ports.sourcePort),
  D: (_aggregate, { ports }) => String(ports.destinationPort),
  p: (_aggregate, { ip }) => (ip.protocol === ipProtocols.tcp ? "T" : "U"),
  "%": () => "%",
};

/** The name of a flow's file; what is wrong with the pattern is told, and left out of the name. */
export function flowFilename(
  pattern: string,
  aggregate: number,
  headers: FlowHeaders,
  complain: (message: string) => void,
): string {
  return pattern.replace(/%(0?)(\d*)(?:(\.)(\d*))?(.?)/gs, (_all, zero, width, point, digits, letter) => {
    const fill = escapes[letter];
    if (!fill) complain(letter === "" ? "bad filename pattern" : `bad filename pattern \`%${letter}'`);
    const text = fill?.(aggregate, headers, point === undefined ? -1 : Number(digits)) ?? "";
    return text.padStart(Math.min(Number(width), mostWide), zero === "" ? "_" : "0");
  });
}
