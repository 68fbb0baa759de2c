/** TCP options as text, `mss1460;nop;wscale7`, and back. RFC 9293 section 3.1, RFC 7323, RFC 2018. */
import type { HeaderOption } from "@clickos/wire";
import {
  tcpMaximumSegmentSize,
  tcpOptionKinds,
  tcpOptions,
  tcpSackBlock,
  tcpSackPermitted,
  tcpTimestamps,
  tcpWindowScale,
} from "@clickos/wire/tcp";

/** The most that a TCP header has room for. */
const maximumBytes = 40;

/** The options that are `wanted`; `.` for none, `?` where they cannot be read. */
export function formatTcpOptions(bytes: Uint8Array, wanted: (kind: number) => boolean): string {
  const { options, malformedAt } = tcpOptions.read(bytes);
  const out = options.filter(({ kind }) => wanted(kind)).flatMap(optionText);
  if (malformedAt !== undefined) out.push("?");
  return out.join(";") || ".";
}

function optionText({ kind, bytes, value }: HeaderOption): string[] {
  if (kind === tcpOptionKinds.noOperation) return ["nop"];
  if (kind === tcpOptionKinds.sack && value.length % tcpSackBlock.size === 0)
    return Array.from({ length: value.length / tcpSackBlock.size }, (_, i) => {
      const { leftEdge, rightEdge } = tcpSackBlock.view(value, i * tcpSackBlock.size);
      return `sack${leftEdge}-${rightEdge}`;
    });
  const mss = tcpMaximumSegmentSize.read(bytes);
  if (mss.ok) return [`mss${mss.header.maximumSegmentSize}`];
  const scale = tcpWindowScale.read(bytes);
  if (scale.ok) return [`wscale${scale.header.shift}`];
  if (tcpSackPermitted.read(bytes).ok) return ["sackok"];
  const timestamps = tcpTimestamps.read(bytes);
  if (timestamps.ok) return [`ts${timestamps.header.value}:${timestamps.header.echoReply}`];
  return [`${kind}=${[...value].join(":")}`];
}

/** How options are written, and their bytes. */
const written: readonly (readonly [text: RegExp, bytes: (a: number, b: number) => Uint8Array])[] = [
  [/^nop$/, () => tcpOptions.bytes(tcpOptionKinds.noOperation)],
  [/^eol$/, () => tcpOptions.bytes(tcpOptionKinds.end)],
  [/^sackok$/, () => tcpSackPermitted.bytes()],
  [/^mss(\d+)$/, (maximumSegmentSize) => tcpMaximumSegmentSize.bytes({ maximumSegmentSize })],
  [/^wscale(\d+)$/, (shift) => tcpWindowScale.bytes({ shift })],
  [/^ts(\d+):(\d+)$/, (value, echoReply) => tcpTimestamps.bytes({ value, echoReply })],
  [
    /^sack(\d+)[-:](\d+)$/,
    (leftEdge, rightEdge) => tcpOptions.bytes(tcpOptionKinds.sack, tcpSackBlock.bytes({ leftEdge, rightEdge })),
  ],
];

/** Bytes, filled to a multiple of four; `undefined` for text that is none, or too much. */
export function parseTcpOptions(text: string): Uint8Array | undefined {
  const out: number[] = [];
  if (text === ".") return new Uint8Array();
  for (const part of text.split(";")) {
    const bytes = optionBytes(part);
    if (!bytes) return undefined;
    out.push(...bytes);
  }
  while (out.length % 4 !== 0) out.push(tcpOptionKinds.end);
  return out.length <= maximumBytes ? Uint8Array.from(out) : undefined;
}

function optionBytes(text: string): Uint8Array | undefined {
  for (const [pattern, bytes] of written) {
    const match = pattern.exec(text);
    if (match) return bytes(Number(match[1]), Number(match[2]));
  }
  const match = /^(\d+)(?:=([\d:]*))?$/.exec(text);
  if (!match) return undefined;
  const value = (match[2] ?? "").split(":").filter((b) => b !== "");
  if (value.length > maximumBytes) return undefined;
  return tcpOptions.bytes(Number(match[1]) & 255, Uint8Array.from(value, Number));
}
