// Lists of filter rules in the manner of ClassBench (Taylor and Turner, INFOCOM 2005), and packets drawn from them.
//
// A list has one of three shapes, as the paper's seeds have: `acl`, access lists; `fw`, firewalls; `ipc`, chains of a host's own
// filter. What tells them apart: how many addresses are left open, how long prefixes are, and which kinds of ports there are (the
// paper's five classes: any, 0-1023, 1024-65535, another range, one port). Networks lie in one another, and few of them
// are in many rules. The distributions are rounded from the figures of the paper; nothing of its data is here.

/** Uniform numbers from 0 up to a limit: xorshift, so that a seed says everything. */
export function randomFrom(seed) {
  let state = seed >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let i = 0; i < 8; i++) next();
  return (limit) => Math.floor((next() / 2 ** 32) * limit);
}

/** Weights of prefix lengths. */
const lengths = {
  acl: {
    src: { 0: 10, 8: 1, 16: 6, 20: 4, 22: 4, 24: 22, 26: 4, 28: 6, 30: 3, 32: 40 },
    dst: { 0: 2, 16: 4, 20: 3, 24: 16, 27: 5, 28: 6, 30: 6, 32: 58 },
  },
  fw: {
    src: { 0: 42, 8: 2, 16: 8, 20: 3, 24: 16, 27: 3, 32: 26 },
    dst: { 0: 34, 16: 5, 24: 17, 26: 4, 28: 4, 32: 36 },
  },
  ipc: {
    src: { 0: 16, 8: 3, 14: 2, 16: 9, 19: 3, 22: 3, 24: 20, 28: 6, 30: 2, 32: 36 },
    dst: { 0: 14, 12: 2, 16: 8, 21: 4, 24: 22, 28: 6, 32: 44 },
  },
};
/** Weights of the classes of ports. */
const ports = {
  acl: { src: { any: 97, one: 3 }, dst: { any: 26, high: 4, low: 1, range: 14, one: 55 } },
  fw: { src: { any: 76, high: 16, one: 8 }, dst: { any: 36, high: 12, range: 10, one: 42 } },
  ipc: { src: { any: 80, high: 6, range: 3, one: 11 }, dst: { any: 52, high: 6, low: 2, range: 6, one: 34 } },
};
const protocols = {
  acl: { tcp: 70, udp: 18, any: 10, icmp: 2 },
  fw: { tcp: 62, udp: 22, any: 10, icmp: 6 },
  ipc: { tcp: 50, udp: 26, any: 20, icmp: 4 },
};
const wellKnown = [
  80, 443, 53, 25, 22, 21, 23, 110, 143, 123, 161, 389, 445, 139, 135, 1433, 1521, 3306, 3389, 5060, 8080,
];

function weighted(random, weights) {
  let left = random(Object.values(weights).reduce((sum, w) => sum + w, 0));
  for (const [key, weight] of Object.entries(weights)) {
    left -= weight;
    if (left < 0) return key;
  }
}

/** Few of `n`, mostly: the least of two draws. */
const few = (random, n) => Math.min(random(n), random(n));

const prefixMask = (length) => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

/** Gives addresses of networks that lie in one another; about `n` are asked for. */
function addressesOf(random, n) {
  const sites = Array.from(
    { length: Math.max(2, Math.round(n ** 0.4)) },
    () => (random(223) + 1) * 2 ** 24 + random(256) * 2 ** 16,
  );
  const subnets = Array.from(
    { length: Math.max(4, Math.round(n / 6)) },
    () => sites[few(random, sites.length)] + random(256) * 256,
  );
  return (length) => {
    const base = length <= 16 ? sites[few(random, sites.length)] : subnets[few(random, subnets.length)];
    return ((base + random(256)) & prefixMask(length)) >>> 0;
  };
}

function portsOf(random, kind) {
  switch (kind) {
    case "high":
      return [1024, 65535];
    case "low":
      return [0, 1023];
    case "one": {
      const port = random(3) ? wellKnown[few(random, wellKnown.length)] : 1024 + random(20000);
      return [port, port];
    }
    case "range": {
      const low = 1024 + random(30000);
      return [low, low + 1 + few(random, 2000)];
    }
    default:
      return [0, 65535];
  }
}

/**
 * A rule: networks as address and prefix length, ranges of ports with both ends, the protocol's name or "any". One that has ports
 * is of a protocol that has them.
 * @typedef {{ allow: boolean, src: [number, number], dst: [number, number], sport: [number, number], dport: [number, number], protocol: string }} ListedRule
 */

/**
 * So many different rules of a shape.
 * @param {"acl" | "fw" | "ipc"} shape
 * @returns {ListedRule[]}
 */
export function ruleList(shape, n, seed = 1) {
  const random = randomFrom(seed * 7919 + n);
  const sources = addressesOf(random, n);
  const destinations = addressesOf(random, n);
  const known = new Set();
  const rules = [];
  while (rules.length < n) {
    const [from, to] = ["src", "dst"].map((end) => Number(weighted(random, lengths[shape][end])));
    const protocol = weighted(random, protocols[shape]);
    const portless = protocol === "any" || protocol === "icmp";
    const rule = {
      allow: random(4) > 0,
      src: [sources(from), from],
      dst: [destinations(to), to],
      sport: portsOf(random, portless ? "any" : weighted(random, ports[shape].src)),
      dport: portsOf(random, portless ? "any" : weighted(random, ports[shape].dst)),
      protocol,
    };
    const { allow, ...conditions } = rule;
    const key = JSON.stringify(conditions);
    // A rule that leaves everything open would be the last.
    if (known.has(key) || (from === 0 && to === 0 && rule.dport[1] - rule.dport[0] > 1024)) continue;
    known.add(key);
    rules.push(rule);
  }
  return rules;
}

/** Rules of four kinds in turn: a source network and a port, two hosts, a destination host and the protocol, a source host and a port. */
export function mixedList(n) {
  const any = [0, 65535];
  const port = (i) => [1000 + i, 1000 + i];
  const host = (a, i) => [a * 2 ** 24 + i, 32];
  return Array.from({ length: n }, (_, i) => {
    const base = { allow: false, src: [0, 0], dst: [0, 0], sport: any, dport: any, protocol: "udp" };
    if (i % 4 === 0) return { ...base, src: [0xac100000 + ((i >> 2) % 4096) * 256, 24], dport: port(i) };
    if (i % 4 === 1) return { ...base, src: host(10, i), dst: host(11, i), protocol: "any" };
    if (i % 4 === 2) return { ...base, dst: host(12, i) };
    return { ...base, src: host(13, i), dport: port(i) };
  });
}

export const dotted = (n) => [24, 16, 8, 0].map((s) => (n >>> s) & 255).join(".");

/** What follows `allow` or `deny` in Click's language. */
export function ruleText({ src, dst, sport, dport, protocol }) {
  const address = (end, [network, length]) =>
    length === 0
      ? []
      : length === 32
        ? [`${end} host ${dotted(network)}`]
        : [`${end} net ${dotted(network)}/${length}`];
  const range = (end, [low, high]) => {
    if (low === high) return [`${end} port ${low}`];
    return [...(low > 0 ? [`${end} port >= ${low}`] : []), ...(high < 65535 ? [`${end} port <= ${high}`] : [])];
  };
  const parts = [
    ...address("src", src),
    ...address("dst", dst),
    ...(protocol === "any" ? [] : [protocol]),
    ...range("src", sport),
    ...range("dst", dport),
  ];
  return parts.join(" && ") || "all";
}

/** The arguments of an IPFilter; what no rule matches is allowed. */
export function filterArguments(rules) {
  return [...rules.map((r) => `${r.allow ? "allow" : "deny"} ${ruleText(r)}`), "allow all"].join(", ");
}

/**
 * Headers of packets that rules match, of all rules in random order: at an end of each range, or anywhere in it.
 * @param {readonly ListedRule[]} rules
 * @returns {{ src: number, dst: number, sport: number, dport: number, protocol: number }[]}
 */
export function packetsOf(rules, n, seed = 1) {
  const random = randomFrom(seed * 104729 + n);
  const numbers = { tcp: 6, udp: 17, icmp: 1 };
  const within = (low, high) => [low, high, low + random(high - low + 1)][random(3)];
  const address = ([network, length]) => within(network, (network | ~prefixMask(length)) >>> 0);
  return Array.from({ length: n }, () => {
    const { src, dst, sport, dport, protocol } = rules[random(rules.length)];
    return {
      src: address(src),
      dst: address(dst),
      sport: within(...sport),
      dport: within(...dport),
      protocol: numbers[protocol] ?? [6, 17][random(2)],
    };
  });
}

/** Patterns of a Classifier in which several fields decide: addresses, ports, protocols, in turn; of Ethernet frames. */
export function classifierPatterns(n) {
  const hex = (value, digits) => value.toString(16).padStart(digits, "0");
  return Array.from({ length: n }, (_, i) => {
    if (i % 4 === 0) return `12/0800 23/11 26/ac10${hex(i >> 2, 2)} 36/${hex(1000 + i, 4)}`;
    if (i % 4 === 1) return `12/0800 26/${hex(0x0a000000 + i, 8)} 30/${hex(0x0b000000 + i, 8)}`;
    if (i % 4 === 2) return `12/0800 23/11 30/${hex(0x0c000000 + i, 8)}`;
    return `12/0800 23/11 26/${hex(0x0d000000 + i, 8)} 36/${hex(1000 + i, 4)}`;
  });
}
