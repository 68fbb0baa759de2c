/**
 * What files of elements may import of `@clickos/…`: the command's own modules, so that a class of theirs is made of the same parts as
 * one of the library, and nothing has to be installed beside the file to run it.
 */
import * as clickCore from "@clickos/click-core";
import * as clickCoreElement from "@clickos/click-core/element";
import * as codegen from "@clickos/codegen";
import * as layout from "@clickos/layout";
import * as wire from "@clickos/wire";
import * as wireArp from "@clickos/wire/arp";
import * as wireBridge from "@clickos/wire/bridge";
import * as wireChecksum from "@clickos/wire/checksum";
import * as wireDhcp from "@clickos/wire/dhcp";
import * as wireDns from "@clickos/wire/dns";
import * as wireEthernet from "@clickos/wire/ethernet";
import * as wireFlowExport from "@clickos/wire/flow-export";
import * as wireGre from "@clickos/wire/gre";
import * as wireIcmp from "@clickos/wire/icmp";
import * as wireIcmpv6 from "@clickos/wire/icmpv6";
import * as wireIgmp from "@clickos/wire/igmp";
import * as wireIpv4 from "@clickos/wire/ipv4";
import * as wireIpv6 from "@clickos/wire/ipv6";
import * as wireNames from "@clickos/wire/names";
import * as wirePpp from "@clickos/wire/ppp";
import * as wireTcp from "@clickos/wire/tcp";
import * as wireUdp from "@clickos/wire/udp";
import * as wireVxlan from "@clickos/wire/vxlan";

export const elementModules: Readonly<Record<string, object>> = {
  "@clickos/click-core": clickCore,
  "@clickos/click-core/element": clickCoreElement,
  "@clickos/codegen": codegen,
  "@clickos/layout": layout,
  "@clickos/wire": wire,
  "@clickos/wire/arp": wireArp,
  "@clickos/wire/bridge": wireBridge,
  "@clickos/wire/checksum": wireChecksum,
  "@clickos/wire/dhcp": wireDhcp,
  "@clickos/wire/dns": wireDns,
  "@clickos/wire/ethernet": wireEthernet,
  "@clickos/wire/flow-export": wireFlowExport,
  "@clickos/wire/gre": wireGre,
  "@clickos/wire/icmp": wireIcmp,
  "@clickos/wire/icmpv6": wireIcmpv6,
  "@clickos/wire/igmp": wireIgmp,
  "@clickos/wire/ipv4": wireIpv4,
  "@clickos/wire/ipv6": wireIpv6,
  "@clickos/wire/names": wireNames,
  "@clickos/wire/ppp": wirePpp,
  "@clickos/wire/tcp": wireTcp,
  "@clickos/wire/udp": wireUdp,
  "@clickos/wire/vxlan": wireVxlan,
};
