/**
 * ToIPSummaryDump(FILENAME [, keywords FIELDS, HEADER, VERBOSE, BANNER, MULTIPACKET, BAD_PACKETS, BINARY]) —
 * writes a line about each IP packet.
 *
 * FIELDS names the columns, `timestamp ip_src` when absent: timestamp, ntimestamp, ts_sec, ts_usec, ip_src, ip_dst,
 * sport, dport, ip_len, ip_proto, ip_id, ip_fragoff, ip_frag, ip_tos, ip_ttl, ip_sum, ip_hl, tcp_seq, tcp_ack,
 * tcp_off, tcp_flags, tcp_window, tcp_opt, tcp_ntopt, tcp_sack, udp_len, icmp_type, icmp_code, icmp_flowid,
 * icmp_seq, payload_len, payload, capture_len, wire_len, count, direction, link, aggregate, and more. CONTENTS and
 * DATA are other names for FIELDS. FILENAME `-` is standard output. With BAD_PACKETS, packets without a sound IP
 * header get a `!bad` line. BINARY writes records instead of lines. VERBOSE, CAREFUL_TRUNC and
 * EXTRA_LENGTH are accepted with a warning. With MULTIPACKET, a packet that stands for several has a line for
 * each; they are written 10,000 a turn, and before the driver stops. Packets leave on the output if it is connected.
 *
 * Handlers: flush (write).
 *
 *   FromDump(in.pcap) -> CheckIPHeader(14) -> ToIPSummaryDump(-, FIELDS timestamp ip_src ip_dst ip_len)
 */
import {
  type ArgumentType,
  accepted,
  annotation,
  arg,
  type ElementClass,
  element,
  keyword,
  required,
  type ServiceHost,
} from "@clickos/click-core/element";
import { quoteAlways, splitWords, unquote } from "@clickos/click-language/arguments";
import { FileTrouble } from "../lib/file-trouble.ts";
import { type IpView, type SummaryField, summaryField, type Value, viewIp } from "../lib/ip-summary.ts";
import { pullTask } from "../lib/pull-task.ts";

/** Field names between spaces, quotes taken off where all stand in one pair. */
export const fieldNames: ArgumentType<string[]> = {
  expects: "names of fields",
  parse: (text) => {
    const words = splitWords(text);
    return words.length === 1 ? splitWords(unquote(text)) : words;
  },
};

const none: string[] = [];

/** Text of one character a byte. */
function encoder(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export const ToIPSummaryDump: ElementClass = element({
  name: "ToIPSummaryDump",
  ports: "1/0-1",
  processing: "a/a",
  taskHandlers: "first",
  config: {
    FILENAME: required(arg.filename),
    FIELDS: keyword(fieldNames, none),
    CONTENTS: keyword(fieldNames, none),
    DATA: keyword(fieldNames, none),
    HEADER: keyword(arg.bool, true),
    VERBOSE: accepted(arg.bool, "bad packets have - in their fields"),
    BANNER: keyword(arg.string, ""),
    MULTIPACKET: keyword(arg.bool, false),
    BAD_PACKETS: keyword(arg.bool, false),
    CAREFUL_TRUNC: accepted(arg.bool, "what was cut is counted by its annotation"),
    EXTRA_LENGTH: accepted(arg.bool, "lengths have the extra length annotation in them"),
    BINARY: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    const named = [config.FIELDS, config.CONTENTS, config.DATA].find((list) => list.length > 0);
    const fields = (named ?? ["timestamp", "ip_src"]).flatMap((name) => {
      const field = summaryField(name);
      if (!field) error(`'${name}' is not a field`);
      return field ? [field] : [];
    });
    return { fields };
  },
  files: (config) => ({ writes: config.FILENAME }),
  service({ config, plan, host }) {
    const { files } = host;
    if (!files) throw "files are not available here";
    const { fields } = plan;
    let lines: string[] = [];
    let size = 0;
    let started = false;
    const put = (text: string): void => {
      lines.push(text);
      size += text.length;
      // Standard output is one stream for all that write to it, which puts pieces together itself.
      if (size >= 1 << 16 || config.FILENAME === "-") flush();
    };
    const trouble = new FileTrouble(host);
    const flush = (): void => {
      if (lines.length === 0 && started) return;
      trouble.attempt(() => files.write(config.FILENAME, encoder(lines.join("")), started));
      started = true;
      lines = [];
      size = 0;
    };
    const repeated = repeatedLines(host, put);
    const text = (line: string): string => (config.BINARY && afterHeader ? record(line, true) : `${line}\n`);
    let afterHeader = false;
    const describe = (packet: Parameters<typeof viewIp>[0], view: IpView | string, once: boolean): string => {
      const bad = typeof view === "string" && config.BAD_PACKETS ? text(`!bad ${quoteAlways(view)}`) : "";
      const columns = fields.map((field): Value | undefined => {
        if (once && field.name === "count") return 1;
        if (typeof view === "string") return field.name.endsWith("timestamp") ? packet.timestampNs : undefined;
        return field.read(view);
      });
      return config.BINARY
        ? bad + record(binary(fields, columns), false)
        : `${bad}${columns.map((value, i) => (value === undefined ? "-" : (fields[i] as SummaryField).format(value))).join(" ")}\n`;
    };
    return {
      start() {
        if (config.HEADER) put(text("!IPSummaryDump 1.3"));
        if (config.BANNER) put(text(`!creator "${config.BANNER}"`));
        if (config.HEADER) put(text(`!data ${fields.map((f) => f.name).join(" ")}`));
        if (config.BINARY) put(text("!binary"));
        afterHeader = true;
        flush();
      },
      packet(packet) {
        const view = viewIp(packet);
        const times = config.MULTIPACKET ? 1 + packet.annotations.getUint32(annotation.extraPackets, true) : 1;
        const described = describe(packet, view, config.MULTIPACKET);
        if (times === 1 && repeated.left === 0) put(described);
        else repeated.add(described, times);
        return 0;
      },
      driverStops: () => repeated.finishFirst(),
      problem: () =>
        trouble.problem !== undefined
          ? `${config.FILENAME}: ${trouble.problem}`
          : repeated.left > 0
            ? `${config.FILENAME}: ${repeated.left} lines of packets that stand for several are not written`
            : undefined,
      flush,
      close: flush,
      handlers: { flush: { write: flush } },
    };
  },
  action(_c, packet, { service, output }) {
    service.give(packet);
    output(0).push(packet);
  },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  task: (c, { service, input, noutputs }) =>
    noutputs > 0
      ? c.i32(0)
      : pullTask(c, 32, input(0), (packet) => {
          service.give(packet);
          packet.kill();
        }),
});

/** Lines of packets that stand for several, written in one turn. */
const linesPerTurn = 10_000;

/** Writes lines many times over, some in each turn, in the order in which they came. */
function repeatedLines(
  host: ServiceHost,
  put: (text: string) => void,
): { add(line: string, times: number): void; finishFirst(): boolean; readonly left: number } {
  let waiting: { readonly line: string; times: number }[] = [];
  let first = 0;
  let left = 0;
  let share = linesPerTurn;
  let nextTurn = false;
  let stop = false;
  const write = (): void => {
    while (left > 0 && share > 0) {
      const entry = waiting[first] as (typeof waiting)[number];
      const times = Math.min(entry.times, share);
      put(entry.line.repeat(times));
      entry.times -= times;
      share -= times;
      left -= times;
      if (entry.times === 0) first++;
    }
    if (left === 0) {
      waiting = [];
      first = 0;
    }
    if (nextTurn) return;
    nextTurn = true;
    host.at(host.now(), () => {
      nextTurn = false;
      share = linesPerTurn;
      if (left > 0) write();
      if (left > 0 || !stop) return;
      stop = false;
      host.stop();
    });
  };
  return {
    add(line, times) {
      waiting.push({ line, times });
      left += times;
      write();
      if (left > 0) host.yield();
    },
    /** Whether the driver is to go on until all lines are written; it is stopped then. */
    finishFirst() {
      if (left > 0) stop = true;
      return left > 0;
    },
    get left() {
      return left;
    },
  };
}

/** A record: its length in four bytes, network order, the highest bit for a line of text; then the content. */
function record(content: string, text: boolean): string {
  const padded = text ? `${content}\n\0` : content;
  const length = padded.length + 4;
  return (
    String.fromCharCode(
      (length >>> 24) | (text ? 0x80 : 0),
      (length >>> 16) & 255,
      (length >>> 8) & 255,
      length & 255,
    ) + padded
  );
}

function binary(fields: readonly SummaryField[], values: readonly (Value | undefined)[]): string {
  return fields
    .map((field, i) => {
      const value = values[i] ?? (field.size === 0 ? new Uint8Array() : 0);
      if (value instanceof Uint8Array)
        return String.fromCharCode((value.length >> 8) & 255, value.length & 255, ...value);
      let n = BigInt(value);
      // A time is seconds and a fraction, four bytes each.
      if (field.size === 8)
        n = ((n / 1_000_000_000n) << 32n) | ((n % 1_000_000_000n) / (field.name === "ntimestamp" ? 1n : 1000n));
      return Array.from({ length: field.size }, (_, k) =>
        String.fromCharCode(Number((n >> BigInt(8 * (field.size - 1 - k))) & 255n)),
      ).join("");
    })
    .join("");
}
