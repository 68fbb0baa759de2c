/**
 * Attachments by texts, as commands are given them:
 *
 *     tap:NAME[,address=A.B.C.D/N][,mac=M][,persist]
 *     af_packet:INTERFACE[,quiet]          quiet: only what is for this machine, not promiscuous
 *     qemu:PATH[,listen]                   -netdev stream; qemu:HOST:PORT[,listen] over TCP
 *     udp:HOST:PORT[,local=[HOST:]PORT]    one frame a datagram; also -netdev dgram
 *     dgram:PATH,local=PATH                -netdev dgram over UNIX sockets: the peer's, and our own
 *     vxlan:HOST[:PORT],id=VNI[,local=[HOST:]PORT]
 *     ws:PORT[/PATH], ws:HOST:PORT[/PATH]  listens, with `guests=N` to so many at a time; ws://HOST… and wss://HOST… connect
 *     pcap:FILE[,follow][,out=FILE]        plays and records; pcap:,out=FILE records alone. Files that are recorded have
 *                                          nanoseconds with `nano`, their frames at once with `live`; with `rotate=100M` the
 *                                          next file begins then, and with `files=5` the first again
 *     loopback:
 *
 * All take `mtu=N`, and faults on purpose: `loss=`, `duplicate=`, `corrupt=`, `reorder=` (shares from 0 to 1), `delay=`, `jitter=`
 * (10ms, 5us, 1s), `rate=` (bits a second, with k, M or G), `seed=`.
 */
import { maximumMtu, minimumMtu } from "@clickos/vale";
import type { Endpoint } from "./attachment.ts";
import { NetdevError } from "./error.ts";
import type { FaultOptions } from "./faults.ts";

/** What a text says. */
export type Specification = SpecificationKind & {
  readonly mtu?: number | undefined;
  /** Where there are any. */
  readonly faults?: FaultOptions | undefined;
};

/** What is attached, with the options of its kind. */
export type SpecificationKind =
  | {
      readonly kind: "tap";
      readonly interface: string;
      readonly address?: { readonly address: number; readonly prefix: number } | undefined;
      readonly mac?: Uint8Array | undefined;
      readonly persist: boolean;
    }
  | { readonly kind: "af_packet"; readonly interface: string; readonly promiscuous: boolean }
  | { readonly kind: "qemu"; readonly place: { readonly path: string } | Endpoint; readonly listen: boolean }
  | { readonly kind: "udp"; readonly peer: Endpoint; readonly local?: Partial<Endpoint> | undefined }
  | {
      readonly kind: "vxlan";
      readonly peer: { readonly host: string; readonly port?: number | undefined };
      readonly id: number;
      readonly local?: Partial<Endpoint> | undefined;
    }
  | { readonly kind: "dgram"; readonly peer: string; readonly local: string }
  | { readonly kind: "ws"; readonly connect: string }
  | {
      readonly kind: "ws";
      readonly listen: Endpoint;
      readonly path: string;
      /** Guests that have a port each, of a switch of their own; without it there is one peer. */
      readonly guests?: number | undefined;
    }
  | {
      readonly kind: "pcap";
      readonly input?: string | undefined;
      readonly output?: string | undefined;
      readonly follow: boolean;
      readonly nanoseconds: boolean;
      readonly live: boolean;
      readonly rotateBytes?: number | undefined;
      readonly files?: number | undefined;
    }
  | { readonly kind: "loopback" };

/** Names of attachments, before the colon. */
export const specificationKinds: readonly string[] = [
  "tap",
  "af_packet",
  "qemu",
  "udp",
  "dgram",
  "vxlan",
  "ws",
  "wss",
  "pcap",
  "loopback",
];

/** Whether a text begins as a specification does. */
export function isSpecification(text: string): boolean {
  const colon = text.indexOf(":");
  return colon > 0 && specificationKinds.includes(text.slice(0, colon));
}

const faultShares = ["loss", "duplicate", "corrupt", "reorder"] as const;
const anyKeys = ["mtu", ...faultShares, "delay", "jitter", "rate", "seed"];

/** Options of one text, each used once. */
class Options {
  private readonly text: string;
  private readonly given = new Map<string, string | undefined>();

  constructor(text: string, parts: readonly string[]) {
    this.text = text;
    for (const part of parts) {
      const equals = part.indexOf("=");
      const key = equals < 0 ? part : part.slice(0, equals);
      if (this.given.has(key)) throw this.wrong(`${key} is given twice`);
      this.given.set(key, equals < 0 ? undefined : part.slice(equals + 1));
    }
  }
  wrong(what: string): NetdevError {
    return new NetdevError("BAD_SPECIFICATION", `${this.text}: ${what}`);
  }
  flag(key: string): boolean {
    if (!this.given.has(key)) return false;
    if (this.given.get(key) !== undefined) throw this.wrong(`${key} takes no value`);
    this.given.delete(key);
    return true;
  }
  value<T>(key: string, expected: string, read: (value: string) => T | undefined): T | undefined {
    if (!this.given.has(key)) return undefined;
    const value = this.given.get(key);
    this.given.delete(key);
    const result = value === undefined ? undefined : read(value);
    if (result === undefined) throw this.wrong(`${key} expects ${expected}`);
    return result;
  }
  done(keys: string): void {
    for (const key of this.given.keys())
      throw this.wrong(`'${key}' is not an option here; they are ${[keys, ...anyKeys].filter(Boolean).join(", ")}`);
  }
}

/** @throws {NetdevError} `BAD_SPECIFICATION` */
export function parseSpecification(text: string): Specification {
  const colon = text.indexOf(":");
  const kind = text.slice(0, Math.max(0, colon));
  const [main = "", ...parts] = text.slice(colon + 1).split(",");
  const options = new Options(text, parts);
  const mtu = options.value("mtu", `bytes, from ${minimumMtu} to ${maximumMtu}`, (value) =>
    whole(value, minimumMtu, maximumMtu),
  );
  const faults = faultsOf(options);
  const [what, keys] = kindOf(kind, main, options);
  options.done(keys);
  return { ...what, ...(mtu === undefined ? {} : { mtu }), ...(faults ? { faults } : {}) };
}

/** What is attached, and the names of its own options. */
function kindOf(kind: string, main: string, options: Options): [SpecificationKind, string] {
  const needed = <T>(value: T | undefined, expected: string): T => {
    if (value === undefined) throw options.wrong(`expected ${expected}`);
    return value;
  };
  const local = (): { readonly local?: Partial<Endpoint> } => {
    const value = options.value("local", "[HOST:]PORT", (text) =>
      /^\d+$/.test(text) ? portAlone(text) : endpointOf(text),
    );
    return value ? { local: value } : {};
  };
  switch (kind) {
    case "tap":
      return [
        {
          kind,
          interface: needed(main || undefined, "the name of an interface, as tap:click0"),
          address: options.value("address", "an address and a prefix, as 10.0.0.1/24", prefixOf),
          mac: options.value("mac", "an Ethernet address", macOf),
          persist: options.flag("persist"),
        },
        "address, mac, persist",
      ];
    case "af_packet":
      return [
        {
          kind,
          interface: needed(main || undefined, "the name of an interface, as af_packet:eth0"),
          promiscuous: !options.flag("quiet"),
        },
        "quiet",
      ];
    case "qemu": {
      const place = main.includes("/") ? { path: main } : endpointOf(main);
      return [
        { kind, place: needed(place, "a path with a / in it, or HOST:PORT"), listen: options.flag("listen") },
        "listen",
      ];
    }
    case "udp":
      return [{ kind, peer: needed(endpointOf(main), "HOST:PORT"), ...local() }, "local"];
    case "dgram": {
      const at = options.value("local", "the path of our own socket", (value) => value || undefined);
      return [
        {
          kind,
          peer: needed(main || undefined, "the path of the peer's socket, as dgram:/run/guest.sock"),
          local: needed(at, "local=, the path of our own socket"),
        },
        "local",
      ];
    }
    case "vxlan": {
      const host = /^(?:\[([^\]]+)\]|([^:]+))$/.exec(main);
      const peer = host ? { host: (host[1] ?? host[2]) as string } : endpointOf(main);
      const id = options.value("id", "the segment's number, up to 16777215", (value) => whole(value, 0, 0xff_ffff));
      return [
        { kind, peer: needed(peer, "HOST or HOST:PORT"), id: needed(id, "id=, the segment's number"), ...local() },
        "id, local",
      ];
    }
    case "ws":
    case "wss": {
      if (main.startsWith("//")) return [{ kind: "ws", connect: `${kind}:${main}` }, ""];
      const match = kind === "ws" ? /^([^/]*?)(\/.*)?$/.exec(main) : undefined;
      const at = match?.[1] ?? "";
      const listen = /^\d+$/.test(at) ? portAlone(at) && { host: "127.0.0.1", ...portAlone(at) } : endpointOf(at);
      const expected = "PORT, HOST:PORT or //HOST, as ws:8080 to listen and ws://host:8080/ to connect";
      const guests = options.value("guests", "how many, from 1 to 1000", (value) => whole(value, 1, 1000));
      return [
        {
          kind: "ws",
          listen: needed(listen as Endpoint | undefined, expected),
          path: match?.[2] ?? "/",
          ...(guests === undefined ? {} : { guests }),
        },
        "guests",
      ];
    }
    case "pcap": {
      const output = options.value("out", "a file", (value) => value || undefined);
      if (!main && !output) throw options.wrong("expected a file to play, or out= and one to record");
      const rotateBytes = options.value("rotate", "bytes, as 100M", rateOf);
      const files = options.value("files", "how many, from 1 to 1000", (value) => whole(value, 1, 1000));
      return [
        {
          kind,
          ...(main ? { input: main } : {}),
          ...(output ? { output } : {}),
          follow: options.flag("follow"),
          nanoseconds: options.flag("nano"),
          live: options.flag("live"),
          ...(rotateBytes === undefined ? {} : { rotateBytes }),
          ...(files === undefined ? {} : { files }),
        },
        "follow, out, nano, live, rotate, files",
      ];
    }
    case "loopback":
      if (main) throw options.wrong("a loopback has no name here");
      return [{ kind }, ""];
    default:
      throw options.wrong(`expected one of ${specificationKinds.join(", ")}, and a colon`);
  }
}

function faultsOf(options: Options): FaultOptions | undefined {
  const faults: Record<string, number> = {};
  const add = (name: string, value: number | undefined): void => {
    if (value !== undefined) faults[name] = value;
  };
  for (const key of faultShares)
    add(
      key,
      options.value(key, "a share from 0 to 1", (value) => {
        const share = decimal(value);
        return share !== undefined && share <= 1 ? share : undefined;
      }),
    );
  add("delayNs", options.value("delay", "a time, as 10ms", timeOf));
  add("jitterNs", options.value("jitter", "a time, as 10ms", timeOf));
  add("rateBps", options.value("rate", "bits a second, as 10M", rateOf));
  add(
    "seed",
    options.value("seed", "a whole number", (value) => whole(value, 0, 0xffff_ffff)),
  );
  return Object.keys(faults).length > 0 ? faults : undefined;
}

function whole(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
function decimal(text: string): number | undefined {
  return /^(\d{1,12}(\.\d{0,12})?|\.\d{1,12})$/.test(text) ? Number(text) : undefined;
}
/** Nanoseconds. */
function timeOf(text: string): number | undefined {
  const match = /^([\d.]+)(ns|us|ms|s)$/.exec(text);
  const value = match && decimal(match[1] as string);
  const unit = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }[match?.[2] as "ns"];
  const time = value == null ? undefined : value * unit;
  return time !== undefined && time <= 3600e9 ? time : undefined;
}
function rateOf(text: string): number | undefined {
  const match = /^([\d.]+)([kMG]?)$/.exec(text);
  const value = match && decimal(match[1] as string);
  const rate = value == null ? undefined : value * { "": 1, k: 1e3, M: 1e6, G: 1e9 }[match?.[2] as ""];
  return rate !== undefined && rate >= 1 ? rate : undefined;
}
function portAlone(text: string): { readonly port: number } | undefined {
  const port = whole(text, 0, 65_535);
  return port === undefined ? undefined : { port };
}
function endpointOf(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const port = match ? portAlone(match[3] as string) : undefined;
  return match && port ? { host: (match[1] ?? match[2]) as string, ...port } : undefined;
}
function prefixOf(text: string): { address: number; prefix: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const numbers = match?.slice(1).map(Number) ?? [];
  const prefix = numbers[4] ?? 33;
  if (!match || prefix > 32 || numbers.slice(0, 4).some((n) => n > 255)) return undefined;
  return { address: numbers.slice(0, 4).reduce((all, n) => all * 256 + n, 0), prefix };
}
function macOf(text: string): Uint8Array | undefined {
  if (!/^[\da-f]{1,2}([:-][\da-f]{1,2}){5}$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(/[:-]/), (part) => Number.parseInt(part, 16));
}
