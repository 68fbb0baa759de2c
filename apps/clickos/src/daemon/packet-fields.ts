/** A packet's headers as fields by name, and what differs between two looks at it. */
import type { FieldChange } from "@clickos/client";
import type { Format } from "@clickos/wire";
import { arp } from "@clickos/wire/arp";
import { ethernet, etherTypes, vlan } from "@clickos/wire/ethernet";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";

/** A packet as it was somewhere: its first bytes, and where in them its network header is known to be. */
export interface Look {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly network: number | undefined;
}

/** A header that was found: `ipv4`, and `ipv4#2` for one inside of it. */
interface Header {
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly text: string;
}

interface Found {
  readonly headers: readonly Header[];
  readonly payload: Uint8Array;
}

const formats: Readonly<Record<string, Format>> = {
  ethernet,
  vlan,
  arp,
  ipv4,
  ipv6,
  udp,
  tcp,
  icmp,
} as unknown as Record<string, Format>;
const hexadecimal = new Set(["etherType", "checksum", "identification"]);
const mostHeaders = 8;
const isTag = (type: number): boolean => type === etherTypes.vlan || type === etherTypes.serviceVlan;
const networkTypes: Readonly<Record<number, string>> = {
  [etherTypes.ip]: "ipv4",
  [etherTypes.ip6]: "ipv6",
  [etherTypes.arp]: "arp",
};
const protocols: Readonly<Record<number, string>> = {
  [ipProtocols.udp]: "udp",
  [ipProtocols.tcp]: "tcp",
  [ipProtocols.icmp]: "icmp",
  [ipProtocols.ipip]: "ipv4",
  [ipProtocols.ipv6]: "ipv6",
};

const hex = (bytes: Uint8Array, between = ""): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(between);

function text(format: string, field: string, value: number | Uint8Array): string {
  if (typeof value !== "number") {
    if (value.length === 6) return hex(value, ":");
    if (value.length === 4) return [...value].join(".");
    return hex(value).replace(/(.{4})(?=.)/g, "$1:");
  }
  if (format === "ipv4" && (field === "source" || field === "destination"))
    return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
  return hexadecimal.has(field) ? `0x${value.toString(16).padStart(4, "0")}` : String(value);
}

/** Finds headers; what there is no saying of is payload. */
function find({ bytes, network }: Look): Found {
  const headers: Header[] = [];
  const seen: Record<string, number> = {};
  let at = 0;
  /** Takes the header at the place, if its bytes are there; its values. */
  const take = (name: string): Record<string, number> | undefined => {
    const format = formats[name] as Format;
    if (headers.length >= mostHeaders) return undefined;
    const read = format.read(bytes, at);
    if (!read.ok) return undefined;
    const values = read.header as unknown as Record<string, number | Uint8Array> & { headerLength: number };
    const own = Object.entries(format.table.fields).filter(([, spec]) => !("over" in spec));
    const fields = new Map(own.map(([field]) => [field, text(name, field, values[field] as number)]));
    const count = (seen[name] ?? 0) + 1;
    seen[name] = count;
    headers.push({ name: count === 1 ? name : `${name}#${count}`, fields, text: summary(name, fields) });
    at += values.headerLength;
    return values as Record<string, number>;
  };
  const link = (): string | undefined => {
    let type = take("ethernet")?.etherType;
    while (type !== undefined && isTag(type)) type = take("vlan")?.etherType;
    return type === undefined ? undefined : networkTypes[type];
  };
  const version = (place: number): string | undefined => ({ 4: "ipv4", 6: "ipv6" })[(bytes[place] ?? 0) >> 4];
  let next: string | undefined;
  if (network === 0) next = version(0);
  else if (looksLikeEthernet(bytes)) next = link();
  else if (network === undefined) next = version(0);
  if (network !== undefined && network > 0 && at !== network && network < bytes.length) {
    // Something stands before it that is no header known here.
    if (headers.length === 0) next = version(network);
    at = network;
  }
  while (next !== undefined) {
    const values: Record<string, number> | undefined = take(next);
    if (!values) break;
    const protocol: number | undefined = next === "ipv6" ? values.nextHeader : values.protocol;
    const isIp: boolean = next === "ipv4" || next === "ipv6";
    next = isIp && !values.fragmentOffset && protocol !== undefined ? protocols[protocol] : undefined;
  }
  return { headers, payload: bytes.subarray(Math.min(at, bytes.length)) };
}

/** Whether bytes begin with an Ethernet header, as far as one can tell: what follows is what its type says. */
function looksLikeEthernet(bytes: Uint8Array): boolean {
  if (bytes.length < ethernet.size) return false;
  const { etherType } = ethernet.view(bytes);
  if (etherType === etherTypes.ip) return (bytes[ethernet.size] ?? 0) >> 4 === 4;
  if (etherType === etherTypes.ip6) return (bytes[ethernet.size] ?? 0) >> 4 === 6;
  return etherType === etherTypes.arp || isTag(etherType);
}

function summary(name: string, fields: ReadonlyMap<string, string>): string {
  const [from, to] = [
    fields.get("source") ?? fields.get("sourcePort"),
    fields.get("destination") ?? fields.get("destinationPort"),
  ];
  return from === undefined || to === undefined ? name : `${name} ${from} > ${to}`;
}

/** A packet in a line. */
export function packetText(look: Look): string {
  return [...find(look).headers.map((h) => h.text), `${look.length} bytes`].join(", ");
}

/** What differs: fields by name, whole headers that came or went, the length, and how many bytes of what follows. */
export function changesBetween(before: Look, after: Look): FieldChange[] {
  const [was, is] = [find(before), find(after)];
  const changes: FieldChange[] = [];
  const headers = (found: Found): Map<string, Header> => new Map(found.headers.map((h) => [h.name, h]));
  const [old, now] = [headers(was), headers(is)];
  for (const [name, { text, fields }] of old) {
    const other = now.get(name);
    if (!other) changes.push({ field: name, from: text, to: null });
    else
      for (const [field, from] of fields) {
        const to = other.fields.get(field) as string;
        if (to !== from) changes.push({ field: `${name}.${field}`, from, to });
      }
  }
  for (const [name, { text }] of now) if (!old.has(name)) changes.push({ field: name, from: null, to: text });
  if (before.length !== after.length)
    changes.push({ field: "length", from: String(before.length), to: String(after.length) });
  const common = Math.min(was.payload.length, is.payload.length);
  // Which bytes are payload depends on the headers.
  if (changes.every(({ from, to }) => from !== null && to !== null)) {
    const differing = [...was.payload.subarray(0, common)].flatMap((byte, i) => (byte === is.payload[i] ? [] : [i]));
    if (differing.length > 0) {
      const some = differing.length > 1 ? `${differing[0]}-${differing.at(-1)}` : String(differing[0]);
      const part = ({ payload }: Found): string =>
        hex(payload.subarray(differing[0], Math.min((differing.at(-1) as number) + 1, (differing[0] as number) + 16)));
      changes.push({ field: `payload[${some}]`, from: part(was), to: part(is) });
    }
  }
  return changes;
}
