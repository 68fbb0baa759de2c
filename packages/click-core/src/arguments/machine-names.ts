/**
 * Names that a machine has for protocols, ports and its own network devices. A configuration that is compiled for another
 * machine, or to the same bytes anywhere, is given none: the tables here serve then.
 */
import { ipProtocols, otherServices, protocolGroups, services } from "@clickos/wire/names";
import type { IpAddressWithPrefix } from "./addresses.ts";
import { parseInteger } from "./numbers.ts";
import type { PortProtocol } from "./scope.ts";

/** Addresses of a network device, as far as it has them. */
export interface DeviceAddresses {
  readonly name: string;
  readonly ip?: IpAddressWithPrefix;
  readonly ether?: Uint8Array;
}

/** Where a machine has its names. Each is asked for once, when a name is looked up that the configuration does not define. */
export interface MachineNames {
  /** The text of its list of protocols, `/etc/protocols`. */
  protocols?(): string | undefined;
  /** The text of its list of services, `/etc/services`. */
  services?(): string | undefined;
  devices?(): readonly DeviceAddresses[];
  /** The gateway of the default route by a device. */
  gateway?(device: string): number | undefined;
}

type Table = ReadonlyMap<string, number>;

const tableOf = (...tables: readonly Readonly<Record<string, number>>[]): Table =>
  new Map(tables.flatMap((t) => Object.entries(t)));

const { dccp, gre, icmp, igmp, ipip, sctp, tcp, udp } = ipProtocols;
const knownProtocols = tableOf({ dccp, gre, icmp, igmp, ipip, sctp, tcp, udp }, protocolGroups);
const knownServices = tableOf(services);
const noNames: Table = new Map();

/** Names by kind, with those of a machine where there is one. */
export class NameTables {
  private readonly machine: MachineNames | undefined;
  private protocolTable: Table | undefined;
  private portTables: ReadonlyMap<number, Table> | undefined;
  private deviceTable: readonly DeviceAddresses[] | undefined;

  constructor(machine?: MachineNames) {
    this.machine = machine;
  }

  protocol(name: string): number | undefined {
    return knownProtocols.get(name) ?? (this.mayBe(name) ? this.protocols.get(name) : undefined);
  }

  port(name: string, protocol: PortProtocol): number | undefined {
    const known = protocol === "tcp" || protocol === "udp" ? knownServices.get(name) : undefined;
    return known ?? (this.mayBe(name) ? this.ports(protocol).get(name) : undefined);
  }

  portNames(protocol: PortProtocol): string[] {
    const known = protocol === "tcp" || protocol === "udp" ? knownServices : noNames;
    return [...new Set([...known.keys(), ...this.ports(protocol).keys()])];
  }

  ip(device: string): IpAddressWithPrefix | undefined {
    return this.devices.find((d) => d.name === device && d.ip)?.ip;
  }
  ether(device: string): Uint8Array | undefined {
    return this.devices.find((d) => d.name === device && d.ether)?.ether;
  }
  gateway(device: string): number | undefined {
    return this.machine?.gateway?.(device);
  }

  /** Files are not read for what is a number. */
  private mayBe(name: string): boolean {
    return parseInteger(name) === undefined;
  }

  private get protocols(): Table {
    this.protocolTable ??= this.machine ? readProtocols(this.machine.protocols?.() ?? "") : tableOf(ipProtocols);
    return this.protocolTable;
  }

  private ports(protocol: PortProtocol): Table {
    this.portTables ??= this.machine
      ? readServices(this.machine.services?.() ?? "", (name) => this.protocol(name))
      : new Map([tcp, udp].map((p) => [p, tableOf(otherServices)]));
    return this.portTables.get(ipProtocols[protocol]) ?? noNames;
  }

  private get devices(): readonly DeviceAddresses[] {
    this.deviceTable ??= this.machine?.devices?.() ?? [];
    return this.deviceTable;
  }
}

/** The words of each line of a file of names, without what follows `#`. */
function linesOf(text: string): string[][] {
  return text.split(/[\r\n]+/).map((line) => (line.split("#")[0] as string).split(/\s+/).filter(Boolean));
}

function readProtocols(text: string): Table {
  const table = new Map<string, number>();
  for (const [name, number = "", ...aliases] of linesOf(text)) {
    if (name === undefined || !/^\d+$/.test(number) || Number(number) > 255) continue;
    for (const n of [name, ...aliases]) table.set(n, Number(number));
  }
  return table;
}

/** By protocol. */
function readServices(text: string, protocolNamed: (name: string) => number | undefined): ReadonlyMap<number, Table> {
  const tables = new Map<number, Map<string, number>>([tcp, udp, sctp, dccp].map((p) => [p, new Map()]));
  for (const [name, place = "", ...aliases] of linesOf(text)) {
    const [, port, protocol] = /^(\d+)[/,](\S*)$/.exec(place) ?? [];
    if (name === undefined || protocol === undefined || Number(port) > 0xffff) continue;
    const number = protocolNamed(protocol) ?? Number(parseInteger(protocol) ?? -1n);
    for (const n of [name, ...aliases]) tables.get(number)?.set(n, Number(port));
  }
  return tables;
}

/** Those of no machine. */
export const standardNames: NameTables = new NameTables();
