// Names: AddressInfo, PortInfo, protocols and services of the machine, scopes and suffixes.
import { existsSync, readFileSync } from "node:fs";

/** Lists of other machines may have other names. */
const lists = ["/etc/protocols", "/etc/services"].map((file) => (existsSync(file) ? readFileSync(file, "latin1") : ""));
const builtIn = new Set(["gre", "ipip", "sctp", "transp", "payload", "tcpudp", "domain", "tftp"]);
const ofMachine = (name, probe) => {
  if (builtIn.has(name)) return probe;
  const word = name.replace(/[.+]/g, "\\$&");
  const known = lists.some((list) => new RegExp(`(?:^|[ \\t])${word}(?:[ \\t]|$)`, "m").test(list));
  return known ? probe : { ...probe, differs: `the lists of this machine do not have '${name}'` };
};

const filter = (information, rules) => ({
  args: ["-q", "-h", "f.program"],
  config: `${information} Idle -> f :: IPFilter(${rules}) -> Discard`,
});
const routes = (information, list) => ({
  args: ["-q", "-h", "r.table"],
  config: `${information} Idle -> r :: StaticIPLookup(${list}) -> Discard`,
});
const lan = "AddressInfo(lan 10.0.1.5/24 02:00:00:00:00:01, srv 10.9.0.1, mac 0:1:2:3:4:5);";

const all = [
  { name: "an address in a filter", ...filter(lan, "allow src host srv") },
  { name: "an address alone", ...filter(lan, "allow srv") },
  { name: "a net in a filter", ...filter(lan, "allow dst net lan") },
  { name: "an address and a prefix of one name", ...filter(lan, "allow dst lan") },
  { name: "an Ethernet address in a filter", ...filter(lan, "allow ether src mac") },
  {
    name: "suffixes in a filter",
    ...filter(lan, "allow src lan:ip and dst lan:gw or src lan:bcast or lan:ipnet or lan:net"),
  },
  { name: "an address with a length", ...filter(lan, "allow src srv/16") },
  { name: "a name in a mask", ...filter("AddressInfo(m 255.255.0.0);", "allow src & m = 10.1.0.0") },
  {
    name: "a later definition",
    ...filter("AddressInfo(a 1.1.1.1, a 2.2.2.2); AddressInfo(a 3.3.3.3);", "allow src a"),
  },
  {
    name: "defined after its use",
    args: ["-q", "-h", "f.program"],
    config: "Idle -> f :: IPFilter(allow src a) -> Discard; AddressInfo(a 1.2.3.4)",
  },
  { name: "defined by another name", ...filter("AddressInfo(a 1.2.3.4, b a);", "allow src b") },
  {
    name: "in a compound",
    args: ["-q", "-h", "x/f.program", "-h", "g.program"],
    config: `AddressInfo(a 1.1.1.1, b 9.9.9.9); elementclass X { AddressInfo(a 2.2.2.2); input -> f :: IPFilter(allow src a and dst b) -> output }
Idle -> x :: X -> g :: IPFilter(allow src a) -> Discard`,
  },
  { name: "names in routes", ...routes(lan, "lan 0, srv/32 lan:gw 0, lan:ipnet - 0, srv srv 0") },
  { name: "names are no routes", ...routes(lan, "mac 0, lan:eth 0") },
  { name: "an interface", ...routes("", "lo 0, lo:ip/32 0, lo:ipnet 0, 9.0.0.0/8 lo:ip 0") },
  { name: "an interface in a filter", ...filter("", "allow src lo:ip or net lo:ipnet") },
  { name: "an interface has no Ethernet address", ...filter("", "allow ether host lo:eth") },
  {
    name: "names of Ethernet addresses",
    args: ["-q", "-h", "e.src", "-h", "e.dst"],
    config: `${lan} Idle -> e :: EtherEncap(0x0800, mac, lan:eth) -> Discard`,
  },
  {
    name: "names in ARPQuerier",
    args: ["-q", "-h", "a.ipaddr"],
    config: `${lan} Idle -> a :: ARPQuerier(lan) -> Discard; Idle -> [1] a; a[1] -> Discard`,
  },
  { name: "not an address", args: ["-q"], config: "AddressInfo(a foo)" },
  { name: "nothing to name", args: ["-q"], config: "AddressInfo(a)" },
  { name: "several errors", args: ["-q"], config: "AddressInfo(a 1.2.3.4 foo bar, b, , c 5)" },
  { name: "empty arguments", args: ["-q"], config: "AddressInfo(, a 1.2.3.4, )" },
  { name: "a port name", ...filter("PortInfo(ws 8080/tcp, dns2 53/udp);", "allow dst port ws or udp port dns2") },
  { name: "a port name of the other protocol", ...filter("PortInfo(ws 8080/tcp);", "allow udp dst port ws") },
  { name: "a port name without protocol", ...filter("PortInfo(p 99);", "allow port p") },
  { name: "several port names", ...filter("PortInfo(a 80/tcp c d # e);", "allow tcp port d or tcp port c") },
  { name: "a comment is no name", ...filter("PortInfo(a 80/tcp c d # e);", "allow tcp port e") },
  { name: "several ports of one name", ...filter("PortInfo(x 5/tcp 6/udp);", "allow tcp port x") },
  { name: "a protocol that is not known", args: ["-q"], config: "PortInfo(a 80/foo)" },
  { name: "no port", args: ["-q"], config: "PortInfo(a)" },
  { name: "no number", args: ["-q"], config: "PortInfo(a b/tcp, c 80x, d 5/tcp, # x)" },
  { name: "a service of the built-in names wins", ...filter("", "allow udp port pop3s") },
  ...["chargen", "sunrpc", "netbios-ns", "netbios-ssn", "imap3", "route", "pptp", "www", "irc", "snmp-trap", "dns"].map(
    (port) => ({ name: `port ${port}`, ...filter("", `allow tcp port ${port}`) }),
  ),
  ...[
    "vrrp",
    "TCP",
    "UDP",
    "ipv6",
    "OSPFIGP",
    "ospf",
    "gre",
    "ipip",
    "sctp",
    "udplite",
    "esp",
    "transp",
    "payload",
    "tcpudp",
    "ip",
    "mptcp",
  ].map((protocol) =>
    ofMachine(protocol, { name: `protocol ${protocol}`, ...filter("", `allow ip proto ${protocol}`) }),
  ),
  ...["http", "domain", "kerberos", "imap2", "x11", "tftp", "HTTP"].flatMap((port) =>
    ["tcp", "udp"].map((protocol) =>
      ofMachine(port, { name: `${protocol} port ${port}`, ...filter("", `allow ${protocol} port ${port}`) }),
    ),
  ),
];

/** What is told of names that are wrong, or stand for nothing. */
const told = new Set([
  "names in routes",
  "names are no routes",
  "an interface",
  "an interface has no Ethernet address",
  "not an address",
  "nothing to name",
  "several errors",
  "a port name of the other protocol",
  "a comment is no name",
  "no port",
  "no number",
  "protocol mptcp",
  "udp port http",
  "udp port imap2",
  "udp port x11",
  "tcp port HTTP",
  "udp port HTTP",
]);
export const probes = all.filter(({ name }) => !told.has(name));
export const messages = all.filter(({ name }) => told.has(name));
