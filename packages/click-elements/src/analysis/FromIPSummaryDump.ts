/**
 * FromIPSummaryDump(FILENAME [, keywords STOP, ACTIVE, ZERO, CHECKSUM, PROTO, MULTIPACKET, SAMPLE, CONTENTS,
 * FLOWID, BURST]) — makes the packets that an IP summary dump describes.
 *
 * The file's `!data` line, or CONTENTS, names the columns. Packets hold the headers that the line tells of; what
 * is longer is in the extra length annotation, or zeros with ZERO true. Checksums are made with CHECKSUM true.
 * PROTO (T) is the protocol where no column says it; FLOWID `SRC SPORT DST DPORT` gives addresses likewise, as
 * does a `!flowid` line. A line that stands for several packets makes them all with MULTIPACKET true, and else one
 * with an annotation. SAMPLE is the probability that a packet is made. FILENAME `-` is standard input. With STOP
 * true, asks the driver to stop after the last. Lines that cannot be read are reported, and counted.
 *
 * Handlers: active (read, write), count, bad_lines, filename, filesize, filepos, encap, sampling_prob (read),
 * stop (write).
 *
 *   FromIPSummaryDump(trace.sum, STOP true, ZERO true) -> ToDump(out.pcap, ENCAP IP)
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HostFrame,
  keyword,
  live,
  maximumLargeFrame,
  required,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { u32, u64 } from "@clickos/layout";
import { wake } from "../lib/handlers.ts";
import { buildPacket } from "../lib/ip-build.ts";
import { parseProtocol, type SummaryField, summaryField, type Value, type Values } from "../lib/ip-summary.ts";
import { pullFromHost, pushFromHost } from "../lib/service-source.ts";
import { fieldNames } from "./ToIPSummaryDump.ts";

const none: string[] = [];
/** Lines that are looked at for a packet in one turn, and the bytes that one may have. */
const linesPerTurn = 1000;
const maximumLine = 64 << 10;
/** Messages about bad lines, at most. */
const maximumMessages = 10;

export const FromIPSummaryDump: ElementClass = element({
  name: "FromIPSummaryDump",
  ports: "0/1",
  processing: "a/a",
  config: {
    FILENAME: required(arg.filename),
    STOP: keyword(arg.bool, false),
    ACTIVE: keyword(live(arg.bool, { written: wake }), true),
    ZERO: keyword(arg.bool, false),
    CHECKSUM: keyword(arg.bool, false),
    PROTO: keyword(arg.string, "T"),
    MULTIPACKET: keyword(arg.bool, false),
    SAMPLE: keyword(arg.fraction, 1),
    TIMING: keyword(arg.bool, false),
    CONTENTS: keyword(fieldNames, none),
    FIELDS: keyword(fieldNames, none),
    DATA: keyword(fieldNames, none),
    DEFAULT_CONTENTS: keyword(fieldNames, none),
    FLOWID: keyword(arg.raw, ""),
    DEFAULT_FLOWID: keyword(arg.raw, ""),
    BURST: keyword(arg.u32, 1),
    ALLOW_NONEXISTENT: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    if (config.TIMING) error("TIMING is not supported: packets come as fast as they are taken");
    if (parseProtocol(config.PROTO) === undefined) error(`PROTO: '${config.PROTO}' is not a protocol`);
    const fields = [...config.CONTENTS, ...config.FIELDS, ...config.DATA, ...config.DEFAULT_CONTENTS].map((name) => {
      const field = summaryField(name);
      if (!field) error(`'${name}' is not a field`);
      return field;
    });
    const flow = parseFlow(config.FLOWID || config.DEFAULT_FLOWID);
    if (!flow) error(`FLOWID: '${config.FLOWID}' is not 'SRC SPORT DST DPORT'`);
    return { fields, flow: flow ?? {} };
  },
  state: { count: u64, ended: u32 },
  handlers: {
    count: { counter: "count" },
    filename: { constant: ({ config }) => config.FILENAME },
    encap: { constant: () => "IP" },
    sampling_prob: { constant: ({ config }) => config.SAMPLE },
    stop: {
      write: (s) => {
        s.active = 0;
      },
    },
  },
  files: (config) => ({ reads: config.FILENAME }),
  service({ config, plan, host }) {
    if (!host.files) throw "files are not available here";
    let bytes = new Uint8Array();
    try {
      bytes = new Uint8Array(host.files.read(config.FILENAME));
    } catch (e) {
      if (!config.ALLOW_NONEXISTENT) throw `${config.FILENAME}: ${(e as Error).message}`;
    }
    let columns: readonly (SummaryField | undefined)[] = plan.fields;
    let defaults: Values = { ip_proto: parseProtocol(config.PROTO) as number, ...plan.flow };
    let at = 0;
    let line = 0;
    let bad = 0;
    let isBinary = false;
    let repeat: { left: number; frame: HostFrame } | undefined;
    const decoder = new TextDecoder("latin1");

    const complain = (message: string): void => {
      bad++;
      if (bad <= maximumMessages) host.chatter(`${config.FILENAME}:${line}: ${message}`);
      if (bad === maximumMessages) host.chatter(`${config.FILENAME}: more bad lines are counted only`);
    };
    const directive = (text: string): void => {
      const [word, ...words] = splitWords(text);
      if (word === "!data" || word === "!contents") {
        columns = words.map((name) => {
          const field = summaryField(name);
          if (!field) host.chatter(`${config.FILENAME}:${line}: warning: unknown field '${name}'`);
          return field;
        });
      } else if (word === "!flowid") {
        const flow = parseFlow(words.join(" "));
        if (flow) defaults = { ...defaults, ...flow };
        else complain("bad !flowid");
      } else if (word === "!proto") {
        const protocol = parseProtocol(words[0] ?? "");
        if (protocol === undefined) complain("bad !proto");
        else defaults = { ...defaults, ip_proto: protocol };
      } else if (word === "!aggregate") defaults = { ...defaults, aggregate: Number(words[0]) >>> 0 };
      else if (word === "!binary") isBinary = true;
    };
    const build = (values: Values): HostFrame => {
      const { frame, transport, extra } = buildPacket(
        values,
        { zero: config.ZERO, checksum: config.CHECKSUM },
        maximumLargeFrame,
      );
      const count = Number(values.count ?? 1);
      const time = values.timestamp ?? values.ntimestamp ?? values.first_timestamp;
      const seconds = values.ts_sec === undefined ? undefined : BigInt(Number(values.ts_sec)) * 1_000_000_000n;
      return {
        frame,
        timestampNs:
          BigInt((time as bigint | undefined) ?? 0n) || (seconds ?? 0n) + BigInt(Number(values.ts_usec ?? 0)) * 1000n,
        network: 0,
        transport,
        annotate(annotations) {
          annotations.setUint32(annotation.dstIp, Number(values.ip_dst ?? 0));
          annotations.setUint8(annotation.paint, Number(values.direction ?? values.link ?? 0));
          annotations.setUint32(annotation.aggregate, Number(values.aggregate ?? 0), true);
          annotations.setUint32(annotation.extraPackets, config.MULTIPACKET ? 0 : Math.max(0, count - 1), true);
          annotations.setUint32(annotation.extraLength, extra, true);
          if (values.first_timestamp !== undefined)
            annotations.setBigUint64(annotation.firstTimestamp, BigInt(values.first_timestamp as bigint), true);
        },
      };
    };
    const parseLine = (text: string): Values | undefined => {
      const words = splitWords(text);
      if (columns.length === 0) {
        complain("no '!data' line says what the columns are");
        return undefined;
      }
      const values: Values = { ...defaults };
      for (const [i, field] of columns.entries()) {
        const word = words[i];
        if (word === undefined || word === "-" || !field) continue;
        const value = field.parse(word);
        if (value === undefined) {
          complain(`packet parse error: '${word}' is not a value of ${field.name}`);
          return undefined;
        }
        values[field.name] = value;
      }
      if (words.length < columns.length) {
        complain(`packet parse error: ${words.length} of ${columns.length} columns`);
        return undefined;
      }
      return values;
    };
    /** The next packet's values, `undefined` for a line without one, `null` at the end. */
    const nextValues = (): Values | undefined | null => {
      if (at >= bytes.length) return null;
      line++;
      if (isBinary) return nextRecord();
      let end = bytes.indexOf(10, at);
      if (end < 0) end = bytes.length;
      const from = at;
      at = end + 1;
      if (end - from > maximumLine) {
        complain(`a line of more than ${maximumLine} bytes`);
        return undefined;
      }
      const text = decoder.decode(bytes.subarray(from, end)).trim();
      if (text === "" || text.startsWith("#")) return undefined;
      if (text.startsWith("!")) {
        directive(text);
        return undefined;
      }
      return parseLine(text);
    };
    const nextRecord = (): Values | undefined | null => {
      const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const word = at + 4 <= bytes.length ? data.getUint32(at) : 0;
      const length = word & 0x7fffffff;
      if (length < 4 || at + length > bytes.length) {
        complain("a record that is cut off");
        at = bytes.length;
        return null;
      }
      let from = at + 4;
      const end = at + length;
      at = end;
      if (word >>> 31) {
        let last = end;
        while (last > from && (bytes[last - 1] === 0 || bytes[last - 1] === 10)) last--;
        if (last - from > maximumLine) complain(`a line of more than ${maximumLine} bytes`);
        else directive(decoder.decode(bytes.subarray(from, last)));
        return undefined;
      }
      const values: Values = { ...defaults };
      for (const field of columns) {
        if (!field) {
          complain("a record with an unknown field");
          return undefined;
        }
        const size = field.size || (from + 2 <= end ? data.getUint16(from) : 0xffff);
        if (field.size === 0) from += 2;
        if (from + size > end) {
          complain("a record that is too short for its fields");
          return undefined;
        }
        values[field.name] = binaryValue(field, data, from, size);
        from += size;
      }
      return values;
    };
    return {
      next() {
        if (repeat && repeat.left > 0) {
          repeat.left--;
          return repeat.frame;
        }
        for (let looked = 0; looked < linesPerTurn; looked++) {
          const values = nextValues();
          if (values === null) return null;
          if (values === undefined || (config.SAMPLE < 1 && Math.random() >= config.SAMPLE)) continue;
          const frame = build(values);
          const count = Number(values.count ?? 1);
          if (count === 0) continue;
          if (config.MULTIPACKET && count > 1) repeat = { left: count - 1, frame };
          return frame;
        }
        return undefined;
      },
      handlers: {
        bad_lines: { read: () => bad },
        filesize: { read: () => bytes.length },
        filepos: { read: () => at },
      },
    };
  },
  startsScheduled: ({ config }) => config.ACTIVE,
  hasTask: ({ outputIsPush }) => outputIsPush,
  notifier: { empty: true },
  timer: (_c, { task, isPush, emptyNote }) => (isPush(0) ? task.schedule() : emptyNote.wake()),
  pull: (c, _port, context) => pullFromHost(c, context),
  task: (c, context) => pushFromHost(c, context.config.BURST, context),
});

function binaryValue(field: SummaryField, data: DataView, at: number, size: number): Value {
  if (field.size === 0) return new Uint8Array(data.buffer, data.byteOffset + at, size).slice();
  if (field.size === 8)
    return (
      BigInt(data.getUint32(at)) * 1_000_000_000n +
      BigInt(data.getUint32(at + 4)) * (field.name === "ntimestamp" ? 1n : 1000n)
    );
  let n = 0;
  for (let i = 0; i < size; i++) n = n * 256 + data.getUint8(at + i);
  return n;
}

/** `SRC SPORT DST DPORT [PROTO]`; `-` for what is not said. */
function parseFlow(text: string): Values | undefined {
  const words = splitWords(text);
  const names = ["ip_src", "sport", "ip_dst", "dport", "ip_proto"];
  const values: Values = {};
  for (const [i, word] of words.entries()) {
    const field = summaryField(names[i] ?? "");
    if (!field) return undefined;
    if (word === "-") continue;
    const value = field.parse(word);
    if (value === undefined) return undefined;
    values[field.name] = value;
  }
  return values;
}
