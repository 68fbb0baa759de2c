/** IP summary dumps: a line of keywords for the element, then the file. */
import { checkConfiguration } from "@clickos/click-core/compile";
import { maximumLargeFrame, Refusal } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { bytesOfLatin1, concat, mutateBytes, mutateText, numbers, textOfLatin1 } from "../mutate.mjs";

const fields = [
  "timestamp",
  "ntimestamp",
  "ts_sec",
  "ts_usec",
  "first_timestamp",
  "ip_src",
  "ip_dst",
  "sport",
  "dport",
  "ip_proto",
  "ip_len",
  "ip_id",
  "ip_fragoff",
  "ip_frag",
  "ip_ttl",
  "ip_tos",
  "ip_opt",
  "ip_hl",
  "ip_sum",
  "tcp_flags",
  "tcp_seq",
  "tcp_ack",
  "tcp_win",
  "tcp_opt",
  "tcp_sack",
  "tcp_off",
  "tcp_urp",
  "udp_len",
  "icmp_type",
  "icmp_code",
  "payload",
  "payload_len",
  "payload_md5",
  "count",
  "aggregate",
  "link",
  "direction",
  "ip_capture_len",
  "nothing",
  "src",
  "dst",
]; // prettier-ignore
const values = [
  ...numbers,
  "1.2.3.4",
  "10.0.0.1",
  "T",
  "U",
  "I",
  "A",
  "SA",
  "-",
  ".",
  '"abc"',
  '"\\<00ff>"',
  "1.5",
  "1.000001",
  "F",
  "f",
  "100+",
  "100+24",
  "mss1460;wscale3",
  "sack1-2",
  "rr{1.2.3.4}+5",
  "ssrr{^}",
  "ts1:2",
  "unk=1:2,3",
  "<",
  ">",
  "0x",
  "255.255.255.255",
]; // prettier-ignore
const directives = ["!data", "!flowid", "!proto", "!aggregate", "!binary", "!contents", "!IPSummaryDump 1.3", "!"];
const keywords = [
  "",
  "MULTIPACKET true",
  "ZERO true",
  "CHECKSUM true",
  "MULTIPACKET true, ZERO true, CHECKSUM true",
  "SAMPLE 0.5",
  "CONTENTS ip_src ip_dst count",
  "PROTO 17, FLOWID 1.2.3.4 5 6.7.8.9 10",
];
const words = [...fields, ...values, ...directives, "\n", " "];

/** Elements by their keywords: checking a configuration takes longer than reading a dump. */
const plans = new Map(
  keywords.map((k) => {
    const text = `FromIPSummaryDump(f${k === "" ? "" : `, ${k}`}) -> Discard;`;
    return [k, checkConfiguration({ file: "f", text }, elements).checked.elements[0]];
  }),
);
/** Frames that are taken of a file. */
const most = 500;

function record(r) {
  const body = Uint8Array.from({ length: r.below(40) }, () => r.below(256));
  const out = concat(new Uint8Array(4), body);
  new DataView(out.buffer).setUint32(0, r.once(6) ? r.next() : out.length + (r.once(5) ? 0x80000000 : 0));
  return out;
}

export const target = {
  name: "summaries",
  errors: [],
  seeds: () => [
    ...[
      "MULTIPACKET true\n!data count\n4294967295\n",
      '\n!data ip_src sport ip_dst dport ip_proto ip_len tcp_flags payload\n1.2.3.4 5 6.7.8.9 10 T 60 SA "abc"\n',
      "CHECKSUM true\n!data timestamp ip_src ip_opt tcp_opt ip_frag\n1.5 1.2.3.4 rr{1.2.3.4}+5 mss1460;sack1-2 F\n",
    ].map(bytesOfLatin1),
    concat(
      bytesOfLatin1("\n!data ip_src ip_len timestamp payload\n!binary\n"),
      Uint8Array.of(0, 0, 0, 4, 0x80, 0, 0, 4),
    ),
  ],
  heavy: () =>
    [
      `\n!data ip_src\n${"1.2.3.4 ".repeat(20_000)}\n`,
      `\n!data payload\n"${"\\<".repeat(30_000)}\n`,
      `\n!data tcp_opt\n${"sack1-2;".repeat(8000)}\n`,
      `\n!data timestamp\n${"1".repeat(60_000)}\n`,
      `\n${"!data ip_src\n".repeat(10_000)}`,
    ].map(bytesOfLatin1),
  generate(r) {
    let text = `${r.pick(keywords)}\n!data ${Array.from({ length: 1 + r.below(6) }, () => r.pick(fields)).join(" ")}\n`;
    if (r.once(5)) {
      text += "!binary\n";
      return concat(bytesOfLatin1(text), ...Array.from({ length: r.below(5) }, () => record(r)));
    }
    for (let n = r.below(6); n > 0; n--) {
      if (r.once(5)) text += `${r.pick(directives)} `;
      text += `${Array.from({ length: 1 + r.below(7) }, () => r.pick(values)).join(" ")}\n`;
    }
    return bytesOfLatin1(text);
  },
  mutate: (input, r) => (r.once(2) ? mutateBytes(input, r) : mutateText(input, r, words)),
  run(input) {
    const at = input.indexOf(10);
    const {
      class: FromIPSummaryDump,
      config,
      plan,
    } = plans.get(textOfLatin1(input.subarray(0, Math.max(0, at)))) ?? plans.get("");
    let service;
    try {
      service = FromIPSummaryDump.service({
        config,
        plan,
        name: "f",
        landmark: "f:1",
        ninputs: 0,
        noutputs: 1,
        arguments: [],
        host: { files: { read: () => input.subarray(at + 1) }, chatter() {}, now: () => 0n, chance: () => 5 },
      });
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
    }
    return frames > 0 ? "frames" : "no frames";
  },
};
