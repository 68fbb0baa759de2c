/**
 * Types of addresses. Each may be given by a name that AddressInfo defines, alone or with a suffix that says which of the
 * addresses of that name is meant: `lan:ip`, `lan:bcast`, `lan:gw`, `lan:ipnet`, `lan:eth`. So may the machine's own network
 * devices, `eth0:ip`, where the configuration is compiled for that machine.
 */
import { closest } from "@clickos/click-language/closest";
import { type U32Field, u32 } from "@clickos/layout";
import {
  formatIpAddress,
  type IpAddress,
  type IpAddressWithPrefix,
  type IpPrefix,
  networkOf,
  parseEtherAddress,
  parseIpAddress,
  parseWithSlash,
  withMask,
} from "./addresses.ts";
import { type ArgumentType, Mistake } from "./argument-type.ts";
import type { StoredType } from "./live.ts";
import type { NameKind, Scope } from "./scope.ts";

/** A name, and the suffix in small letters; empty where there is none. */
function splitSuffix(text: string): [name: string, suffix: string] {
  const colon = text.lastIndexOf(":");
  return colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1).toLowerCase()];
}

/** The address that a name stands for. */
export function addressNamed(text: string, scope: Scope): IpAddress | undefined {
  const [name, suffix] = splitSuffix(text);
  switch (suffix) {
    case "":
    case "ip":
    case "ip4":
      return scope.lookup("ip", name) ?? scope.tables?.ip(name)?.address;
    case "bcast": {
      const prefix = scope.lookup("prefix", name) ?? scope.tables?.ip(name);
      return prefix && (prefix.address | ~prefix.mask) >>> 0;
    }
    case "gw": {
      const first = (prefix: IpAddressWithPrefix | undefined): IpAddress | undefined =>
        prefix && ((prefix.address & prefix.mask) | 1) >>> 0;
      return (
        scope.lookup("ip", text) ??
        first(scope.lookup("prefix", name)) ??
        scope.tables?.gateway(name) ??
        first(scope.tables?.ip(name))
      );
    }
    default:
      return undefined;
  }
}

/** The prefix that a name stands for, with the host's bits that it was defined with. */
export function prefixNamed(text: string, scope: Scope): IpAddressWithPrefix | undefined {
  const [name, suffix] = splitSuffix(text);
  return ["", "net", "ipnet", "ip4net"].includes(suffix)
    ? (scope.lookup("prefix", name) ?? scope.tables?.ip(name))
    : undefined;
}

function etherNamed(text: string, scope: Scope): Uint8Array | undefined {
  const [name, suffix] = splitSuffix(text);
  return ["", "eth", "ether", "ethernet"].includes(suffix)
    ? (scope.lookup("ether", name) ?? scope.tables?.ether(name))
    : undefined;
}

/** What is said of a text that is neither an address nor a name of one. */
function unknownName(text: string, scope: Scope, ...kinds: readonly NameKind[]): Mistake {
  return new Mistake(undefined, () => {
    const [name] = splitSuffix(text);
    const near = closest(
      name,
      kinds.flatMap((kind) => [...scope.names(kind)]),
    );
    return near === undefined ? undefined : `did you mean '${near}'?`;
  });
}

function readAddress(text: string, scope: Scope): IpAddress | undefined {
  return parseIpAddress(text) ?? addressNamed(text, scope);
}

/** A prefix with a slash in it, or a name of one; an address alone is none. */
export function readPrefix(text: string, scope: Scope): IpAddressWithPrefix | undefined {
  return parseWithSlash(text, (name) => addressNamed(name, scope)) ?? prefixNamed(text, scope);
}

/** A prefix, or an address alone, which is a /32. A name of both is the address: say `name:ipnet` for the prefix. */
function readAddressWithPrefix(text: string, scope: Scope): IpAddressWithPrefix | undefined {
  const withSlash = parseWithSlash(text, (name) => addressNamed(name, scope));
  if (withSlash) return withSlash;
  const address = readAddress(text, scope);
  return address === undefined ? prefixNamed(text, scope) : withMask(address, 0xffffffff);
}

export const ipAddress: StoredType<IpAddress, U32Field> = {
  stored: {
    field: u32,
    kind: "text",
    refusal: "expected IP address",
    store: (address) => address,
    show: formatIpAddress,
  },
  expects: "an IP address",
  parse: (text, scope) => readAddress(text, scope) ?? unknownName(text, scope, "ip"),
};

/** The network: the host's bits are gone. */
export const ipPrefix: ArgumentType<IpPrefix> = {
  expects: "an IP prefix",
  parse(text, scope) {
    const read = readAddressWithPrefix(text, scope);
    return read ? networkOf(read) : unknownName(text, scope, "ip", "prefix");
  },
};

/** The address as given, and its network; of a live one, the state has the address. */
export const ipAddressWithPrefix: StoredType<IpAddressWithPrefix, U32Field> = {
  stored: {
    field: u32,
    kind: "text",
    refusal: "expected IP address",
    store: ({ address }) => address,
    show: formatIpAddress,
  },
  expects: "an IP address, with or without a prefix length",
  parse: (text, scope) => readAddressWithPrefix(text, scope) ?? unknownName(text, scope, "ip", "prefix"),
};

export const etherAddress: ArgumentType<Uint8Array> = {
  expects: "an Ethernet address",
  parse: (text, scope) => parseEtherAddress(text) ?? etherNamed(text, scope) ?? unknownName(text, scope, "ether"),
};
