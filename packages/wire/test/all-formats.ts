/** Every format of the package. */
import type { Format, Table } from "@clickos/wire";
import * as arpEntry from "@clickos/wire/arp";
import * as bridgeEntry from "@clickos/wire/bridge";
import * as dhcpEntry from "@clickos/wire/dhcp";
import * as dnsEntry from "@clickos/wire/dns";
import * as ethernetEntry from "@clickos/wire/ethernet";
import * as flowExportEntry from "@clickos/wire/flow-export";
import * as greEntry from "@clickos/wire/gre";
import * as icmpEntry from "@clickos/wire/icmp";
import * as icmpv6Entry from "@clickos/wire/icmpv6";
import * as igmpEntry from "@clickos/wire/igmp";
import * as ipv4Entry from "@clickos/wire/ipv4";
import * as ipv6Entry from "@clickos/wire/ipv6";
import * as pppEntry from "@clickos/wire/ppp";
import * as tcpEntry from "@clickos/wire/tcp";
import * as udpEntry from "@clickos/wire/udp";
import * as vxlanEntry from "@clickos/wire/vxlan";

export const formats: readonly Format<Table>[] = [
  ethernetEntry,
  arpEntry,
  bridgeEntry,
  ipv4Entry,
  ipv6Entry,
  icmpEntry,
  icmpv6Entry,
  tcpEntry,
  udpEntry,
  dhcpEntry,
  greEntry,
  dnsEntry,
  igmpEntry,
  vxlanEntry,
  flowExportEntry,
  pppEntry,
].flatMap((entry) =>
  Object.values(entry as Record<string, unknown>).filter(
    (value): value is Format<Table> => typeof value === "object" && value !== null && "rows" in value,
  ),
);
