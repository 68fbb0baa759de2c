/** What a switch drops at a port: the reason in a report, about the port by its name, and in short in the table of a port. */
import type { Port, PortStats } from "@clickos/vale";

type Counted = Exclude<keyof PortStats, "inPackets" | "inBytes" | "outPackets" | "outBytes">;

const reasons: Readonly<Record<Counted, { readonly of: (port: string) => string; readonly short: string }>> = {
  noRoom: { of: (port) => `no room in ${port}`, short: "no room" },
  tooLong: { of: (port) => `frame too long for ${port}`, short: "too long" },
  foreignSource: { of: (port) => `source is not an address of ${port}`, short: "foreign source" },
  overLimit: { of: (port) => `too many addresses behind ${port}`, short: "too many addresses" },
  refused: { of: (port) => `from ${port}, dropped by the lookup`, short: "refused" },
  isolated: { of: (port) => `from ${port} to a port that it is isolated from`, short: "isolated" },
  overBroadcast: { of: (port) => `from ${port}, beyond its limit of broadcasts`, short: "broadcasts" },
  overUnknown: {
    of: (port) => `from ${port}, beyond its limit of unknown destinations`,
    short: "unknown destinations",
  },
  otherVlan: { of: (port) => `from ${port} in none of its VLANs`, short: "other VLAN" },
  overRate: { of: (port) => `from ${port}, beyond its rate`, short: "rate in" },
  overRateOut: { of: (port) => `to ${port}, beyond its rate`, short: "rate out" },
  fromMirror: { of: (port) => `from ${port}, which is a mirror`, short: "from a mirror" },
};

/** Reasons with what was dropped for them. */
export function droppedAt(name: string, stats: PortStats): [reason: string, count: number][] {
  return Object.entries(reasons).map(([key, { of }]) => [of(name), stats[key as Counted]]);
}

/** The same in short, for those that there were, with what the port itself dropped. */
export function dropsInShort(port: Port, stats: PortStats): [reason: string, count: number][] {
  const own = Object.entries(port.drops ?? {});
  return [
    ...Object.entries(reasons).map(([key, { short }]): [string, number] => [short, stats[key as Counted]]),
    ...own,
  ].filter(([, count]) => count > 0);
}
