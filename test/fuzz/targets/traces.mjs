/** Files of traces that are no captures: a line with an element and its keywords, then the file. */
import { checkConfiguration } from "@clickos/click-core/compile";
import { maximumLargeFrame, Refusal } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { bytesOfLatin1, concat, mutateBytes, mutateText, numbers, textOfLatin1 } from "../mutate.mjs";

/** Texts: what their lines are made of. */
const texts = {
  FromTcpdump: [
    ..."1.5 10.0.0.1.80 > 10.0.0.2.53: S P . ack win urg udp icmp 1:2(1) <mss 1460,nop> <sack sack 1 {1:2}> [tcp sum ok]".split(
      " ",
    ),
    ..."<timestamp 1 2> wscale sackOK , } (DF) [tos 0x3] (frag 5:6@7+) (ttl 64, id 5, len 60) [bad hdr length 5] ( ) [ ]".split(
      " ",
    ),
    ...numbers,
  ],
  FromNetFlowSummaryDump: [..."10.0.0.1 10.0.0.2 | | | | | | | | 6 17 ! #".split(" "), ...numbers],
  FromCapDump: [
    ..."SND RCV SYN DAT ACK > < 1.5 1 2 3 1500 1460 FIN SACK:2-3:5-6 DSACK:2 SACK_NEW RTO : - SACK:".split(" "),
    ...numbers,
  ],
};
/** Records: what they are made of. */
const records = {
  FromNLANRDump: (r) =>
    concat(words32(r.next(), r.next()), r.once(4) ? bytes(r, r.below(60)) : concat(header, bytes(r, 16))),
  FromDAGDump(r) {
    const length = r.below(80);
    const claimed = r.once(5) ? r.next() & 0xffff : length + 16;
    return concat(bytes(r, 8), words32((r.below(6) << 24) | claimed, r.next()), bytes(r, length));
  },
};
const header = Uint8Array.from([0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
const bytes = (r, length) => Uint8Array.from({ length }, () => r.below(256));
/** Words in network order. */
function words32(...list) {
  const out = new Uint8Array(list.length * 4);
  list.forEach((word, i) => new DataView(out.buffer).setUint32(i * 4, word));
  return out;
}
const steady = { below: () => 1, next: () => 5, once: () => false };
const names = [...Object.keys(texts), ...Object.keys(records)];
const keywords = [
  ...["", "CHECKSUM true", "MULTIPACKET true", "LINK both", "SAMPLE 0.5", "STOP true", "FORCE_IP true", "ENCAP ETHER"],
  ...["FORMAT fr+", "START 5", "END 5", "ENCAP SUNATM"],
];
const words = [...Object.values(texts).flat(), "\n", "\r", " ", "\t"];

/** Elements by what the first line says; nothing where it says nothing that is right. */
const plans = new Map();
function plan(head) {
  const [name, ...args] = head.split(", ");
  if (!names.includes(name) || !args.every((argument) => keywords.includes(argument))) return plan(names[0]);
  if (!plans.has(head)) {
    const text = `${name}(${["f", ...args].join(", ")}) -> Discard;`;
    try {
      plans.set(head, checkConfiguration({ file: "f", text }, elements).checked.elements[0]);
    } catch {
      plans.set(head, plan(name));
    }
  }
  return plans.get(head);
}
/** Frames that are taken of a file. */
const most = 500;
const good = {
  FromTcpdump:
    "1.5 10.0.0.1.1000 > 10.0.0.2.80: S 100:100(0) ack 5 win 65535 <mss 1460,nop,sack sack 1 {1:3}> (DF) [tos 0x10] (ttl 64, id 77, len 60)\n",
  FromNetFlowSummaryDump: "192.4.1.32|18.26.4.44|0|14|16|5|10932|998006995|998006999|3917|80|0|18|6|4\n",
  FromCapDump: "SND 0\nSYN > 1.5 0 0 40 0\nDAT > 1.5 1 1 1500 1460\nACK < 1.5 1 1 40 0 SACK:2-3 DSACK:5\n",
};

export const target = {
  name: "traces",
  errors: [],
  seeds: () => [
    ...Object.keys(texts).flatMap((name) =>
      keywords.map((word) => bytesOfLatin1(`${name}${word && `, ${word}`}\n${good[name]}`)),
    ),
    ...Object.entries(records).flatMap(([name, record]) =>
      keywords.map((word) => concat(bytesOfLatin1(`${name}${word && `, ${word}`}\n`), record(steady), record(steady))),
    ),
  ],
  heavy: () =>
    [
      `FromTcpdump\n1 10.0.0.1.1 > 10.0.0.2.2: S 1:1(0) ack 2 <sack sack 1 ${"{1:2}".repeat(12_000)}>\n`,
      `FromTcpdump\n1 10.0.0.1.1 > 10.0.0.2.2: S 1:1(0) <${"nop,".repeat(15_000)}>\n`,
      `FromTcpdump\n1 10.0.0.1.1 > 10.0.0.2.2: S 1:1(0) ${"(DF) ".repeat(12_000)}\n`,
      `FromTcpdump\n1 10.0.0.1.1 > 10.0.0.2.2: S ${")".repeat(60_000)}\n`,
      `FromCapDump\n${"DAT > 1 1 4194303 1 1\n".repeat(100)}`,
      `FromCapDump\nDAT > 1 1 1 1 1 ${"DSACK:5 ".repeat(7000)}\n`,
      `FromNetFlowSummaryDump, MULTIPACKET true\n${good.FromNetFlowSummaryDump.replace("|5|", "|4294967295|")}`,
    ].map(bytesOfLatin1),
  generate(r) {
    const name = r.pick(names);
    const of = texts[name];
    const head = bytesOfLatin1(`${name}${r.once(2) ? `, ${r.pick(keywords)}` : ""}\n`);
    if (!of) return concat(head, ...Array.from({ length: 1 + r.below(6) }, () => records[name](r)));
    const between = name === "FromNetFlowSummaryDump" ? "|" : " ";
    let text = "";
    for (let n = 1 + r.below(5); n > 0; n--)
      text += r.once(3) ? good[name] : `${Array.from({ length: 1 + r.below(18) }, () => r.pick(of)).join(between)}\n`;
    return concat(head, bytesOfLatin1(text));
  },
  mutate: (input, r) => (r.once(2) ? mutateBytes(input, r) : mutateText(input, r, words)),
  run(input) {
    const at = input.indexOf(10);
    const { class: Source, config, plan: of } = plan(textOfLatin1(input.subarray(0, Math.max(0, at))));
    let service;
    try {
      service = Source.service({
        config,
        plan: of,
        name: "f",
        landmark: "f:1",
        ninputs: 0,
        noutputs: 2,
        arguments: [],
        host: {
          files: { read: () => input.subarray(at + 1) },
          chatter() {},
          stop() {},
          now: () => 0n,
          chance: () => 5,
        },
      });
      service.start?.();
    } catch (error) {
      // An element that cannot be initialised says why.
      if (typeof error === "string" || error instanceof Refusal) return "refused";
      throw error;
    }
    const annotations = new DataView(new ArrayBuffer(48));
    let frames = 0;
    let turns = 0;
    for (let frame = service.next(); frame !== null && frames < most; frame = service.next()) {
      if (++turns > most + input.length) throw new Error("more turns than lines");
      if (frame === undefined) continue;
      frames++;
      if (!(frame.frame.length <= maximumLargeFrame)) throw new Error(`a frame of ${frame.frame.length} bytes`);
      if (BigInt.asUintN(64, frame.timestampNs) !== frame.timestampNs)
        throw new Error(`a time of ${frame.timestampNs}`);
      frame.annotate?.(annotations);
      if (frame.port !== 1) service.called?.(0);
    }
    return frames > 0 ? "frames" : "no frames";
  },
};
