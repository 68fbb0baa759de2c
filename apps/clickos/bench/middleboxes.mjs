// The middleboxes of examples/middleboxes in the benchmark: each configuration as it is, but that its devices are a source of frames and a
// sink, inside the router.
//
// To add one: a line in `middleboxes`, by the name of what is printed.
import { readFileSync } from "node:fs";
import { Router } from "@clickos/click-core";
import { arg, element, elementSet, required } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { u32, u64 } from "@clickos/layout";
import { arp, arpOperations } from "@clickos/wire/arp";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { measure } from "./rig.mjs";
import { filterArguments, mixedList, packetsOf, randomFrom } from "./rule-lists.mjs";

const example = (name) => readFileSync(new URL(`../../../examples/middleboxes/${name}.click`, import.meta.url), "utf8");

// ---- frames

export const address = (text) => text.split(".").reduce((sum, byte) => ((sum << 8) | Number(byte)) >>> 0, 0);
export const mac = (n) => Uint8Array.of(2, 0, 0, 0, n >> 8, n & 255);
const shortest = 64;

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
/** A frame of 64 bytes at least. */
export function frame(payload, { from = mac(1), to = mac(2), type = etherTypes.ip } = {}) {
  const whole = concat(ethernet.bytes({ source: from, destination: to, etherType: type }), payload);
  return whole.length < shortest ? concat(whole, new Uint8Array(shortest - whole.length)) : whole;
}
export function ip(source, destination, protocol, payload, values = {}) {
  const header = { ttl: 64, ...values, source, destination, protocol, totalLength: ipv4.size + payload.length };
  const packet = concat(ipv4.bytes(header), payload);
  ipv4.view(packet).checksum = internetChecksum(packet.subarray(0, ipv4.size));
  return packet;
}
export function udpPacket(source, destination, sourcePort, destinationPort, data = new Uint8Array(22)) {
  const length = udp.size + data.length;
  const message = concat(udp.bytes({ sourcePort, destinationPort, length }), data);
  const pseudo = pseudoHeaderSum({ source, destination }, ipProtocols.udp, length);
  udp.view(message).checksum = internetChecksum(message, pseudo) || 0xffff;
  return ip(source, destination, ipProtocols.udp, message);
}
export function tcpPacket(source, destination, sourcePort, destinationPort, values, data = new Uint8Array(6)) {
  const segment = concat(tcp.bytes({ window: 8192, ...values, sourcePort, destinationPort }), data);
  const pseudo = pseudoHeaderSum({ source, destination }, ipProtocols.tcp, segment.length);
  tcp.view(segment).checksum = internetChecksum(segment, pseudo);
  return ip(source, destination, ipProtocols.tcp, segment);
}
const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const udpFrame = (source, destination, sport, dport, ends) =>
  frame(udpPacket(address(source), address(destination), sport, dport), ends);

/** Packets drawn over the rules of a list. */
const drawnFrames = (list, n) =>
  packetsOf(list, n).map(({ src, dst, sport, dport, protocol }) =>
    frame(protocol === ipProtocols.tcp ? tcpPacket(src, dst, sport, dport, {}) : udpPacket(src, dst, sport, dport)),
  );
const filter = (list) => `FromDevice(0) -> CheckIPHeader(14) -> IPFilter(${filterArguments(list)}) -> ToDevice(1);`;

// ---- what is measured

/**
 * @typedef {object} Middlebox
 * @property {string} [text] its configuration; by default that of the example by its name
 * @property {() => Record<number, Uint8Array[]>} frames what comes in at each device, over and over
 * @property {() => Record<number, Uint8Array[]>} [first] what comes in before, once
 * @property {(router: Router) => void} [prepare] what is written to handlers before
 * @property {number} [passes] the share of packets that must come through; 1 where absent
 */

/** @type {Record<string, Middlebox>} */
export const middleboxes = {
  wire: { frames: () => ({ 0: [udpFrame("10.0.0.1", "10.0.0.2", 1, 2)] }) },
  "ether-mirror": { frames: () => ({ 0: [udpFrame("10.0.0.1", "10.0.0.2", 1, 2)] }) },
  firewall: {
    frames: () => ({
      0: times(256, (i) =>
        frame(tcpPacket(address("203.0.113.5") + i, address("192.0.2.80"), 1024 + i, 443, { ack: 1 })),
      ),
      1: times(256, (i) =>
        frame(tcpPacket(address("192.0.2.80"), address("203.0.113.5") + i, 443, 1024 + i, { ack: 1 })),
      ),
    }),
  },
  ...Object.fromEntries(
    [10, 100, 1000, 10_000].map((n) => {
      const list = mixedList(n);
      return [
        `firewall${n < 1000 ? n : `${n / 1000}k`}`,
        { text: filter(list), frames: () => ({ 0: drawnFrames(list, 16_384) }), passes: 0 },
      ];
    }),
  ),
  "stateful-firewall": {
    frames: () => ({
      1: times(10_000, (i) => udpFrame(`192.0.2.${i & 127}`, "203.0.113.5", 1024 + (i >> 7), 443)),
      0: times(10_000, (i) => udpFrame("203.0.113.5", `192.0.2.${i & 127}`, 443, 1024 + (i >> 7))),
    }),
    // Answers pass once there are flows.
    passes: 0.9,
  },
  "ip-router": { frames: routedFrames, first: neighbours },
  "ip-router1M": {
    text: example("ip-router"),
    first: neighbours,
    prepare(router) {
      const random = randomFrom(1);
      const lengths = [24, 24, 24, 24, 24, 24, 22, 23, 20, 19, 18, 16];
      const lines = new Set();
      while (lines.size < 1_000_000) {
        const length = lengths[random(lengths.length)];
        const network = ((20 * 2 ** 24 + random(150 * 2 ** 24)) & (0xffffffff << (32 - length))) >>> 0;
        const side = network & (1 << (32 - length)) ? "192.0.2.254 1" : "10.0.0.9 0";
        lines.add(`set ${[24, 16, 8, 0].map((s) => (network >>> s) & 255).join(".")}/${length} ${side}`);
      }
      router.write("routes.ctrl", [...lines].join("\n"));
    },
    frames() {
      const random = randomFrom(2);
      const to = () => 20 * 2 ** 24 + random(150 * 2 ** 24);
      return {
        0: times(65_536, () => frame(udpPacket(address("10.0.0.9"), to(), 1024, 53))),
        1: times(65_536, () => frame(udpPacket(address("203.0.113.5"), to(), 53, 1024))),
      };
    },
    // Who sends to where it came from is told of a better way, now and then.
    passes: 0.9,
  },
};

function arpReply(senderHardware, sender, targetHardware, target) {
  const ends = { senderProtocol: address(sender), targetProtocol: address(target) };
  return arp.bytes({ operation: arpOperations.reply, senderHardware, targetHardware, ...ends });
}
/** What an IP router gets to forward between its two sides. */
function routedFrames() {
  return {
    0: times(256, (i) => udpFrame("10.0.0.9", `203.0.113.${i}`, 1024 + i, 53)),
    1: times(256, (i) => udpFrame(`203.0.113.${i}`, "10.0.0.9", 53, 1024 + i)),
  };
}
/** Its neighbours say who they are. */
function neighbours() {
  const reply = (from, own, to, asker) => {
    const body = arpReply(mac(from), own, mac(to), asker);
    return frame(body, { from: mac(from), to: mac(to), type: etherTypes.arp });
  };
  return { 0: [reply(9, "10.0.0.9", 1, "10.0.0.1")], 1: [reply(254, "192.0.2.254", 2, "192.0.2.1")] };
}

// ---- how it is measured

/** What the sources of the router that is compiled next have, by device. */
let current = {};

const FrameSource = element({
  name: "FrameSource",
  ports: "0/1",
  processing: "h/h",
  config: { DEVICE: required(arg.u32) },
  prepare({ config }) {
    const first = current.first[config.DEVICE] ?? [];
    const frames = [...first, ...(current.frames[config.DEVICE] ?? [])];
    const size = (Math.max(shortest, ...frames.map(({ length }) => length)) + 15) & -16;
    const table = new Uint8Array(frames.length * size);
    frames.forEach((each, i) => table.set(each, i * size));
    return {
      first: first.length,
      count: frames.length,
      size,
      table,
      lengths: Uint32Array.from(frames, (f) => f.length),
    };
  },
  state: { count: u32, limit: u32, next: u32 },
  handlers: {
    count: { gauge: "count" },
    limit: { write: (s, v) => Object.assign(s, { count: 0, limit: Number(v) }) },
  },
  task(c, { plan, state, packets, data: constant, output }) {
    if (plan.count === 0) return c.i32(0);
    const left = state.limit.get().sub(state.count.get());
    const count = c.select(left.ltU(32), left, c.i32(32));
    state.count.inc(count);
    const table = constant(plan.table, 16);
    const lengths = constant(new Uint8Array(plan.lengths.buffer), 4);
    c.for(0, count, 1, () => {
      const i = c.var("i32", state.next.get(), "i");
      const next = i.get().add(1);
      state.next.set(c.select(next.geU(plan.count), c.i32(plan.count > plan.first ? plan.first : 0), next));
      packets.make(c.load32(i.get().shl(2), lengths), (p) => {
        const from = i.get().mul(plan.size);
        for (let at = 0; at < plan.size; at += 16) c.copy16(p.data, from, at, table + at);
        output(0).push(p);
      });
    });
    return count;
  },
});

const FrameSink = element({
  name: "FrameSink",
  ports: "1/0",
  processing: "a/a",
  config: { DEVICE: required(arg.u32) },
  state: { count: u64 },
  handlers: { count: { counter: "count" } },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  push(_c, _port, packet, { state }) {
    state.count.inc();
    packet.kill();
  },
  task(c, { input, state }) {
    const pulled = c.var("i32", 0, "pulled");
    c.for(0, 32, 1, () => {
      input(0).pull(
        (packet) => {
          pulled.inc(1);
          packet.kill();
        },
        () => c.break(),
      );
    });
    state.count.inc(pulled.get().toI64());
    return pulled.get();
  },
});
const all = { ...elements, ...elementSet(FrameSource, FrameSink) };

/** Lines of a configuration that are neither empty nor comments. */
const linesOf = (text) => text.split("\n").filter((line) => /^(?!\s*(\/\/|$))/.test(line)).length;

/** Nanoseconds for a packet, and what else the table says of a middlebox. */
export async function measureMiddlebox(name, packets) {
  const box = middleboxes[name];
  const text = box.text ?? example(name);
  current = { frames: box.frames(), first: box.first?.() ?? {} };
  const router = await Router.compile(
    text.replace(/\bFromDevice\(/g, "FrameSource(").replace(/\bToDevice\(/g, "FrameSink("),
    {
      elements: all,
    },
  );
  box.prepare?.(router);
  const sources = router
    .list("*.limit")
    .filter((path) => router.read(path.replace(/limit$/, "class")) === "FrameSource");
  const busy = sources.filter((path) => current.frames[router.read(path.replace(/limit$/, "config"))]?.length);
  const counts = (className) =>
    router
      .list("*.count")
      .filter((path) => router.read(path.replace(/count$/, "class")) === className)
      .reduce((sum, path) => sum + Number(router.read(path)), 0);
  const run = (n) => {
    for (const path of busy) router.write(path, String(Math.ceil(n / busy.length)));
    router.run();
  };
  // What comes first, and whatever a table has to learn.
  run(Math.max(packets / 8, ...Object.values(current.frames).map(({ length }) => length * 2 * busy.length)));
  const before = counts("FrameSink");
  const ns = measure(run, packets);
  const share = (counts("FrameSink") - before) / (packets * 7);
  if (share < (box.passes ?? 1) * 0.999)
    throw new Error(`${name}: ${(share * 100).toFixed(1)} % of packets came through`);
  const image = await linkImage({ file: `${name}.click`, text }, { elements, name });
  return { ns, lines: linesOf(text), imageBytes: image.bytes.length };
}
