/** Columns of what follows the headers. */
import { annotation } from "@clickos/click-core/element";
import { unquote } from "@clickos/click-language/arguments";
import { ipProtocols } from "@clickos/wire/ipv4";
import { md5, md5Text } from "../lib/md5.ts";
import type { PacketBuilder } from "./packet-builder.ts";
import { type PacketSummary, payloadOf } from "./packet-summary.ts";
import { numberOf, order, type SummaryField } from "./summary-field.ts";
import { headerLimits } from "./summary-transport.ts";

/** The payload as far as it is there; `undefined` where it begins after the packet's end. */
function payload(s: PacketSummary): Uint8Array | undefined {
  const { at, length } = payloadOf(s);
  const all = s.packet.data.length;
  if (length !== 0 && (at < 0 || at >= all)) return undefined;
  const end = Math.min(at + length, s.length);
  return s.packet.data.subarray(Math.max(0, at), Math.max(0, at, end));
}

/** Text in quotes, one character a byte; what cannot be printed is in octal. */
export function quoteBytes(bytes: Uint8Array): string {
  const short: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };
  let text = "";
  for (const byte of bytes) {
    const ch = String.fromCharCode(byte);
    if ('"\\$'.includes(ch)) text += `\\${ch}`;
    else if (byte >= 32 && byte < 127) text += ch;
    else text += short[ch] ?? `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `"${text}"`;
}

/** The length of a header grows to where the payload is to begin, in whole words. */
function grow(header: number, by: number): number {
  return Math.min(by - (by & 3), headerLimits.most - header);
}

/**
 * Has lengths fit a payload of so many bytes that begins at `at`: where the packet is to be longer than that, headers that
 * no column told the length of are made longer.
 */
function account(p: PacketBuilder, at: number, bytes: number): void {
  if (!p.isIp || (p.ip.totalLength === 0 && p.wanted === 0)) {
    p.wanted = at + bytes;
    return;
  }
  let more = ((p.ip.totalLength || p.wanted) + Math.max(0, p.network) - (at + bytes)) | 0;
  const { ip } = p;
  if (
    more > 0 &&
    ip.fragmentOffset === 0 &&
    ip.protocol === ipProtocols.tcp &&
    !p.hasTcpHeaderLength &&
    p.tcp.dataOffset === 5
  ) {
    const by = grow(headerLimits.tcp, more);
    if (!insert(p, p.transport + headerLimits.tcp, by)) return;
    p.tcp.dataOffset = (headerLimits.tcp + by) / 4;
    more -= by;
  }
  if (more > 0 && !p.hasIpHeaderLength && ip.ihl === 5) {
    const by = grow(headerLimits.ip, more);
    if (!insert(p, p.network + headerLimits.ip, by)) return;
    p.setIpHeaderLength(headerLimits.ip + by);
  }
}

/** Puts zeros into the packet. */
function insert(p: PacketBuilder, at: number, bytes: number): boolean {
  if (!p.put(bytes)) return false;
  const { data } = p;
  data.copyWithin(at + bytes, at, p.length - bytes);
  data.fill(0, at, at + bytes);
  return true;
}

/** Where the payload begins, with the headers that there are by then. */
function startOf(p: PacketBuilder): number {
  if (p.makeIp(0)) p.makeTransport();
  if (!p.isIp) return 0;
  const { protocol, fragmentOffset } = p.ip;
  if (fragmentOffset !== 0) return p.transport;
  if (protocol === ipProtocols.tcp) {
    const stated = p.transportLength >= 13 ? p.tcp.dataOffset * 4 : 0;
    return p.transport + Math.max(stated, headerLimits.tcp);
  }
  return p.transport + (protocol === ipProtocols.udp || protocol === ipProtocols.udplite ? 8 : 0);
}

function digest(name: string, text: (digest: Uint8Array) => string): SummaryField {
  return {
    name,
    size: 16,
    prepares: true,
    read(s) {
      const bytes = payload(s);
      return bytes && md5(bytes);
    },
    text: (value) => text(value as Uint8Array),
    binary: (value, s) => [...(value instanceof Uint8Array ? value : md5(payload(s) ?? new Uint8Array()))],
  };
}

export const payloadFields: readonly SummaryField[] = [
  {
    name: "payload_len",
    size: 4,
    prepares: true,
    read(s) {
      const { length } = payloadOf(s);
      const counts = s.ip < 0 || s.options.extraLength;
      return (length + (counts ? s.packet.annotations.getUint32(annotation.extraLength, true) : 0)) >>> 0;
    },
    input: {
      order: order.payload + 1,
      inject: (p, value) => account(p, startOf(p), numberOf(value)),
    },
  },
  {
    name: "payload",
    size: "none",
    prepares: true,
    read: payload,
    text: (value) => quoteBytes(value as Uint8Array),
    input: {
      order: order.payload,
      parse: (text) => Uint8Array.from(unquote(text), (ch) => ch.charCodeAt(0)),
      inject(p, value) {
        const bytes = value as Uint8Array;
        const at = startOf(p);
        if (bytes.length === 0) return;
        account(p, at, bytes.length);
        const more = bytes.length - (p.length - at);
        if (more > 0 && !p.put(more)) return;
        p.data.set(bytes, at);
      },
    },
  },
  digest("payload_md5", md5Text),
  digest("payload_md5_hex", (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")),
];
