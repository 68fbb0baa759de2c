// What probes of rewriters have in common: packets, and configurations that rewrite them.

/** The Internet checksum over some bytes. */
function checksum(bytes, start = 0) {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
const address = (text) => text.split(".").map(Number);
export const be16 = (n) => [n >>> 8, n & 255];
export const be32 = (n) => [...be16(n >>> 16), ...be16(n & 0xffff)];
export const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** An IP packet. */
export function ip(protocol, from, to, payload, { fragment = 0, id = 1 } = {}) {
  const header = [0x45, 0, ...be16(20 + payload.length), ...be16(id), ...be16(fragment), 64, protocol, 0, 0];
  const bytes = [...header, ...address(from), ...address(to)];
  bytes.splice(10, 2, ...be16(checksum(bytes)));
  return [...bytes, ...payload];
}
/** A TCP or UDP packet with a right checksum. */
export function withPorts(protocol, from, to, header, at, options) {
  const pseudo = [...address(from), ...address(to), 0, protocol, ...be16(header.length)];
  const sum = checksum([...pseudo, ...header, ...(header.length & 1 ? [0] : [])]);
  return ip(protocol, from, to, header.with(at, sum >>> 8).with(at + 1, sum & 255), options);
}
export const tcp = (
  from,
  sport,
  to,
  dport,
  { flags = 2, data = [], seq = 1, ack = 0, protocol = 6, ...options } = {},
) => {
  const header = [...be16(sport), ...be16(dport), ...be32(seq), ...be32(ack), 0x50, flags, 32, 0, 0, 0, 0, 0, ...data];
  return withPorts(protocol, from, to, header, 16, options);
};
export const udp = (from, sport, to, dport, { data = [1, 2, 3, 4], plain = false, ...options } = {}) => {
  const header = [...be16(sport), ...be16(dport), ...be16(8 + data.length), 0, 0, ...data];
  return plain ? ip(17, from, to, header, options) : withPorts(17, from, to, header, 6, options);
};
export const icmp = (from, to, type, rest, options) => {
  const message = [type, 0, 0, 0, ...rest];
  const sum = checksum(message);
  return ip(1, from, to, message.with(2, sum >>> 8).with(3, sum & 255), options);
};
export const ping = (from, to, id, type = 8, options = {}) => icmp(from, to, type, [...be16(id), 0, 1], options);
/** An ICMP error about a packet. */
export const about = (from, to, packet, { type = 3, bytes = 28 } = {}) =>
  icmp(from, to, type, [0, 0, 0, 0, ...packet.slice(0, bytes)]);

/**
 * A rewriter whose packets come one a second, each to an input; `then` is what the script does in the end. All outputs are printed.
 */
export function rewriting(
  spec,
  packets,
  { outputs = 2, inputs = 2, then = "", before = "", more = "", every = 1, mark = "" } = {},
) {
  const sources = packets.map(
    ([bytes, input = 0], i) =>
      `s${i} :: InfiniteSource(DATA \\<${hex(bytes)}>, LIMIT 1, ACTIVE false)${mark} -> in${input};`,
  );
  const ins = Array.from({ length: inputs }, (_, i) => `in${i} :: MarkIPHeader -> [${i}] rw; Idle -> in${i};`);
  const outs = Array.from({ length: outputs }, (_, i) => `rw[${i}] -> Print(out${i}, 100) -> Discard;`);
  const steps = packets.map((_, i) => `write s${i}.active true, wait ${every}`);
  return `${before} rw :: ${spec}; ${more} ${ins.join(" ")} ${outs.join(" ")}\n${sources.join("\n")}
    Script(${[...steps, ...(then ? [then] : []), "stop"].join(", ")})`;
}
export const simulated = ["--simtime"];
export const reads = (...handlers) => handlers.flatMap((handler) => ["-h", `rw.${handler}`]);
export const counts = reads("size", "table_size", "mapping_failures", "patterns", "capacity");
export const tables = reads("tcp_table", "udp_table");
export const nat = "pattern 9.9.9.9 5000-5010# - - 0 1";
export const [inside, other, server] = ["10.0.0.1", "10.0.0.2", "8.8.8.8"];
export const outside = "9.9.9.9";

/** One probe for each text. */
export const each = (texts, name, config) => texts.map((text) => ({ name: name(text), ...config(text) }));

/** The lines of each table in one order: where flows came and went, or were used after others came, Click's tells of that. */
const inOrder = (text) =>
  text.replace(/(?:.* => .*\n)+/g, (table) => `${table.trimEnd().split("\n").sort().join("\n")}\n`);

/** Probes of which some, by name, are meant to differ, for a reason, and some have tables in any order. */
export const settled = (all, { meant = {}, anyOrder = [] } = {}) =>
  all.map((probe) => ({
    ...probe,
    ...(meant[probe.name] ? { differs: meant[probe.name] } : {}),
    ...(anyOrder.includes(probe.name) ? { mask: inOrder } : {}),
  }));
