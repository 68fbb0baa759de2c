/** Answers of a DHCP server as whole frames: all that is the same in each of them. */
import { internetChecksum } from "@clickos/wire/checksum";
import {
  dhcp,
  dhcpAddressOption,
  dhcpByteOption,
  dhcpCookie,
  dhcpNames,
  dhcpOps,
  dhcpOptionKinds,
  dhcpOptions,
  dhcpPorts,
} from "@clickos/wire/dhcp";
import { broadcastAddress, ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";

/** What all hosts are told. */
export interface DhcpSettings {
  readonly server: number;
  readonly ether: Uint8Array;
  readonly mask: number;
  readonly router: number;
  readonly nameServer: number | undefined;
  readonly domain: string;
  readonly leaseSeconds: number;
  readonly nextServer: number;
  readonly file: string;
}

const beforeOptions = dhcp.size + dhcpNames.size + dhcpCookie.size;

export const broadcastIp = 0xffff_ffff;
/** A message has at least so many bytes, as BOOTP's have (RFC 1542, 2.1). */
const leastMessage = 300;
const ttl = 64;
/** Renewal and rebinding, as parts of the lease (RFC 2131, 4.4.5). */
const renewal = 1 / 2;
const rebinding = 7 / 8;

/** The longest name of a file: it ends with a zero byte. */
export const longestFile: number = dhcpNames.file - 1;
/** The longest domain name of an option. */
export const longestDomain = 255;

/** Frames to everybody, with the message type first among the options: of a lease, of what is told without one, of a refusal. */
export function dhcpTemplates(settings: DhcpSettings): {
  lease: Uint8Array;
  information: Uint8Array;
  refusal: Uint8Array;
} {
  const { server, mask, router, nameServer, domain, leaseSeconds, file } = settings;
  const kinds = dhcpOptionKinds;
  const word = (kind: number, value: number): Uint8Array => dhcpAddressOption.bytes({ kind, value });
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const first = [dhcpByteOption.bytes(), word(kinds.server, server)];
  const information = [
    word(kinds.subnetMask, mask),
    ...(router === 0 ? [] : [word(kinds.router, router)]),
    ...(nameServer === undefined ? [] : [word(kinds.nameServer, nameServer)]),
    ...(domain === "" ? [] : [dhcpOptions.bytes(kinds.domainName, text(domain))]),
    ...(file === "" ? [] : [dhcpOptions.bytes(kinds.bootFile, text(file))]),
  ];
  const times = [
    word(kinds.leaseTime, leaseSeconds),
    word(kinds.renewalTime, Math.floor(leaseSeconds * renewal)),
    word(kinds.rebindingTime, Math.floor(leaseSeconds * rebinding)),
  ];
  const frame = (tells: boolean, ...options: readonly Uint8Array[]): Uint8Array => frameOf(settings, tells, options);
  return {
    lease: frame(true, ...first, ...information, ...times),
    information: frame(true, ...first, ...information),
    refusal: frame(false, ...first),
  };
}

function frameOf(settings: DhcpSettings, tells: boolean, options: readonly Uint8Array[]): Uint8Array {
  const { server, ether, nextServer, file } = settings;
  const bytes = options.flatMap((option) => [...option]);
  const length = Math.max(leastMessage, beforeOptions + bytes.length + 1);
  const message = new Uint8Array(length);
  dhcp.emit(message, { op: dhcpOps.reply, ...(tells ? { serverAddress: nextServer } : {}) });
  if (tells) message.set(new TextEncoder().encode(file), dhcp.size + dhcpNames.serverName);
  dhcpCookie.emit(message, {}, dhcp.size + dhcpNames.size);
  message.set([...bytes, dhcpOptionKinds.end], beforeOptions);
  const totalLength = ipv4.size + udp.size + length;
  const ip = ipv4.bytes({ totalLength, ttl, protocol: ipProtocols.udp, source: server, destination: broadcastIp });
  ipv4.view(ip).checksum = internetChecksum(ip);
  return Uint8Array.of(
    ...ethernet.bytes({ destination: broadcastAddress, source: ether, etherType: etherTypes.ip }),
    ...ip,
    ...udp.bytes({
      sourcePort: dhcpPorts.server,
      destinationPort: dhcpPorts.client,
      length: udp.size + length,
    }),
    ...message,
  );
}
