// Classifier, IPClassifier: programs, handlers, warnings, errors; StaticIPLookup and the other tables of routes.

const outputs = (n) => Array.from({ length: n }, (_, i) => `c[${i}] -> Discard;`).join(" ");
const program = (element, n) => ({
  args: ["-q", "-h", "c.program"],
  config: `Idle -> c :: ${element}; ${outputs(n)}`,
});
const refused = (element, n) => ({ args: ["-q"], config: `Idle -> c :: ${element}; ${outputs(n)}` });
/** Packets of some data, and how many came out of each output. */
const counted = (element, n, data) => ({
  args: ["--simtime", "-h", "*.count"],
  config: `${data
    .map((d) => `InfiniteSource(DATA "${d}", LIMIT 1) -> c;`)
    .join(" ")
    .replace("-> c;", `-> c :: ${element};`)}
${Array.from({ length: n }, (_, i) => `c[${i}] -> o${i} :: Counter -> Discard;`).join("\n")}`,
});
/** A packet to 5.5.5.5. */
const unrouted = '"\\<45000014 00000000 40110000 01020304 05050505>"';
const route = (routes, n, more = {}) => ({
  args: ["-q", "-h", "r.table"],
  config: `Idle -> r :: StaticIPLookup(${routes}); ${Array.from({ length: n }, (_, i) => `r[${i}] -> Discard;`).join(" ")}`,
  ...more,
});

const lookup = (routes, n, addresses) => ({
  args: [],
  config: `${route(routes, n).config} Script(${addresses.map((a) => `print $(r.lookup ${a})`).join(", ")}, stop)`,
});

const all = [
  // Classifier
  { name: "program of one clause", ...program("Classifier(12/0800, -)", 2) },
  { name: "program of ARP and IP", ...program("Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -)", 4) },
  { name: "program of a negated clause", ...program("Classifier(12/0800 !14/45%f0, !12/0800, -)", 3) },
  { name: "program of all", ...program("Classifier(-)", 1) },
  { name: "program of addresses", ...program("Classifier(0/ffffffffffff, 0/020000000001 12/0800, 0/01%01)", 3) },
  { name: "program of wildcards", ...program("Classifier(2/63??, 0/??, 5/?3%0f)", 3) },
  {
    name: "program is read only",
    args: ["-q", "-h", "c.handlers"],
    config: "Idle -> c :: Classifier(-) -> Discard",
    differs: "ours has `lookup`, which says what packets are looked up in, and its bytes",
  },
  { name: "an output without packets", ...program("Classifier(12/0800, 12/0800, -)", 3) },
  { name: "outputs after all", ...program("Classifier(-, 12/0800, 0/00)", 3) },
  { name: "too few patterns", ...refused("Classifier(12/0800)", 2) },
  { name: "no patterns", ...refused("Classifier", 1) },
  { name: "odd digits", ...refused("Classifier(12/080, -)", 2) },
  { name: "one digit", ...refused("Classifier(-, 12/8)", 2) },
  { name: "no digit", ...refused("Classifier(x, -)", 2) },
  { name: "no slash", ...refused("Classifier(12 08, -)", 2) },
  { name: "a mask with few digits", ...refused("Classifier(12/0800%ff, -)", 2) },
  { name: "a mask with many digits", ...refused("Classifier(12/08%ffff, -)", 2) },
  { name: "two errors", ...refused("Classifier(12/080, 5)", 2) },
  { name: "a wildcard needs no byte", ...counted("Classifier(2/63??, -)", 2, ["abc", "ab", "abcd", "abx"]) },
  { name: "a short packet", ...counted("Classifier(2/6364, !2/6364, -)", 3, ["abc", "abcd", "abxx", ""]) },
  { name: "no pattern matches", ...counted("Classifier(0/61, 0/62)", 2, ["abc", "bbc", "cbc"]) },
  {
    name: "config is written",
    args: ["-q"],
    config: `Idle -> c :: Classifier(12/0800, -); c[0] -> Discard; c[1] -> Discard;
Script(write c.config "12/0806, -", print c.config, print c.program)`,
  },
  {
    name: "a bad config is refused",
    args: [],
    config: `Idle -> c :: Classifier(12/0800, -); c[0] -> Discard; c[1] -> Discard;
Script(write c.config "12/0, -", print c.config, stop)`,
  },
  // IPClassifier
  { name: "program of ports", ...program("IPClassifier(tcp port 80, udp, -)", 3) },
  {
    name: "program of many values",
    ...program(`IPClassifier(dst port ${[1, 2, 3, 5, 8, 13, 21, 300].join(" or ")}, -)`, 2),
  },
  { name: "program of one output", ...program("IPClassifier(-)", 1) },
  { name: "an unreachable pattern", ...program("IPClassifier(tcp, tcp port 80, -)", 3) },
  { name: "need patterns", ...refused("IPClassifier(tcp, udp)", 3) },
  { name: "an empty pattern", ...refused("IPClassifier(tcp, )", 2) },
  {
    name: "patterns are handlers",
    args: ["-q", "-h", "c.pattern0", "-h", "c.pattern1", "-h", "c.handlers"],
    config: "Idle -> c :: IPClassifier(tcp port  80, -); c[0] -> Discard; c[1] -> Discard",
    differs: "ours has `lookup`, which says what packets are looked up in, and its bytes",
  },
  {
    name: "a pattern is written",
    args: [],
    config: `Idle -> c :: IPClassifier(tcp port  80, -); c[0] -> Discard; c[1] -> Discard;
Script(write c.pattern0 icmp, print c.pattern0, print c.config, print c.program, stop)`,
  },
  {
    name: "a bad pattern is refused",
    args: [],
    config: `Idle -> c :: IPClassifier(tcp port  80, -); c[0] -> Discard; c[1] -> Discard;
Script(write c.pattern0 foo, print c.config, stop)`,
  },
  {
    name: "a pattern beyond the last",
    args: [],
    config: `Idle -> c :: IPClassifier(tcp, -); c[0] -> Discard; c[1] -> Discard; Script(write c.pattern2 udp, stop)`,
  },
  // routes
  { name: "a table", ...route("1.0.0.0/8 0, 1.0.3.0/255.0.255.0 0, 0/0 1.2.3.4 1, 18.26.4.24/32 18.26.4.24 1", 2) },
  { name: "a route that is replaced", ...route("1.0.0.0/8 0, 1.0.0.0/8 1, 2.0.0.0/8 1", 2) },
  { name: "two routes that are replaced", ...route("1.0.0.0/8 0, 1.0.0.0/8 1, 1.0.0.0/8 0", 2) },
  { name: "a mask that is no prefix", ...route("1.2.3.4/255.0.255.0 0", 1) },
  { name: "host bits", ...route("1.2.3.4/16 5.5.5.5 0", 1) },
  { name: "an address alone", ...route("1.2.3.4 - 0", 1) },
  { name: "no prefix", ...route("1.0.0.0 0, foo 0", 1) },
  { name: "words too many", ...route("1.0.0.0/8 1.1.1.1 0 5", 1) },
  { name: "an output that is not there", ...route("1.0.0.0/8 0, 2.0.0.0/8 7", 1) },
  { name: "a negative output", ...route("1.0.0.0/8 -1", 1) },
  { name: "no arguments", ...route("", 0, { args: ["-q", "-h", "r.table"] }) },
  {
    name: "lookup",
    ...lookup("1.0.0.0/8 0, 0/0 7.7.7.7 1", 2, ["1.2.3.4", "9.9.9.9"]),
  },
  { name: "lookup of no route", ...lookup("1.0.0.0/8 0", 1, ["2.2.2.2"]) },
  { name: "lookup of no address", ...lookup("1.0.0.0/8 0", 1, ["foo", ""]) },
  { name: "handlers of a table", ...route("1.0.0.0/8 0", 1, { args: ["-q", "-h", "r.handlers"] }) },
  {
    name: "names in routes",
    ...route("lan 0, srv/16 gw:ip 1, lan:ipnet lan:gw 0", 2),
    config: `AddressInfo(lan 10.0.1.5/24, srv 10.9.0.1, gw 10.0.1.1);
Idle -> r :: StaticIPLookup(lan 0, srv/16 gw:ip 1, lan:ipnet lan:gw 0); r[0] -> Discard; r[1] -> Discard`,
  },
  {
    name: "packets without a route",
    args: ["--simtime"],
    config: `InfiniteSource(DATA ${unrouted}, LIMIT 7, STOP true) -> CheckIPHeader(CHECKSUM false) -> r :: StaticIPLookup(1.0.0.0/8 0) -> Discard`,
  },
  ...["LinearIPLookup", "RadixIPLookup", "DirectIPLookup", "RangeIPLookup"].flatMap((name) => [
    {
      name: `${name}: table`,
      args: ["-q", "-h", "r.table"],
      config: `Idle -> r :: ${name}(1.0.0.0/8 0, 0/0 1.2.3.4 1, 1.2.0.0/16 0, 1.0.0.0/8 1); r[0] -> Discard; r[1] -> Discard`,
    },
    {
      name: `${name}: bad routes`,
      args: ["-q"],
      config: `Idle -> r :: ${name}(foo, 1.0.0.0/8 9, 1.0.0.0/8 0); r[0] -> Discard; r[1] -> Discard`,
    },
    {
      name: `${name}: no route`,
      args: ["--simtime"],
      config: `InfiniteSource(DATA ${unrouted}, LIMIT 7, STOP true) -> CheckIPHeader(CHECKSUM false) -> r :: ${name}(1.0.0.0/8 0) -> Discard`,
    },
    {
      name: `${name}: routes are written`,
      args: [],
      config: `Idle -> r :: ${name}(1.0.0.0/8 0); r[0] -> Discard; r[1] -> Discard;
Script(write r.add 2.0.0.0/8 9.9.9.9 1, write r.set 1.0.0.0/8 1, print r.table, write r.remove 2.0.0.0/8, print r.table, stop)`,
    },
    {
      name: `${name}: refusals`,
      args: [],
      config: `Idle -> r :: ${name}(1.0.0.0/8 0); r[0] -> Discard; r[1] -> Discard;
Script(write r.add 1.0.0.0/8 1, write r.add foo, write r.add 3.0.0.0/8 5, write r.remove 7.0.0.0/8, write r.remove foo, write r.ctrl bad, print r.table, stop)`,
    },
  ]),
  // unknown classes
  { name: "a class by another name", args: [], config: "PollDevice(eth0) -> Discard" },
  { name: "a class with a letter too many", args: [], config: "Idle -> Discardd" },
  { name: "an element of a class by another name", args: [], config: "p :: PollDevice(eth0); p -> Discard" },
];

/** What is told of patterns and routes that are wrong, or decide nothing; and of classes that are not there. */
const told = new Set([
  "program of wildcards",
  "an output without packets",
  "outputs after all",
  "too few patterns",
  "no patterns",
  "odd digits",
  "one digit",
  "no digit",
  "no slash",
  "a mask with few digits",
  "a mask with many digits",
  "two errors",
  "a short packet",
  "a bad config is refused",
  "an unreachable pattern",
  "need patterns",
  "an empty pattern",
  "a bad pattern is refused",
  "a route that is replaced",
  "two routes that are replaced",
  "no prefix",
  "words too many",
  "an output that is not there",
  "a negative output",
]);
const isTold = ({ name }) => told.has(name) || /: (?:bad routes|table)$|of a class|^a class/.test(name);
export const probes = all.filter((probe) => !isTold(probe));
export const messages = all.filter(isTold);
