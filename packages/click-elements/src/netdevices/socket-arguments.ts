/** The arguments of Socket and its kin: where a socket is, as its type has it. */
import {
  type AcceptedSpec,
  type ArgumentSpec,
  accepted,
  arg,
  type ConfigOf,
  formatIpAddress,
  keyword,
  type NamedElement,
  type PrepareContext,
  positional,
  readRest,
  required,
  rest,
} from "@clickos/click-core/element";
import { maximumPath } from "@clickos/unix-socket/node";
import { IpRouteTable } from "../iproute/route-lookup.ts";

type SocketSpec = {
  readonly TYPE: ArgumentSpec<string>;
  readonly VERBOSE: ArgumentSpec<boolean>;
  readonly SNAPLEN: ArgumentSpec<number>;
  readonly HEADROOM: AcceptedSpec;
  readonly TIMESTAMP: ArgumentSpec<boolean>;
  readonly RCVBUF: ArgumentSpec<number>;
  readonly SNDBUF: ArgumentSpec<number>;
  readonly NODELAY: ArgumentSpec<number>;
  readonly CLIENT: ArgumentSpec<boolean | undefined>;
  readonly PROPER: AcceptedSpec;
  readonly ALLOW: ArgumentSpec<NamedElement | undefined>;
  readonly DENY: ArgumentSpec<NamedElement | undefined>;
  /** Address and port, or the name of a file: what the type has. */
  readonly WHERE: ArgumentSpec<string[]>;
};

export const socketConfig: SocketSpec = {
  TYPE: required(arg.string),
  VERBOSE: keyword(arg.bool, false),
  SNAPLEN: keyword(arg.i32, 2048),
  HEADROOM: accepted(arg.u32, "packets get more room when they need it"),
  TIMESTAMP: keyword(arg.bool, true),
  RCVBUF: keyword(arg.i32, -1),
  SNDBUF: keyword(arg.i32, -1),
  NODELAY: keyword(arg.i32, 1),
  CLIENT: keyword(arg.bool, undefined as boolean | undefined),
  PROPER: accepted(arg.bool, "PlanetLab's service for ports is not used"),
  ALLOW: keyword(arg.elementName(), undefined as NamedElement | undefined),
  DENY: keyword(arg.elementName(), undefined as NamedElement | undefined),
  WHERE: rest(arg.raw),
};

export type SocketConfig = ConfigOf<SocketSpec>;

export interface LocalAddress {
  readonly address: string;
  readonly port: number;
}

/** Where a socket is, or where it goes. */
export type SocketPlan = { readonly client: boolean } & (
  | { readonly type: "TCP" | "UDP"; readonly address: string; readonly port: number; readonly local?: LocalAddress }
  | { readonly type: "UNIX" | "UNIX_DGRAM"; readonly path: string }
);

const inetConfig = (protocol: "tcp" | "udp") => ({
  ADDR: required(arg.ipAddress),
  PORT: required(arg.port(protocol)),
  LOCAL_ADDR: positional(arg.ipAddress, 0),
  LOCAL_PORT: positional(arg.port(protocol), 0),
});
const unixConfig = { FILENAME: required(arg.filename), LOCAL_FILENAME: positional(arg.filename, "") };

const none: SocketPlan = { client: true, type: "UDP", address: "0.0.0.0", port: 0 };

type Reading = PrepareContext<SocketConfig>;

export function readSocketPlan(reading: Reading): SocketPlan {
  const { config, noutputs, error, note } = reading;
  const client = config.CLIENT ?? noutputs === 0;
  for (const table of [config.ALLOW, config.DENY])
    if (table && !table.offers(IpRouteTable)) {
      error(`${table.name} is not an IPRouteTable`);
      return none;
    }
  const type = config.TYPE.toUpperCase();
  if (type === "TCP" || type === "UDP") {
    if (type === "TCP") noteBuffers(reading);
    const read = readRest(inetConfig(type === "TCP" ? "tcp" : "udp"), socketConfig, reading);
    if (!read) return none;
    checkLength(reading);
    const local = client && read.LOCAL_PORT !== 0;
    return {
      client,
      type,
      address: formatIpAddress(read.ADDR),
      port: read.PORT,
      ...(local ? { local: { address: formatIpAddress(read.LOCAL_ADDR), port: read.LOCAL_PORT } } : {}),
    };
  }
  if (type !== "UNIX" && type !== "UNIX_DGRAM") {
    error(`unknown socket type \`${type}'`, 0);
    return none;
  }
  noteBuffers(reading);
  const read = readRest(unixConfig, socketConfig, reading);
  if (!read) return none;
  const { FILENAME: path, LOCAL_FILENAME: local } = read;
  for (const [which, name] of [
    ["remote", path],
    ["local", local],
  ] as const)
    if (Buffer.byteLength(name, "latin1") > maximumPath) {
      error(`${which} filename '${name}' too long`);
      return none;
    }
  if (local) note("changes nothing: a client's socket has no name here", { subject: "LOCAL_FILENAME" });
  checkLength(reading);
  return { client, type, path };
}

function checkLength({ config, error }: Reading): void {
  if (config.SNAPLEN < 1) error("SNAPLEN must be at least 1");
}

function noteBuffers({ config, note }: Reading): void {
  for (const name of ["RCVBUF", "SNDBUF"] as const)
    if (config[name] >= 0) note("changes nothing: Node.js does not set the buffers of streams", { subject: name });
}
