// The language of IPFilter and IPClassifier: what rules compile to, which packets they choose, and what is wrong with them.

const program = (rules, n = 1) => ({
  args: ["-q", "-h", "f.program"],
  config: `Idle -> f :: IPFilter(${rules}); ${Array.from({ length: n }, (_, i) => `f[${i}] -> Discard;`).join(" ")}`,
});
/** An IP packet as a string of a configuration. */
function ip(protocol, source, destination, payload, { ttl = 64, tos = 0 } = {}) {
  const bytes = [0x45, tos, 0, 20 + payload.length, 0, 7, 0, 0, ttl, protocol, 0, 0];
  bytes.push(...source.split(".").map(Number), ...destination.split(".").map(Number), ...payload);
  return `"\\<${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}>"`;
}
const segment = [4, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 2, 16, 0, 0, 0, 0, 0];
const packets = [
  [ip(17, "10.0.0.1", "10.0.0.2", [4, 0, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]), 3],
  [ip(6, "10.0.0.3", "10.1.2.3", segment), 5],
  [ip(1, "10.0.0.3", "10.0.0.1", [8, 0, 0, 0, 0, 1, 0, 2], { ttl: 1 }), 7],
  // One that ends within its ports.
  [ip(6, "192.168.0.1", "10.0.0.1", [4, 0, 1], { tos: 42 }), 11],
];
/** How many of some packets a pattern chooses. */
const choosing = (pattern) => ({
  name: `packets: ${pattern}`,
  args: ["--simtime", "-h", "*.count"],
  seconds: 20,
  config: `f :: IPClassifier(${pattern}, -); f[0] -> yes :: Counter -> Discard; f[1] -> no :: Counter -> Discard;
${packets.map(([data, n], i) => `s${i} :: InfiniteSource(DATA ${data}, LIMIT ${n}, BURST ${n}) -> MarkIPHeader -> f;`).join("\n")}
Script(wait 0.1, stop)`,
});
const compiled = (rules, n) => ({ name: `program: ${rules}`, ...program(rules, n) });
const refused = (rules, n) => ({ name: `refused: ${rules}`, ...program(rules, n) });

export const probes = [
  ...[
    "allow all",
    "deny all",
    "drop -",
    "allow",
    "allow tcp",
    "allow tcp dst port 80",
    "deny udp, allow tcp port 22 or 23, drop all",
    "allow ip proto 300",
    "deny ip proto 300, allow tcp",
    "allow false, deny true",
    "allow src net 10.0.0.0/8 and dst host 1.2.3.4",
    "allow dst port 1 or 2 or 3 or 4 or 5 or 6 or 7 or 8 or 9 or 100",
    "allow dst port >= 1024",
    "allow src port < 1024 and not tcp opt ack",
    "allow ip ttl != 64",
    "allow ether src 02:00:00:00:00:01",
    "allow src & 255.0.0.0 = 10.0.0.0",
    "allow tcp ? syn : udp ? port 53 : icmp",
    "deny src 10.0.0.1, deny src 10.0.0.2, deny src 10.0.0.3, allow all",
  ].map((rules) => compiled(rules, 1)),
  compiled("1 tcp, 0 udp, drop all", 2),
  ...[
    "syn",
    "opt syn",
    "tcp && syn",
    "not syn",
    "win > 999",
    "ttl 1",
    "icmp echo",
    "tcp ? syn : udp ? port 53 : icmp",
    "ip ect 2",
    "tcpudp",
    "ip proto tcpudp",
    "TCP",
    "ip proto UDP",
    "proto ICMP",
    "src & 255.0.0.0 = 10.0.0.0",
    '"tcp"',
    "'tcp port 80'",
    'tcp port "80"',
    '"src host 10.0.0.3"',
    "tcp src 10.0.0.3",
    "port != 80",
    "tcp[13] & 0x12 != 0",
    "dst port 53 or 80",
    "src port > 1000 and dst port < 60",
    "ip len > 30",
    "ip[8] = 1",
    "transp[0:2] = 1024",
    "src or dst net 10.0.0.0/24",
    "src and dst 10.0.0.1",
    "10.0.0.1 or 10.1.2.3",
    "net 10.0.0.0 mask 255.0.0.255",
    "ip dscp 10",
    "not (tcp or udp)",
    "udp port domain",
    "dst port http",
    "icmp type 8",
    "ip unfrag tcp",
  ].map(choosing),
  {
    name: "handlers",
    args: ["-q", "-h", "f.handlers"],
    config: "Idle -> f :: IPFilter(allow tcp) -> Discard",
    differs: "ours has `lookup`, which says what packets are looked up in, and its bytes",
  },
  {
    name: "all ICMP types",
    ...program(
      [
        "echo-reply unreachable sourcequench redirect echo routeradvert routersolicit timeexceeded parameterproblem",
        "timestamp timestamp-reply inforeq inforeq-reply maskreq maskreq-reply",
      ]
        .join(" ")
        .split(" ")
        .map((type) => `deny icmp type ${type}`)
        .join(", "),
    ),
  },
];

/** What is told of rules that are wrong, or decide nothing. */
export const messages = [
  ...[
    ["allow tcp", 0],
    ["deny tcp", 0],
    ["2 tcp", 1],
    ["-1 tcp", 1],
    ["0x1 tcp", 1],
    ["foo tcp", 1],
    ["allow tcp, , allow udp", 1],
    ["allow tcp, ''", 1],
    ["allow tcp udp", 1],
    ["allow tcp udp port 80", 1],
    ["allow src dst port 80", 1],
    ["allow src src port 80", 1],
    ["allow net 10.0.0.0", 1],
    ["allow tcp opt != syn", 1],
    ["allow ip len > 70000", 1],
    ["allow ip len >= 0", 1],
    ["allow ip ttl 300", 1],
    ["allow port 70000", 1],
    ["allow foo", 1],
    ["allow tcp and", 1],
    ["allow tcp or", 1],
    ["allow ip", 1],
    ["allow src", 1],
    ["allow port", 1],
    ["allow dst host", 1],
    ["allow host 1.2.3", 1],
    ["allow not", 1],
    ["allow tcp foo", 1],
    ["allow (tcp", 1],
    ["allow 80", 1],
    ["allow ip[8", 1],
    ["allow ip[8:5] = 1", 1],
    ["allow ip[3:2] = 1", 1],
    ["allow ip[x] = 1", 1],
    ["allow host > 1.2.3.4", 1],
    ["allow tcp opt 300", 1],
    ["allow src ip ttl 4", 1],
    ["allow tcp ? udp", 1],
    ["allow port & 0 80", 1],
    ["allow port & 0x10000 80", 1],
    ["allow echo", 1],
    ["allow icmp port 80", 1],
    ["allow ip frag 3", 1],
    ["allow ether port 80", 1],
    ["allow ether host 1.2.3.4", 1],
    ["allow host 02:00:00:00:00:01", 1],
    ["allow type type 3", 1],
    ["allow ip proto tcp proto udp", 1],
    ["allow icmp type inforeqreply", 1],
    ["allow icmp type echo-request", 1],
    ["allow accept", 1],
    ["accept tcp", 1],
  ].map(([rules, n]) => refused(rules, n)),
  ...["transp", "true", "false", "ip proto 300"].map(choosing),
  {
    name: "config is written",
    args: [],
    config: `Idle -> f :: IPFilter(allow tcp) -> Discard;
Script(write f.config deny tcp, print f.config, print f.program, write f.config "1 tcp", print f.config, stop)`,
  },
];
