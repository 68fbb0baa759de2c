/**
 * What `boot --vif N=…` and `--nic-port N=…` say of the two ports of interface N: keywords and values with commas between them, as
 * toolstacks of Xen have them.
 *
 *     bridge=NAME              the switch, of which interfaces of the same name share one (--vif)
 *     mac=M, rate=10Mb/s@20ms  the VM's address, and what it may send, held back (--vif)
 *     vlan=N                   an access port of VLAN N
 *     trunk=N:N…, trunk=all    a trunk of these VLANs; native=N is the one of frames without a tag
 *     pcp=P                    the priority that tags have of frames that came without one
 *     isolated, isolated=GROUP does not reach other isolated ports, or others of the group
 *     flood=yes, flood=no      whether it gets frames to groups, and to stations that nobody knows
 *     broadcast=N, unknown=N   frames a second to groups, and to stations that nobody knows, that may enter
 *     rate-in=B, rate-out=B    bits a second that may enter the switch here, or leave, with k, M or G; burst=BYTES at once
 *     priority=P               0 to 7: who comes first where room is scarce
 */
import type { PortOptions, PortVlans } from "@clickos/vale";
import { InvalidArgumentError } from "commander";

/** What is said of one port. */
export interface PortSpecification {
  readonly options: Pick<PortOptions, "isolated" | "flood" | "floodLimits" | "rateLimits" | "vlans" | "priority">;
  readonly bridge?: string;
  readonly mac?: string;
  readonly rate?: string;
}

const vifKeywords = ["bridge", "mac", "rate"] as const;
const keywords = [
  "vlan",
  "trunk",
  "native",
  "pcp",
  "isolated",
  "flood",
  "broadcast",
  "unknown",
  "rate-in",
  "rate-out",
  "burst",
  "priority",
] as const;
type Keyword = (typeof vifKeywords)[number] | (typeof keywords)[number];

const scales: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

/** @throws {InvalidArgumentError} for what is no keyword, or no value of one; the switch says what is out of its range. */
function parse(text: string, known: readonly Keyword[]): PortSpecification {
  const words = new Map<Keyword, string | undefined>();
  for (const word of text.split(",")) {
    const equals = word.indexOf("=");
    const [name, value] = equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
    const keyword = known.find((k) => k === name);
    if (!keyword) throw new InvalidArgumentError(`'${name}' is none of ${known.join(", ")}`);
    if (words.has(keyword)) throw new InvalidArgumentError(`'${name}' is given twice`);
    if (value === "" || (value === undefined && keyword !== "isolated"))
      throw new InvalidArgumentError(`'${name}' has a value: ${name}=…`);
    words.set(keyword, value);
  }
  const number = (keyword: Keyword): number | undefined => {
    const value = words.get(keyword);
    if (value === undefined) return undefined;
    if (!/^\d{1,10}$/.test(value)) throw new InvalidArgumentError(`${keyword}=${value}: expected a whole number`);
    return Number(value);
  };
  const bits = (keyword: Keyword): number | undefined => {
    const value = words.get(keyword);
    if (value === undefined) return undefined;
    const [, digits, scale] = /^(\d{1,13}(?:\.\d{1,3})?)([kMG]?)$/.exec(value) ?? [];
    if (digits === undefined)
      throw new InvalidArgumentError(`${keyword}=${value}: expected bits a second, such as 10M or 1.5G`);
    return Math.round(Number(digits) * (scales[scale ?? ""] as number));
  };
  const flag = (keyword: Keyword): boolean | undefined => {
    const value = words.get(keyword);
    if (value !== undefined && value !== "yes" && value !== "no")
      throw new InvalidArgumentError(`${keyword}=${value}: expected yes or no`);
    return value === undefined ? undefined : value === "yes";
  };
  const some = <T extends object>(values: T): T | undefined =>
    Object.values(values).some((value) => value !== undefined) ? defined(values) : undefined;
  const rates = { entering: bits("rate-in"), leaving: bits("rate-out"), burst: number("burst") };
  const limits = { broadcast: number("broadcast"), unknownUnicast: number("unknown") };
  const options = {
    isolated: words.has("isolated") ? (words.get("isolated") ?? true) : undefined,
    flood: flag("flood"),
    floodLimits: some(limits),
    rateLimits: some(rates),
    vlans: vlansOf(number, words.get("trunk")),
    priority: number("priority"),
  };
  return defined({
    options: defined(options) as PortSpecification["options"],
    bridge: words.get("bridge"),
    mac: words.get("mac"),
    rate: words.get("rate"),
  }) as PortSpecification;
}

/** Without what is undefined. */
function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

function vlansOf(number: (keyword: Keyword) => number | undefined, trunk: string | undefined): PortVlans | undefined {
  const [access, native, priority] = [number("vlan"), number("native"), number("pcp")];
  if (access === undefined && trunk === undefined) {
    if (native !== undefined || priority !== undefined)
      throw new InvalidArgumentError("'native' and 'pcp' go with 'vlan' or 'trunk'");
    return undefined;
  }
  if (trunk !== undefined && trunk !== "all" && !/^\d+(:\d+)*$/.test(trunk))
    throw new InvalidArgumentError(`trunk=${trunk}: expected VLANs with colons between them, or 'all'`);
  const vids = trunk === "all" ? "all" : trunk?.split(":").map(Number);
  return defined({ access, trunk: vids, native, priority }) as PortVlans;
}

/** Collects `N=…` options of ports, each once. */
function collected(
  known: readonly Keyword[],
): (value: string, list?: ReadonlyMap<number, PortSpecification>) => Map<number, PortSpecification> {
  return (value, list = new Map()) => {
    const [, device, text] = /^(\d{1,2})=(.+)$/.exec(value) ?? [];
    if (device === undefined || text === undefined) throw new InvalidArgumentError("expected N=KEYWORD=VALUE,…");
    if (list.has(Number(device))) throw new InvalidArgumentError(`interface ${Number(device)} is given twice`);
    return new Map([...list, [Number(device), parse(text, known)]]);
  };
}

/** The keywords of what holds for a port, whatever is behind it. */
export const portKeywords: readonly string[] = keywords;
/** Reads those. @throws {InvalidArgumentError} */
export function parsePortKeywords(text: string): PortSpecification["options"] {
  return parse(text, keywords).options;
}

export const vifPorts: ReturnType<typeof collected> = collected([...vifKeywords, ...keywords]);
export const nicPorts: ReturnType<typeof collected> = collected(keywords);
