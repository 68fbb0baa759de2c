/**
 * FromIPSummaryDump(FILENAME [, keywords STOP, ACTIVE, ZERO, TIMING, CHECKSUM, SAMPLE, PROTO, MULTIPACKET, DEFAULT_FIELDS,
 * DEFAULT_FLOWID, ALLOW_NONEXISTENT, DATA]) — makes the packets that an IP summary dump describes.
 *
 * The file's `!data` line, or DEFAULT_FIELDS, names the columns: those of ToIPSummaryDump, but for payload_md5. A packet has
 * the headers that its line tells of; what it is to be longer is in its extra length annotation, or, with CHECKSUM true,
 * zeros, and checksums are made. PROTO (6) is the protocol where no column says it. A line that stands for several packets
 * makes them all with MULTIPACKET true, their lengths and times between them, and else one with an annotation. SAMPLE is the
 * probability that a packet is taken. TIMING true plays packets at the distances in time that they have in the dump. With
 * STOP true, asks the driver to stop after the last.
 *
 * FILENAME may be compressed with gzip or bzip2; `-`, or none, is standard input. DATA is the dump's text itself, in its place.
 * DEFAULT_CONTENTS, FIELDS and CONTENTS are other names for DEFAULT_FIELDS, FLOWID is one for DEFAULT_FLOWID. ZERO is accepted: what is not
 * told is always zero. Lines of which no column can be read are passed over; the first is reported.
 *
 * Handlers: sampling_prob, encap, filename, filesize, filepos (read), active (read, write), stop (write).
 *
 *   FromIPSummaryDump(trace.sum, STOP true) -> ToDump(out.pcap, ENCAP IP)
 */
import {
  arg,
  type ElementClass,
  element,
  emptyScope,
  type HostFrame,
  type HostService,
  keyword,
  positional,
  type ServiceContext,
} from "@clickos/click-core/element";
import { DumpLines } from "../lib/dump-lines.ts";
import { readAs } from "../lib/handlers.ts";
import { Playback } from "../lib/playback.ts";
import { certain, checkProbability, isTaken, probability, probabilityText } from "../lib/sampling.ts";
import { fileSource } from "../lib/service-source.ts";
import { DumpParser } from "./dump-parser.ts";
import { SeveralPackets } from "./several-packets.ts";

interface FromSummaryConfig {
  readonly FILENAME: string;
  readonly DATA: string;
  readonly STOP: boolean;
  readonly ACTIVE: boolean;
  readonly TIMING: boolean;
  readonly CHECKSUM: boolean;
  readonly PROTO: number;
  readonly MULTIPACKET: boolean;
  readonly ALLOW_NONEXISTENT: boolean;
}
interface FromSummaryPlan {
  readonly probability: number;
  readonly columns: string;
  readonly flow: string;
}

const config = {
  FILENAME: positional(arg.filename, ""),
  STOP: keyword(arg.bool, false),
  ACTIVE: keyword(arg.bool, true),
  ZERO: keyword(arg.bool, true),
  TIMING: keyword(arg.bool, false),
  CHECKSUM: keyword(arg.bool, false),
  SAMPLE: keyword(probability, certain),
  PROTO: keyword(arg.u8, 6),
  MULTIPACKET: keyword(arg.bool, false),
  DEFAULT_CONTENTS: keyword(arg.raw, ""),
  DEFAULT_FIELDS: keyword(arg.raw, ""),
  DEFAULT_FLOWID: keyword(arg.raw, ""),
  CONTENTS: keyword(arg.raw, ""),
  FIELDS: keyword(arg.raw, ""),
  FLOWID: keyword(arg.raw, ""),
  ALLOW_NONEXISTENT: keyword(arg.bool, false),
  DATA: keyword(arg.string, ""),
};

export const FromIPSummaryDump: ElementClass = element<typeof config, FromSummaryPlan>({
  name: "FromIPSummaryDump",
  ports: "0/1",
  processing: "a/a",
  config,
  prepare({ config, error, warning }): FromSummaryPlan {
    const { FIELDS, CONTENTS, DEFAULT_FIELDS, DEFAULT_CONTENTS, FLOWID, DEFAULT_FLOWID } = config;
    const probability = checkProbability(config.SAMPLE, warning);
    const columns = FIELDS || CONTENTS || DEFAULT_FIELDS || DEFAULT_CONTENTS;
    const flow = FLOWID || DEFAULT_FLOWID;
    if (config.DATA && config.FILENAME) error("FILENAME and DATA conflict");
    else if (!config.DATA && !config.FILENAME) error("FILENAME: required argument missing");
    return { probability, columns, flow };
  },
  service: summaryService,
  ...fileSource(),
});

/** Lines that are looked at for a packet in one turn. */
const linesPerTurn = 1000;

function summaryService(context: ServiceContext<FromSummaryConfig, FromSummaryPlan>): HostService {
  const { config, plan, host } = context;
  const { files } = host;
  if (!files && !config.DATA) throw "files are not available here";
  const file = config.DATA
    ? "<data>"
    : config.FILENAME === "-"
      ? "<stdin>"
      : (files?.resolve?.(config.FILENAME) ?? config.FILENAME);
  const lines = new DumpLines(config.DATA ? { text: config.DATA } : { files, file: config.FILENAME }, {
    shownName: file,
    mayBeAbsent: config.ALLOW_NONEXISTENT,
  });
  const parser = new DumpParser({ protocol: config.PROTO, checksum: config.CHECKSUM, scope: emptyScope });
  /** Says what is wrong but harmless with the element's arguments or its file, under one heading each. */
  const headed = (doing: string): ((message: string) => void) => {
    let heading = `${context.landmark}: While ${doing} '${context.name} :: FromIPSummaryDump':\n`;
    return (message) => {
      host.chatter(`${heading}${file}:0:   ${message}`);
      heading = "";
    };
  };
  parser.report = headed("configuring");
  if (plan.columns) parser.data(plan.columns);
  if (plan.flow) parser.flowid(plan.flow);
  const warn = headed("initializing");
  const place = (): string => `${file}:${parser.isBinary ? "record " : ""}${lines.line}`;
  parser.report = (message) => host.chatter(`${place()}: ${message}`);
  const banner = lines.banner();
  if (banner?.version !== undefined) parser.setVersion(banner.version, warn);
  else if (banner && !banner.known && !plan.columns) warn("warning: missing banner line; is this an IP summary dump?");

  let { ACTIVE: active } = config;
  const playback = new Playback(host);
  /** A packet that waits for its time. */
  let held: HostFrame | undefined;
  const several = new SeveralPackets();

  const finish = (): null => {
    lines.close();
    if (config.STOP) host.stop();
    return null;
  };
  /** The packet of the next line that is one. */
  const read = (): HostFrame | null | undefined => {
    for (let looked = 0; looked < linesPerTurn; looked++) {
      const line = parser.isBinary ? lines.record(parser.report) : lines.next();
      if (line === undefined) return null;
      if (line.isText && parser.directive(line.bytes)) continue;
      return parser.packet(line);
    }
    return undefined;
  };
  return {
    next() {
      if (!active || playback.early) return null;
      for (let looked = 0; looked < linesPerTurn; looked++) {
        let frame = held ?? several.waiting ?? read();
        if (frame === null) return finish();
        if (frame === undefined) return undefined;
        if (config.TIMING && !playback.isDue(frame.timestampNs)) {
          held = frame;
          return null;
        }
        held = undefined;
        if (config.MULTIPACKET) frame = several.take(frame);
        if (isTaken(plan.probability, host)) return frame;
      }
      return undefined;
    },
    waiting: () => playback.early,
    close: () => lines.close(),
    handlers: {
      sampling_prob: { read: () => probabilityText(plan.probability) },
      active: {
        kind: "flag",
        read: () => active,
        write(value) {
          active = readAs(arg.bool, value, "type mismatch");
          if (active) host.schedule();
        },
      },
      encap: { read: () => "IP" },
      stop: {
        write() {
          active = false;
          host.stop();
        },
      },
      filename: { read: () => file },
      filesize: { read: () => lines.size ?? "-" },
      filepos: { read: () => lines.position },
    },
  };
}
