/**
 * ToIPSummaryDump(FILENAME [, keywords FIELDS, VERBOSE, HEADER, BANNER, MULTIPACKET, BAD_PACKETS, CAREFUL_TRUNC,
 * EXTRA_LENGTH, BINARY]) — writes a line about each packet.
 *
 * FIELDS names the columns, `timestamp ip_src` when absent: timestamp, ntimestamp, ts_sec, ts_usec, ts_usec1,
 * first_timestamp, first_ntimestamp, count, link, paint, direction, aggregate, wire_len; eth_src, eth_dst, eth_type; ip_src,
 * ip_dst, ip_tos, ip_dscp, ip_ecn, ip_ttl, ip_frag, ip_fragoff, ip_id, ip_sum, ip_proto, ip_hl, ip_len, ip_capture_len,
 * ip_opt; sport, dport; tcp_seq, tcp_ack, tcp_off, tcp_flags, tcp_window, tcp_urp, tcp_opt, tcp_ntopt, tcp_sack; udp_len;
 * icmp_type, icmp_code, icmp_type_name, icmp_code_name, icmp_flowid, icmp_seq, icmp_nextmtu; payload_len, payload,
 * payload_md5, payload_md5_hex. CONTENTS is another name for FIELDS, and DATA an older one.
 *
 * FILENAME `-` is standard output. With BAD_PACKETS true, packets that are not sound get a `!bad` line before theirs;
 * CAREFUL_TRUNC false lets those pass that are shorter than IP says. EXTRA_LENGTH false leaves the extra length annotation
 * out of lengths. HEADER false leaves out the lines at the start, BANNER is a line there, VERBOSE true says there who writes
 * the file and when. BINARY writes records instead of lines. With MULTIPACKET, a packet that stands for several has a line
 * for each; they are written 10,000 a turn, and before the driver stops. Packets leave on the output if it is connected.
 *
 * Handlers: flush (write).
 *
 *   FromDump(in.pcap, FORCE_IP true) -> ToIPSummaryDump(-, FIELDS timestamp ip_src ip_dst ip_len)
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HostPacket,
  type HostService,
  keyword,
  required,
  type ServiceContext,
} from "@clickos/click-core/element";
import { FileTrouble } from "../lib/file-trouble.ts";
import { pullTask } from "../lib/pull-task.ts";
import { formatTimestamp } from "../lib/time.ts";
import { PacketSummary, type SummaryOptions } from "./packet-summary.ts";
import { repeatedLines } from "./repeated-lines.ts";
import { columnNames, summaryField } from "./summary-columns.ts";
import { fieldBytes, fieldText, numberBytes, type SummaryField } from "./summary-field.ts";
import { quoteBytes } from "./summary-payload.ts";

interface ToSummaryConfig {
  readonly FILENAME: string;
  readonly VERBOSE: boolean;
  readonly HEADER: boolean;
  readonly BANNER: string;
  readonly MULTIPACKET: boolean;
  readonly BAD_PACKETS: boolean;
  readonly CAREFUL_TRUNC: boolean;
  readonly EXTRA_LENGTH: boolean;
  readonly BINARY: boolean;
}
interface ToSummaryPlan {
  readonly fields: readonly SummaryField[];
}

export const ToIPSummaryDump: ElementClass = element({
  name: "ToIPSummaryDump",
  ports: "1/0-1",
  processing: "a/h",
  taskHandlers: "first",
  config: {
    FILENAME: required(arg.filename),
    FIELDS: keyword(arg.raw, ""),
    CONTENTS: keyword(arg.raw, ""),
    DATA: keyword(arg.raw, ""),
    VERBOSE: keyword(arg.bool, false),
    HEADER: keyword(arg.bool, true),
    BANNER: keyword(arg.string, ""),
    MULTIPACKET: keyword(arg.bool, false),
    BAD_PACKETS: keyword(arg.bool, false),
    CAREFUL_TRUNC: keyword(arg.bool, true),
    EXTRA_LENGTH: keyword(arg.bool, true),
    BINARY: keyword(arg.bool, false),
  },
  prepare({ config, error, warning }): ToSummaryPlan {
    if (config.DATA) warning("argument deprecated", { subject: "DATA" });
    const fields = columnNames(config.FIELDS || config.CONTENTS || config.DATA || "timestamp ip_src").flatMap(
      (name) => {
        const field = summaryField(name);
        if (!field) error(`unknown content type '${name}'`);
        else if (config.BINARY && field.size === "none") error(`cannot use field ${name} with BINARY`);
        return field ?? [];
      },
    );
    if (fields.length === 0) error("no contents specified");
    return { fields };
  },
  files: ({ FILENAME }) => (FILENAME === "-" ? {} : { writes: FILENAME }),
  service: summaryService,
  action(_c, packet, { service, output }) {
    service.give(packet);
    output(0).push(packet);
  },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  task: (c, { service, input, output }) =>
    pullTask(c, 1, input(0), (packet) => {
      service.give(packet);
      output(0).push(packet);
    }),
});

/** Text is one character a byte. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (ch) => ch.charCodeAt(0));
}
function textOf(bytes: readonly number[]): string {
  return bytes.map((byte) => String.fromCharCode(byte)).join("");
}

function summaryService({ config, plan, host }: ServiceContext<ToSummaryConfig, ToSummaryPlan>): HostService {
  const { files } = host;
  if (!files) throw "files are not available here";
  const { fields } = plan;
  const file = files.resolve?.(config.FILENAME) ?? config.FILENAME;
  const prepares = fields.some((field) => field.prepares);
  const options: SummaryOptions = {
    bad: config.BAD_PACKETS,
    careful: config.CAREFUL_TRUNC,
    extraLength: config.EXTRA_LENGTH,
  };
  const trouble = new FileTrouble(host);
  let waiting: string[] = [];
  let size = 0;
  const flush = (): void => {
    if (waiting.length === 0) return;
    const text = waiting.join("");
    waiting = [];
    size = 0;
    trouble.attempt(() => files.write(file, bytesOf(text), true));
  };
  const put = (text: string): void => {
    // Standard output has others' texts between these.
    if (file === "-") {
      host.output(text);
      return;
    }
    waiting.push(text);
    size += text.length;
    if (size >= 1 << 16) flush();
  };
  const describe = (packet: HostPacket): string => {
    const summary = new PacketSummary(packet, options);
    if (prepares) summary.prepare();
    const values = fields.map((field) => field.read(summary));
    const bad = summary.bad === undefined ? "" : `${summary.bad}\n`;
    if (!config.BINARY) return `${bad}${fields.map((field, i) => fieldText(field, values[i], summary)).join(" ")}\n`;
    const columns = fields.flatMap((field, i) => fieldBytes(field, values[i], summary));
    const marked = bad && textOf(numberBytes((bad.length | 0x80000000) >>> 0, 4)) + bad;
    return marked + textOf([...numberBytes(columns.length + 4, 4), ...columns]);
  };
  const repeated = repeatedLines(host, put);
  const header = (): string => {
    const names = fields.map(({ name }) => (name === "ntimestamp" && !config.BINARY ? "timestamp" : name));
    // In simulated time it takes time to ask.
    const now = config.VERBOSE ? host.now() : 0n;
    return [
      "!IPSummaryDump 1.3",
      ...(config.BANNER ? [`!creator ${quoteBytes(bytesOf(config.BANNER))}`] : []),
      ...(config.VERBOSE && files.hostName ? [`!host ${files.hostName()}`] : []),
      ...(config.VERBOSE ? [`!runtime ${formatTimestamp(now)} (${dateText(now)})`] : []),
      `!data ${names.join(" ")}`,
      ...(config.BINARY ? ["!binary"] : []),
    ].join("\n");
  };
  if (file !== "-")
    try {
      files.write(file, new Uint8Array(), false);
    } catch (e) {
      throw `${file}: ${(e as Error).message}`;
    }
  if (config.HEADER) put(`${header()}\n`);
  return {
    packet(packet) {
      const extra = config.MULTIPACKET ? packet.annotations.getUint32(annotation.extraPackets, true) : 0;
      if (extra > 0 || repeated.left > 0) repeated.add(packet, extra + 1, config.EXTRA_LENGTH, describe);
      else put(describe(packet));
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
    handlers: { flush: { kind: "text", write: flush } },
  };
}

/** A time as C's `ctime` writes it, in the local time. */
function dateText(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  const [weekday, month, day, year] = date.toDateString().split(" ");
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${date.toTimeString().slice(0, 8)} ${year}`;
}
