/**
 * Elements that make packets of the records of a trace, each with a time: what they have in common.
 *
 * As in Click the next record is read in the turn in which a packet leaves, so that what is done at the end is done in that turn.
 */
import {
  type ArgumentSpec,
  annotation,
  arg,
  type HostFrame,
  type HostService,
  keyword,
  type PrepareContext,
  required,
  type ServiceContext,
  type ServiceHandler,
} from "@clickos/click-core/element";
import { checkWritable, type HandlerCall, handlerCall, writeHandler } from "../lib/handler-call.ts";
import { readAs } from "../lib/handlers.ts";
import type { FoundIp } from "../lib/link-types.ts";
import { Playback } from "../lib/playback.ts";
import { certain, checkProbability, isTaken, probability, probabilityText } from "../lib/sampling.ts";
import { type FileSourceActions, fileSource } from "../lib/service-source.ts";
import { checkDumpTimes, DumpTimes, type TimeArguments } from "./dump-times.ts";
import type { TraceInput } from "./trace-input.ts";

export interface TraceConfig extends TimeArguments {
  readonly FILENAME: string;
  readonly STOP: boolean;
  readonly ACTIVE: boolean;
  readonly FORCE_IP: boolean;
  readonly END_CALL: HandlerCall | undefined;
  readonly SAMPLE: number;
  readonly TIMING: boolean;
}
export interface TracePlan {
  readonly probability: number;
}

export const traceArguments: {
  readonly [K in keyof TraceConfig | "MMAP"]: ArgumentSpec<(TraceConfig & { MMAP: boolean })[K]>;
} = {
  FILENAME: required(arg.filename),
  STOP: keyword(arg.bool, false),
  ACTIVE: keyword(arg.bool, true),
  FORCE_IP: keyword(arg.bool, false),
  START: keyword(arg.time, 0n),
  START_AFTER: keyword(arg.time, 0n),
  END: keyword(arg.time, 0n),
  END_AFTER: keyword(arg.time, 0n),
  INTERVAL: keyword(arg.time, 0n),
  END_CALL: keyword<HandlerCall | undefined>(handlerCall, undefined),
  SAMPLE: keyword(probability, certain),
  TIMING: keyword(arg.bool, false),
  MMAP: keyword(arg.bool, false),
};

/** Checks what the arguments that all have say together. */
export function prepareTrace(context: PrepareContext<TraceConfig>, start = "START and START_AFTER"): TracePlan {
  const { config, warning, error } = context;
  const plan = { probability: checkProbability(config.SAMPLE, warning) };
  checkDumpTimes(config, error, start);
  return plan;
}

const readAhead = 0;

/** What such an element does: native Click reads the next record as soon as a packet has left. */
export const traceActions: FileSourceActions = fileSource(({ service }) => service.call(readAhead));

/** A record of a trace: a packet, and its IP header where that is to be found. */
export interface TraceRecord {
  readonly data: Uint8Array;
  readonly timestampNs: bigint;
  /** Bytes that it had on the wire, where the trace says it. */
  readonly wireLength?: number | undefined;
  readonly paint?: number;
  /** The IP header; `undefined` where there should be one, `null` where none is looked for. */
  readonly ip: FoundIp | undefined | null;
}

export interface TraceFormat {
  readonly input: TraceInput;
  /** The time of the next record, whose packet is not read; nothing at the end. */
  time(): bigint | undefined;
  /** The packet of the record whose time was read last; nothing where the trace ends in it. */
  packet(timestampNs: bigint): TraceRecord | undefined;
  /** Passes over that packet. */
  skip(): void;
}

/** What comes next: a packet for an output, which may be the last until the element is active again; or nothing. */
type Next = { readonly frame: HostFrame; readonly last: boolean } | "end";

/** Records that are passed over in one turn, and packets that leave nowhere. */
const recordsPerTurn = 1000;

type HandlerName = "sampling_prob" | "active" | "stop" | "extend_interval" | "filename" | "filesize" | "filepos";
export interface TraceSource {
  readonly service: HostService;
  readonly handlers: Readonly<Record<HandlerName, ServiceHandler>>;
}

export function traceSource(context: ServiceContext<TraceConfig, TracePlan>, format: TraceFormat): TraceSource {
  const { config, plan, host, noutputs } = context;
  const { input } = format;
  const times = new DumpTimes(config);
  /** Whether anything is done at the end. */
  const hasEnd = config.END_CALL !== undefined || config.STOP || times.ends;
  const playback = new Playback(host);
  let { ACTIVE: active } = config;
  let ahead: Next | undefined;
  /** Whether the end was found: nothing is sent until the element is made active again. */
  let over = false;
  /** Whether the element is no longer active after what is being read. */
  let last = false;

  const setActive = (value: boolean): void => {
    if (active === value) return;
    active = value;
    if (!value) return;
    over = false;
    host.schedule();
  };
  const callEnd = (): void => {
    if (config.END_CALL) writeHandler(config.END_CALL, host);
    else if (config.STOP) {
      setActive(false);
      host.stop();
    } else if (hasEnd) setActive(false);
  };
  /** Whether a record of that time is wanted. */
  const isWanted = (time: bigint): boolean => {
    for (;;) {
      const when = times.look(time);
      if (when !== "end") return when === "wanted" && isTaken(plan.probability, host);
      callEnd();
      if (!active) last = true;
    }
  };
  /** Reads on; nothing where that is to go on in the next turn. */
  const read = (): Next | undefined => {
    for (let records = 0; records < recordsPerTurn; records++) {
      const time = last ? undefined : format.time();
      const wanted = time !== undefined && isWanted(time);
      const record = wanted ? format.packet(time) : undefined;
      const isOver = last;
      if (time === undefined || (wanted && !record) || (isOver && record?.ip === undefined)) {
        last = false;
        return "end";
      }
      if (record) {
        last = false;
        const frame = frameOf(record);
        if (frame.port !== 1 || noutputs > 1) return { frame, last: isOver };
      } else format.skip();
    }
    return undefined;
  };
  const end = (): void => {
    over = true;
    callEnd();
  };
  const next = (): HostFrame | null | undefined => {
    if (!active || over || playback.early) return null;
    if (ahead === undefined) {
      ahead = read();
      if (ahead === undefined) return undefined;
      if (ahead === "end" || ahead.last) {
        if (ahead === "end") ahead = undefined;
        end();
        return null;
      }
    }
    const { frame } = ahead as Exclude<Next, "end">;
    if (frame.port !== 1 && config.TIMING && !playback.isDue(frame.timestampNs)) return null;
    ahead = undefined;
    return frame;
  };
  return {
    service: {
      start() {
        if (config.END_CALL) checkWritable(config.END_CALL, host);
        ahead = read();
        if (ahead === "end") ahead = undefined;
        if (ahead && !ahead.last) playback.start(ahead.frame.timestampNs);
      },
      next,
      called() {
        ahead ??= read();
        if (ahead === undefined || (ahead !== "end" && !ahead.last)) return;
        if (ahead === "end") ahead = undefined;
        end();
      },
      waiting: () => playback.early,
      close: () => input.close(),
    },
    handlers: {
      sampling_prob: { read: () => probabilityText(plan.probability) },
      active: {
        kind: "flag",
        read: () => active,
        write: (value) => setActive(readAs(arg.bool, value, "type mismatch")),
      },
      stop: {
        write() {
          setActive(false);
          host.stop();
        },
      },
      extend_interval: {
        kind: "text",
        write(value) {
          times.extend(readAs(arg.time, value, "'extend_interval' takes a time interval"));
          if (!hasEnd) return;
          times.rearm();
          setActive(true);
        },
      },
      filename: { read: () => input.file },
      filesize: { read: () => input.size ?? "-" },
      filepos: { read: () => input.position },
    },
  };
}

/** The packet of a record; it is for the second output where its IP header is not found. */
function frameOf({ data, timestampNs, wireLength, paint = 0, ip }: TraceRecord): HostFrame {
  return {
    frame: data,
    timestampNs,
    ...(ip ?? {}),
    port: ip === undefined ? 1 : 0,
    annotate(annotations) {
      if (wireLength) annotations.setUint32(annotation.extraLength, (wireLength - data.length) >>> 0, true);
      if (ip?.destination !== undefined) annotations.setUint32(annotation.dstIp, ip.destination);
      annotations.setUint8(annotation.paint, paint);
    },
  };
}
