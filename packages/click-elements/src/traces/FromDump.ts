/**
 * FromDump(FILENAME [, TIMING] [, keywords STOP, ACTIVE, SAMPLE, FORCE_IP, START, START_AFTER, END, END_AFTER, INTERVAL,
 * END_CALL, FILEPOS]) — packets of a capture file, pcap or pcapng.
 *
 * Packets leave with the timestamps they were captured at, one each time the element is scheduled or pulled; with TIMING
 * true, at the distances in time that they have in the file. FILENAME may be compressed with gzip or bzip2, which its bytes
 * tell, or a pipe, which is read as it comes; `-` is standard input.
 *
 * With STOP true, asks the driver to stop after the last; END_CALL `HANDLER VALUE` writes a handler then instead. START and
 * END are seconds since 1970, START_AFTER and END_AFTER count from the first packet of the file, INTERVAL from the first
 * that leaves; at the end of these times the element does what it does after the last packet, or else is not active any
 * more. SAMPLE is the probability that a packet is taken. FILEPOS is where in the file to begin.
 *
 * With FORCE_IP true, and always for files of raw IP, IP headers are marked, and packets without one leave on the second
 * output, if it is connected. Packets that the capture cut have the rest in their extra length annotation. MMAP is accepted.
 * Runs in process only, not in a virtual machine.
 *
 * Handlers: filename, filesize, encap, sampling_prob, packet_filepos, count (read), active, filepos (read, write), stop,
 * extend_interval, reset_counts, reset_timing (write).
 *
 *   FromDump(in.pcap, STOP true) -> ... -> ToDump(out.pcap);
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HostFrame,
  type HostService,
  keyword,
  positional,
  Refusal,
  required,
  type ServiceContext,
} from "@clickos/click-core/element";
import type { CapturedFrame, CaptureReader } from "@clickos/pcap";
import { openCapture } from "@clickos/pcap/node";
import { diskName, hostFilename } from "../host/files.ts";
import { checkWritable, type HandlerCall, handlerCall, writeHandler } from "../lib/handler-call.ts";
import { readAs } from "../lib/handlers.ts";
import { canonicalLinkType, findIp, holdsIp, linkTypeName, linkTypes } from "../lib/link-types.ts";
import { certain, checkProbability, isTaken, probability, probabilityText } from "../lib/sampling.ts";
import { fileSource } from "../lib/service-source.ts";
import { captureProblem } from "./capture-problem.ts";
import { checkDumpTimes, DumpTimes, type TimeArguments } from "./dump-times.ts";

/** Records that are passed over in one turn. */
const recordsPerTurn = 16;

const fileHeaderBytes = 24;

interface FromDumpConfig extends TimeArguments {
  readonly FILENAME: string;
  readonly TIMING: boolean;
  readonly STOP: boolean;
  readonly ACTIVE: boolean;
  readonly FORCE_IP: boolean;
  readonly END_CALL: HandlerCall | undefined;
  readonly FILEPOS: number;
}

const config = {
  FILENAME: required(arg.filename),
  TIMING: positional(arg.bool, false),
  STOP: keyword(arg.bool, false),
  ACTIVE: keyword(arg.bool, true),
  SAMPLE: keyword(probability, certain),
  FORCE_IP: keyword(arg.bool, false),
  START: keyword(arg.time, 0n),
  START_AFTER: keyword(arg.time, 0n),
  END: keyword(arg.time, 0n),
  END_AFTER: keyword(arg.time, 0n),
  INTERVAL: keyword(arg.time, 0n),
  END_CALL: keyword<HandlerCall | undefined>(handlerCall, undefined),
  FILEPOS: keyword(arg.u32, 0),
  MMAP: keyword(arg.bool, false),
};

export const FromDump: ElementClass = element<typeof config, { readonly probability: number }>({
  name: "FromDump",
  ports: "0/1-2",
  processing: "a/ah",
  config,
  prepare({ config, error, warning }) {
    const probability = checkProbability(config.SAMPLE, warning);
    checkDumpTimes(config, error);
    return { probability };
  },
  service: dumpService,
  ...fileSource(),
});

/** What stays when another configuration takes this one's place. */
interface Kept {
  readonly file: string;
  take(): { readonly reader: CaptureReader; readonly held: CapturedFrame | undefined; readonly offset: bigint };
}

function dumpService(context: ServiceContext<FromDumpConfig, { readonly probability: number }>): HostService {
  const { config, plan, host, noutputs } = context;
  const file = hostFilename(config.FILENAME);
  const shownName = config.FILENAME === "-" ? "<stdin>" : file;
  const times = new DumpTimes(config);
  /** Whether anything is done at the end. */
  const hasEnd = config.END_CALL !== undefined || config.STOP || times.ends;
  let reader = captureProblem(shownName, () => openCapture(diskName(file)));
  const linkType = (): number => canonicalLinkType(reader.linkType);
  if (config.FORCE_IP && !holdsIp(linkType())) {
    reader.close();
    throw new Refusal(`unknown linktype ${linkType()}; can't force IP packets`, shownName, shownName);
  }
  if (config.FILEPOS > 0) reader.seek(config.FILEPOS);
  let taken = false;
  let { ACTIVE: active } = config;
  let count = 0n;
  let recordAt = 0;
  /** A packet that is read and has not left. */
  let held: CapturedFrame | undefined;
  /** Whether a pipe has no packet for now, and whether the time of the next one has not come. */
  let starved = false;
  let early = false;

  const setActive = (value: boolean): void => {
    active = value;
    if (!value) return;
    host.schedule();
  };
  const callEnd = (): void => {
    if (config.END_CALL) writeHandler(config.END_CALL, host);
    else if (config.STOP) {
      setActive(false);
      host.stop();
    } else if (hasEnd) setActive(false);
  };
  const waitForMore = (): void => {
    starved = true;
    reader.more().then(() => {
      starved = false;
      host.schedule();
    });
  };
  /** Reads a record: a packet, one that is not wanted, or the end. */
  const read = (): CapturedFrame | "skipped" | "end" => {
    recordAt = reader.position;
    const frame = reader.next();
    if (!frame) {
      if (/claims \d+ bytes/.test(reader.problem ?? "")) host.chatter(`${shownName}: bad packet header; giving up`);
      return "end";
    }
    for (;;) {
      const when = times.look(frame.timestampNs, config.TIMING ? host.now : undefined);
      if (when === "early") return "skipped";
      if (when === "wanted") break;
      callEnd();
      if (!active) return "end";
    }
    return isTaken(plan.probability, host) ? frame : "skipped";
  };
  /** Whether a packet's time has come; the element is scheduled when it has. */
  const isDue = (frame: CapturedFrame): boolean => {
    const due = frame.timestampNs + times.offset;
    if (due <= host.now()) return true;
    early = true;
    host.at(due, () => {
      early = false;
      host.schedule();
    });
    return false;
  };
  const described = (frame: CapturedFrame): HostFrame => {
    const ip = config.FORCE_IP || linkType() === linkTypes.raw ? findIp(frame.data, linkType()) : null;
    const cut = frame.originalLength - frame.data.length;
    return {
      frame: frame.data,
      timestampNs: frame.timestampNs,
      mac: 0,
      ...(ip ?? {}),
      port: ip === undefined ? 1 : 0,
      annotate(annotations) {
        annotations.setUint32(annotation.extraLength, cut, true);
        if (ip?.destination !== undefined) annotations.setUint32(annotation.dstIp, ip.destination);
      },
    };
  };
  const next = (): HostFrame | null | undefined => {
    if (!active || early) return null;
    for (let records = 0; records < recordsPerTurn; records++) {
      if (!held) {
        const found = read();
        if (found === "end") {
          if (!reader.ended && active) {
            waitForMore();
            return undefined;
          }
          callEnd();
          return null;
        }
        if (found === "skipped") continue;
        held = found;
      }
      if (config.TIMING && !isDue(held)) {
        // What was read is gone with the next record; nothing is read meanwhile but by who moves in the file.
        held = { ...held, data: held.data.slice() };
        return null;
      }
      const frame = described(held);
      held = undefined;
      if (frame.port === 0) count++;
      else if (noutputs < 2) continue;
      return frame;
    }
    return undefined;
  };
  return {
    start() {
      if (config.END_CALL) checkWritable(config.END_CALL, host);
    },
    next,
    waiting: () => starved || early,
    // A pipe's first bytes come late. What is cut off ends there.
    problem: () => (reader.position > fileHeaderBytes ? undefined : reader.problem),
    close() {
      if (!taken) reader.close();
    },
    get kept(): Kept {
      return {
        file,
        take() {
          taken = true;
          return { reader, held: held && { ...held, data: held.data.slice() }, offset: times.offset };
        },
      };
    },
    takeOver(kept) {
      if ((kept as Kept).file !== file) return;
      reader.close();
      ({ reader, held, offset: times.offset } = (kept as Kept).take());
    },
    handlers: {
      filename: { read: () => shownName },
      filesize: { read: () => reader.size ?? "-" },
      filepos: {
        read: () => reader.position,
        write(value) {
          reader.seek(readAs(arg.u32, value, "argument must be file offset"));
        },
      },
      sampling_prob: { read: () => probabilityText(plan.probability) },
      active: {
        kind: "flag",
        read: () => active,
        write: (value) => setActive(readAs(arg.bool, value, "type mismatch")),
      },
      encap: { read: () => linkTypeName(linkType()) },
      stop: {
        write() {
          setActive(false);
          host.stop();
        },
      },
      packet_filepos: { read: () => recordAt },
      extend_interval: {
        kind: "text",
        write(value) {
          times.extend(readAs(arg.time, value, "'extend_interval' takes a time interval"));
          if (!hasEnd) return;
          times.rearm();
          setActive(true);
        },
      },
      count: { kind: "counter", read: () => count },
      reset_counts: {
        write() {
          count = 0n;
        },
      },
      reset_timing: { write: () => times.reset() },
    },
  };
}
