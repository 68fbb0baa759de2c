// The configurations of the benchmark. Frames are 64 bytes; source and sink are inside the guest.

import { arg, element, elementSet, keyword, required } from "@clickos/click-core";
import { u32 } from "@clickos/layout";
import { classifierPatterns, filterArguments, mixedList, packetsOf, ruleList } from "./rule-lists.mjs";

const hex = (bytes) => `\\<${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}>`;

function checksum(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  while (sum >>> 16) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A UDP datagram in a frame of 64 bytes, from 2.0.0.2:1024 to 26.4.2.16:53. */
export function udpFrame() {
  const frame = new Uint8Array(64);
  frame.set([0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00]);
  frame.set([0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 17, 0, 0, 2, 0, 0, 2, 26, 4, 2, 16], 14);
  const sum = checksum(frame.subarray(14, 34));
  frame.set([sum >> 8, sum & 255], 24);
  frame.set([4, 0, 0, 53, 0, 30, 0x12, 0x34], 34);
  return frame;
}
/** A frame from the station that those are sent to. */
function stationFrame() {
  const frame = udpFrame();
  frame.copyWithin(6, 0, 6);
  frame.set([0x02, 0, 0, 0, 0, 1]);
  return frame;
}
const data = hex(udpFrame());
const source = `InfiniteSource(DATA ${data}, LIMIT 0, BURST 32)`;

const rules = (n) =>
  [
    ...Array.from({ length: n - 1 }, (_, i) => `deny src host 10.0.${i >> 8}.${i & 255} and udp dst port ${1000 + i}`),
    "allow udp dst port 53",
  ].join(", ");

/**
 * FlowSource(DATA, FLOWS [, SOURCES]) — for the benchmark: UDP datagrams of FLOWS flows in turn, from SOURCES addresses (16), a
 * power of two, and from as many ports as it takes.
 * An element of a user's own, written against the public interface.
 */
const FlowSource = element({
  name: "FlowSource",
  ports: "0/1",
  processing: "h/h",
  config: { DATA: required(arg.bytes), FLOWS: required(arg.u32), SOURCES: keyword(arg.u32, 16) },
  state: { count: u32, limit: u32, flow: u32 },
  handlers: {
    limit: {
      read: (s) => s.limit,
      write: (s, v) => {
        s.limit = Number(v);
      },
    },
    count: {
      read: (s) => s.count,
      write: (s) => {
        s.count = 0;
      },
    },
  },
  task(c, { state, config, packets, data: constant, output }) {
    const left = state.limit.get().sub(state.count.get());
    const count = c.select(left.ltU(32), left, c.i32(32));
    state.count.inc(count);
    const template = constant(config.DATA, 16);
    c.for(0, count, 1, () => {
      packets.make(config.DATA.length, (p) => {
        for (let i = 0; i < config.DATA.length; i += 16) c.copy16(p.data, template, i, i);
        const flow = state.flow.get();
        const next = flow.add(1);
        state.flow.set(c.select(next.geU(config.FLOWS), c.i32(0), next));
        // The low bits of the number go to the source address, the rest to the source port.
        c.store16(p.data, flow.and(config.SOURCES - 1).add(1), 28, "be");
        c.store16(p.data, flow.shrU(Math.log2(config.SOURCES)).add(1024), 34, "be");
        output(0).push(p);
      });
    });
    return count;
  },
});

/** Lists of rules that packets are drawn over, by the name of the line. */
const lists = {
  mixed10: mixedList(10),
  mixed100: mixedList(100),
  mixed1k: mixedList(1000),
  mixed10k: mixedList(10_000),
  acl100: ruleList("acl", 100),
  acl1k: ruleList("acl", 1000),
  acl10k: ruleList("acl", 10_000),
  fw1k: ruleList("fw", 1000),
  ipc1k: ruleList("ipc", 1000),
  classifier128: mixedList(128),
};
/** So many different packets, which come in turn. */
const drawn = 32_768;

/**
 * TraceSource(LIST) — for the benchmark: packets drawn over the rules of a list, in random order.
 */
const TraceSource = element({
  name: "TraceSource",
  ports: "0/1",
  processing: "h/h",
  config: { LIST: required(arg.raw) },
  state: { count: u32, limit: u32, next: u32 },
  handlers: {
    limit: {
      read: (s) => s.limit,
      write: (s, v) => {
        s.limit = Number(v);
      },
    },
    count: {
      read: (s) => s.count,
      write: (s) => {
        s.count = 0;
      },
    },
  },
  task(c, { state, config, packets, data: constant, output }) {
    const left = state.limit.get().sub(state.count.get());
    const count = c.select(left.ltU(32), left, c.i32(32));
    state.count.inc(count);
    const frame = udpFrame();
    const template = constant(frame, 16);
    const headers = new DataView(new ArrayBuffer(drawn * 16));
    packetsOf(lists[config.LIST], drawn).forEach(({ src, dst, sport, dport, protocol }, i) => {
      headers.setUint32(i * 16, src);
      headers.setUint32(i * 16 + 4, dst);
      headers.setUint16(i * 16 + 8, sport);
      headers.setUint16(i * 16 + 10, dport);
      headers.setUint8(i * 16 + 12, protocol);
    });
    const table = constant(new Uint8Array(headers.buffer), 16);
    c.for(0, count, 1, () => {
      packets.make(frame.length, (p) => {
        for (let i = 0; i < frame.length; i += 16) c.copy16(p.data, template, i, i);
        const next = state.next.get();
        state.next.set(next.add(1).and(drawn - 1));
        const from = next.shl(4);
        c.store64(p.data, c.load64(from, table), 26);
        c.store32(p.data, c.load32(from, table + 8), 34);
        c.store8(p.data, c.load8(from, table + 12), 23);
        output(0).push(p);
      });
    });
    return count;
  },
});
export const benchElements = elementSet(FlowSource, TraceSource);

/** A filter of a list, and packets drawn over its rules. */
const filtering = (name) =>
  `s :: TraceSource(${name}) -> MarkIPHeader(14) -> IPFilter(${filterArguments(lists[name])}) -> d :: Discard;`;
/** Names of configurations in which packets are dropped: they are counted too. */
export const dropping = new Set(Object.keys(lists));

/** Flows through a rewriter; replies would leave on output 1. */
const rewriting = (flows, rewriter) =>
  `s :: FlowSource(${data}, ${flows}) -> MarkIPHeader(14) -> rw :: ${rewriter}; rw[0] -> d :: Discard; rw[1] -> Discard;`;
const toServers = Array.from({ length: 8 }, (_, i) => `- - 10.0.0.${i + 1} - 0 1`).join(", ");
/** Clocks of those in which time is to pass without waiting for it: a quarter of a second with each reading. */
export const clocks = {
  bwshaper: () => {
    let now = 100_000_000n;
    return () => (now += 250_000_000n);
  },
};

/** Name → configuration. The source is called `s` and takes a `limit`. */
export const configurations = {
  wire: `s :: ${source} -> d :: Discard;`,
  ethermirror: `s :: ${source} -> EtherMirror -> d :: Discard;`,
  iprouter: `s :: ${source} -> Strip(14) -> CheckIPHeader
    -> rt :: StaticIPLookup(26.4.0.0/16 0, 10.0.0.0/8 1, 0.0.0.0/0 2);
    rt[0] -> DecIPTTL -> EtherEncap(0x0800, 02:00:00:00:00:03, 02:00:00:00:00:04) -> Queue -> Unqueue(32) -> d :: Discard;
    rt[1] -> Discard; rt[2] -> Discard;`,
  // The forwarding path of Click's IP router, with all of its elements.
  iprouterfull: `s :: ${source} -> Strip(14) -> CheckIPHeader
    -> rt :: RadixIPLookup(26.4.0.0/16 0, 10.0.0.0/8 1, 0.0.0.0/0 2);
    rt[0] -> DropBroadcasts -> go :: IPGWOptions(26.4.0.1) -> FixIPSrc(26.4.0.1) -> dt :: DecIPTTL -> fr :: IPFragmenter(1500)
    -> EtherEncap(0x0800, 02:00:00:00:00:03, 02:00:00:00:00:04) -> Queue -> Unqueue(32) -> d :: Discard;
    go[1] -> Discard; dt[1] -> Discard; fr[1] -> Discard; rt[1] -> Discard; rt[2] -> Discard;`,
  fw10: `s :: ${source} -> MarkIPHeader(14) -> IPFilter(${rules(10)}) -> d :: Discard;`,
  fw100: `s :: ${source} -> MarkIPHeader(14) -> IPFilter(${rules(100)}) -> d :: Discard;`,
  fw1000: `s :: ${source} -> MarkIPHeader(14) -> IPFilter(${rules(1000)}) -> d :: Discard;`,
  ...Object.fromEntries(
    Object.keys(lists)
      .filter((name) => name !== "classifier128")
      .map((name) => [name, filtering(name)]),
  ),
  classifier128: `s :: TraceSource(classifier128) -> c :: Classifier(${classifierPatterns(128).join(", ")}, -); d :: Discard;
    ${Array.from({ length: 129 }, (_, i) => `c [${i}] -> d;`).join(" ")}`,
  trace: "s :: TraceSource(mixed10) -> MarkIPHeader(14) -> d :: Discard;",
  nat1: rewriting("1", "IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1)"),
  nat10k: rewriting("10000", "IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1)"),
  nat1M: rewriting("1000000", "IPRewriter(keep 0 1)"),
  natsources: rewriting("10000, SOURCES 16384", "IPAddrRewriter(pattern 1.0.0.0/16 - 0 1)"),
  natservers: `servers :: RoundRobinIPMapper(${toServers}); ${rewriting("10000", "IPRewriter(servers)")}`,
  queue: `s :: ${source} -> Queue -> Unqueue(32) -> d :: Discard;`,
  bwshaper: `s :: ${source} -> Queue -> BandwidthShaper(4GBps) -> Unqueue(32) -> d :: Discard;`,
  hashswitch: `s :: FlowSource(${data}, 4096) -> h :: HashSwitch(26, 10); d :: Discard; ${Array.from({ length: 8 }, (_, i) => `h [${i}] -> d;`).join(" ")}`,
  etherswitch: `s :: ${source} -> [0] sw :: EtherSwitch; sw [0] -> Discard; sw [1] -> d :: Discard;
    InfiniteSource(DATA ${hex(stationFrame())}, LIMIT 1) -> [1] sw;`,
  flows10k: `s :: FlowSource(${data}, 10000) -> MarkIPHeader(14) -> SetTimestamp -> AggregateIPFlows -> AggregateCounter -> d :: Discard;`,
};
