/**
 * Graphs that frames are sent through: every element class by itself, where frames come as they are, with an IP header that
 * nobody has looked at, and with one that was checked; and routers, gateways and bridges.
 */
import { readdirSync, readFileSync } from "node:fs";
import { elements } from "@clickos/click-elements";
import { peers, samples } from "./samples.mjs";

/**
 * What classes are given to do more than with the arguments of `samples.mjs`: arguments, further elements, how many outputs they
 * have, handlers that are written at the end.
 */
const arguments_ = {
  AggregateIPFlows: { text: "ICMP true", end: ["clear"] },
  AggregateLast: { text: "", end: ["clear"] },
  ARPQuerier: { text: "10.0.0.1, 2:0:0:0:0:1, TIMEOUT 1, POLL_TIMEOUT 0" },
  ARPResponder: { text: "10.0.0.0/24 2:0:0:0:0:1" },
  BandwidthRatedUnqueue: { text: "1MBps" },
  BandwidthShaper: { text: "1MBps" },
  CheckPaint: { text: "0" },
  Classifier: { outputs: 4, text: "12/0800 33/02%12, 12/0806 20/0001, 6/020000000001, -" },
  DelayShaper: { text: "0.01" },
  DelayUnqueue: { text: "0.01" },
  DirectIPLookup: { text: "10.0.0.0/24 0, 0.0.0.0/0 1.0.0.1 0" },
  EtherEncap: { text: "0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2" },
  ICMPError: { text: "10.0.0.1, timeexceeded" },
  IPClassifier: {
    outputs: 6,
    text: "tcp syn && dst port 80, udp src port < 1024, icmp type echo, ip frag, src net 10.0.0.0/24 && ip ttl < 3, -",
  },
  IPFilter: { text: "allow tcp opt ack, deny ip[0] & 0xf > 5, allow dst host 10.0.0.2 or udp, drop all" },
  IPFragmenter: { text: "100, HONOR_DF false" },
  IPReassembler: { text: "", fragments: 0 },
  IPRewriter: { text: "pattern 1.0.0.1 1024-1030 - - 0 0, TCP_TIMEOUT 1, UDP_TIMEOUT 1, REAP_INTERVAL 1" },
  LinearIPLookup: { text: "10.0.0.0/24 0, 0.0.0.0/0 1.0.0.1 0" },
  // They keep what they send, time and again; once more they load what is in the queue before them.
  MultiReplayUnqueue: { text: "", end: ["reset", "reset"] },
  RadixIPLookup: { text: "10.0.0.0/24 0, 0.0.0.0/0 1.0.0.1 0" },
  RangeIPLookup: { text: "10.0.0.0/24 0, 0.0.0.0/0 1.0.0.1 0" },
  RatedUnqueue: { text: "1000" },
  RED: { text: "1, 5, 0.5, QUEUES peer" },
  ReplayUnqueue: { text: "", end: ["reset", "reset"] },
  RoundRobinUnqueue: { text: "", outputs: 1 },
  Script: { text: "TYPE PACKET, return 0" },
  Shaper: { text: "1000" },
  StaticIPLookup: { text: "10.0.0.0/24 0, 0.0.0.0/0 1.0.0.1 0" },
  StaticPullSwitch: { text: "0" },
  StaticSwitch: { text: "0" },
  TimedSink: { text: "0.01" },
  Truncate: { text: "20" },
};

/** Classes that are no place for frames, with the reason. */
export const excluded = {
  DriverManager: "it has no ports",
  Error: "its configuration is an error by design",
};

const kinds = [
  [/Ethernet address/, "1:1:1:1:1:1"],
  [/IP prefix/, "10.0.0.0/8"],
  [/IP address/, "10.0.0.1"],
  [/bandwidth/, "1MBps"],
  [/time/, "1s"],
];
function argumentsOf({ name, config = {} }) {
  if (Object.hasOwn(arguments_, name)) return arguments_[name].text;
  if (Object.hasOwn(samples, name)) return samples[name].join(", ");
  return Object.entries(config)
    .flatMap(([argument, { kind, type }]) =>
      kind === "required" ? `${argument} ${kinds.find(([expects]) => expects.test(type.expects))?.[1] ?? "1"}` : [],
    )
    .join(", ");
}

const least = (code, other) =>
  code === "-" ? 1 : code.startsWith("=") ? other + code.length - 1 : Number(code.split("-")[0]);
/** As many as it takes; of those that it may have, up to three. */
function several(code, other) {
  if (code === "-") return 3;
  const [first, last] = code.split("-");
  if (last === undefined) return least(code, other);
  return Math.max(Number(first), last === "" ? 3 : Math.min(3, Number(last)));
}

const sources = {
  ether: "",
  ip: "Strip(14) -> MarkIPHeader -> ",
  checked: "Strip(14) -> CheckIPHeader -> ",
};

function graphOf(cls, source) {
  const [inputs, outputs] = cls.ports.split("/");
  const [incoming, outgoing = incoming] = cls.processing.split("/");
  const at = (codes, i) => codes[Math.min(i, codes.length - 1)];
  const ins = least(inputs, 0);
  const more = arguments_[cls.name];
  // Arguments that are shared by suites may be one for each output.
  const enough = !more && Object.hasOwn(samples, cls.name) ? least : several;
  const outs = more?.outputs ?? enough(outputs ?? inputs, ins);
  const lines = [peers[cls.name], `e :: ${cls.name}(${argumentsOf(cls)})`];
  for (let i = 0; i < ins; i++)
    lines.push(`FromDevice(${i}) -> ${sources[source]}${at(incoming, i) === "l" ? "Queue(50) -> " : ""}[${i}] e`);
  for (let i = 0; i < outs; i++) lines.push(`e [${i}] -> ${at(outgoing, i) === "l" ? "Unqueue -> " : ""}Discard`);
  return lines.filter(Boolean).join(";\n");
}

const router = `
  c0 :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -); c1 :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
  FromDevice(0) -> c0; FromDevice(1) -> c1; o0 :: Queue(200) -> ToDevice(0); o1 :: Queue(200) -> ToDevice(1);
  t :: Tee(2); c0 [1] -> t; c1 [1] -> t;
  q0 :: ARPQuerier(10.0.0.1, 2:0:0:0:0:1) -> o0; q1 :: ARPQuerier(1.0.0.1, 2:0:0:0:0:2) -> o1; t [0] -> [1] q0; t [1] -> [1] q1;
  c0 [0] -> ARPResponder(10.0.0.1 2:0:0:0:0:1) -> o0; c1 [0] -> ARPResponder(1.0.0.1 2:0:0:0:0:2) -> o1;
  rt :: RadixIPLookup(10.0.0.1/32 0, 1.0.0.1/32 0, 10.0.0.0/8 1, 0.0.0.0/0 1.0.0.9 2);
  ip :: Strip(14) -> CheckIPHeader(INTERFACES 10.0.0.1/8 1.0.0.1/8) -> [0] rt; c0 [2] -> Paint(1) -> ip; c1 [2] -> Paint(2) -> ip;
  c0 [3] -> Discard; c1 [3] -> Discard; rt [0] -> Discard;
  rt [1] -> cp1 :: PaintTee(1) -> d1 :: DecIPTTL -> f1 :: IPFragmenter(300) -> [0] q0;
  rt [2] -> cp2 :: PaintTee(2) -> d2 :: DecIPTTL -> f2 :: IPFragmenter(300) -> [0] q1;
  d1 [1] -> ICMPError(10.0.0.1, timeexceeded) -> [0] rt; d2 [1] -> ICMPError(1.0.0.1, timeexceeded) -> [0] rt;
  f1 [1] -> ICMPError(10.0.0.1, unreachable, needfrag) -> [0] rt; f2 [1] -> ICMPError(1.0.0.1, unreachable, needfrag) -> [0] rt;
  cp1 [1] -> ICMPError(10.0.0.1, redirect, host) -> [0] rt; cp2 [1] -> ICMPError(1.0.0.1, redirect, host) -> [0] rt`;

const nat = `
  rw :: IPRewriter(pattern 1.0.0.1 1024-1060 - - 0 1, drop, TCP_TIMEOUT 2, UDP_TIMEOUT 1, TCP_DONE_TIMEOUT 1, REAP_INTERVAL 1);
  ic :: ICMPRewriter(MAPS rw);
  FromDevice(0) -> Strip(14) -> CheckIPHeader -> in :: IPClassifier(tcp or udp, icmp, -);
  FromDevice(1) -> Strip(14) -> CheckIPHeader -> IPReassembler -> out :: IPClassifier(tcp or udp, icmp, -);
  in [0] -> [0] rw; in [1] -> ic; in [2] -> Discard; out [0] -> [1] rw; out [1] -> ic; out [2] -> Discard;
  ic -> Discard; rw [0] -> e0 :: EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> Queue(100) -> ToDevice(1);
  rw [1] -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> Queue(100) -> ToDevice(0)`;

const shaper = `
  FromDevice(0) -> Strip(14) -> CheckIPHeader -> c :: IPClassifier(tcp, udp, -); s :: PrioSched -> BandwidthShaper(100kBps) -> Unqueue -> Discard;
  c [0] -> q :: Queue(20) -> DelayShaper(0.02) -> [0] s; c [1] -> RED(2, 10, 0.2, QUEUES p) -> p :: Queue(20) -> [1] s; c [2] -> Queue(20) -> [2] s;
  FromDevice(1) -> t :: Tee(3) -> Discard; t [1] -> PullNull2 :: Null -> Queue(10) -> RatedUnqueue(100) -> Discard; t [2] -> Truncate(30) -> Unstrip(20) -> Pad(100) -> Discard`;

/** By name: the text, handlers that are written at the end, and the device to which a last fragment goes that others wait for. */
export const graphs = {
  router: { text: router, end: [] },
  nat: { text: nat, end: [], fragments: 1 },
  shaper: { text: shaper, end: [] },
};
for (const cls of Object.values(elements)) {
  if (Object.hasOwn(excluded, cls.name) || least(cls.ports.split("/")[0], 0) === 0) continue;
  const end = (arguments_[cls.name]?.end ?? []).map((handler) => `e.${handler}`);
  const fragments = arguments_[cls.name]?.fragments;
  for (const source of Object.keys(sources))
    graphs[`${cls.name}/${source}`] = { text: graphOf(cls, source), end, fragments };
}

const examples = new URL("../../examples/middleboxes/", import.meta.url);
/** The same for the middleboxes of the examples, and for how many seconds nothing may come until they hold nothing; their first Ethernet address is that of the frames, which have zeros. */
export const middleboxes = Object.fromEntries(
  readdirSync(examples)
    .filter((file) => file.endsWith(".click"))
    .map((file) => {
      const text = readFileSync(new URL(file, examples), "utf8").replace(/\b02(:00){4}:01\b/g, "00:00:00:00:00:00");
      // A reassembler keeps fragments until another one comes.
      const fragments = /\bFromDevice\((\d)\)(?:(?!FromDevice)[\s\S])*IPReassembler/.exec(text)?.[1];
      return [
        file.replace(/\.click$/, ""),
        { text, end: [], quiet: 400, ...(fragments === undefined ? {} : { fragments: Number(fragments) }) },
      ];
    }),
);
