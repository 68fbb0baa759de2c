import { library } from "../../tsup.shared.ts";

export default library([
  "src/index.ts",
  "src/ethernet.ts",
  "src/arp.ts",
  "src/bridge.ts",
  "src/ipv4.ts",
  "src/ipv6.ts",
  "src/icmp.ts",
  "src/icmpv6.ts",
  "src/tcp.ts",
  "src/udp.ts",
  "src/dhcp.ts",
  "src/dns.ts",
  "src/gre.ts",
  "src/igmp.ts",
  "src/vxlan.ts",
  "src/flow-export.ts",
  "src/ppp.ts",
  "src/checksum.ts",
  "src/names.ts",
]);
