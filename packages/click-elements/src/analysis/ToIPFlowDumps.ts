/**
 * ToIPFlowDumps(FILEPATTERN [, keywords NOTIFIER, ABSOLUTE_TIME, ABSOLUTE_SEQ, BINARY, ALL_TCP_OPT, TCP_OPT, TCP_WINDOW, GZIP,
 * IP_ID, MINCOUNT]) — writes a file about each TCP or UDP flow.
 *
 * The aggregate annotation says which flow a packet belongs to, as AggregateIPFlows sets it, and the paint annotation its direction. A file
 * is an IP summary dump, which FromIPSummaryDump reads, with a line for each packet; an ICMP error about the flow is a comment there.
 *
 * FILEPATTERN is the files' name, with escapes for what differs: %n the flow's number, %x and %X in hexadecimal; %s and %d the source and
 * destination addresses, %S and %D the ports, %p `T` for TCP and `U` for UDP, %% a percent sign, all of the flow's first packet. `%6n` is
 * at least six characters wide, and `%06n` is filled up with zeros. `%.0s` to `%.3s` are the bytes of an address, `%.0n` to `%.3n` those of
 * the number, `%.4n` and `%.5n` its halves. Folders are made. `-`, which is the default, is standard output. OUTPUT_PATTERN is another name.
 *
 * Times count from the first packet of the flow, and sequence numbers from the first of their direction, unless ABSOLUTE_TIME or
 * ABSOLUTE_SEQ are true. BINARY writes records instead of lines. TCP_OPT true writes the TCP options MSS, window scale and SACK, ALL_TCP_OPT
 * true timestamps as well, TCP_WINDOW true the window, IP_ID true the IP header's identification. A flow of less than MINCOUNT packets (0)
 * has no file. NOTIFIER names an element that numbers aggregates, such as AggregateIPFlows; then a flow's file is finished 250 ms after the
 * flow has ended, and else at the end. With GZIP true, files that are finished are compressed, and have `.gz` behind their names.
 *
 * At most 262,144 flows have files at a time; packets of more are counted, and told of at the end. Packets leave on the output if it is
 * connected. Runs in process only, not in a virtual machine.
 *
 * Handlers: clear (write) finishes all files.
 *
 *   FromDump(trace.pcap, STOP true, FORCE_IP true) -> af :: AggregateIPFlows -> ToIPFlowDumps(flows/%04n, NOTIFIER af);
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HostFiles,
  type HostService,
  keyword,
  positional,
  type ServiceContext,
} from "@clickos/click-core/element";
import { AggregateListener, notifierProblem } from "../lib/aggregate-notifier.ts";
import type { OptionGroup, Wanted } from "../lib/header-options.ts";
import { pullTask } from "../lib/pull-task.ts";
import { FlowDump, type FlowDumpOptions } from "./flow-dump.ts";
import { FlowDumpSet } from "./flow-dump-set.ts";
import { flowFilename } from "./flow-filename.ts";
import { flowHeaders } from "./flow-headers.ts";

/** Flows that have files at a time, and characters that are kept for all of them. */
const mostFlows = 1 << 18;
const mostKept = 1 << 26;
/** How long a flow that has ended is waited for. */
const waitingNs = 250_000_000n;

interface ToFlowsConfig {
  readonly GZIP: boolean;
  readonly MINCOUNT: number;
}
interface ToFlowsPlan {
  readonly pattern: string;
  readonly options: FlowDumpOptions;
}

const selected = new Set<OptionGroup>(["mss", "wscale", "sack"]);

/** The TCP options that are written, if any are. */
function wantedOptions(all: boolean, some: boolean): Wanted | undefined {
  if (all) return (group) => group !== "padding";
  return some ? (group) => selected.has(group) : undefined;
}

export const ToIPFlowDumps: ElementClass = element({
  name: "ToIPFlowDumps",
  ports: "1/0-1",
  processing: "a/a",
  taskHandlers: "none",
  config: {
    FILEPATTERN: positional(arg.filename, ""),
    OUTPUT_PATTERN: keyword(arg.filename, ""),
    NOTIFIER: keyword(arg.elementName(), undefined),
    ABSOLUTE_TIME: keyword(arg.bool, false),
    ABSOLUTE_SEQ: keyword(arg.bool, false),
    BINARY: keyword(arg.bool, false),
    ALL_TCP_OPT: keyword(arg.bool, false),
    TCP_OPT: keyword(arg.bool, false),
    TCP_WINDOW: keyword(arg.bool, false),
    GZIP: keyword(arg.bool, false),
    IP_ID: keyword(arg.bool, false),
    MINCOUNT: keyword(arg.u32, 0),
  },
  prepare({ config, error, warning }): ToFlowsPlan {
    const pattern = config.FILEPATTERN || config.OUTPUT_PATTERN || "-";
    if (!pattern.includes("%")) warning("OUTPUT_PATTERN has no % escapes, so output files will get overwritten");
    const problem = notifierProblem(config.NOTIFIER);
    if (problem) error(problem);
    return {
      pattern,
      options: {
        absoluteTime: config.ABSOLUTE_TIME,
        absoluteSequence: config.ABSOLUTE_SEQ,
        binary: config.BINARY,
        ipId: config.IP_ID,
        window: config.TCP_WINDOW,
        options: wantedOptions(config.ALL_TCP_OPT, config.TCP_OPT),
      },
    };
  },
  offers: (offer) => [
    offer(
      AggregateListener,
      (_c, { service }) => ({ ended: (aggregate) => service.call(aggregate) }),
      undefined,
      ({ config }) => config.NOTIFIER?.name,
    ),
  ],
  files: ({ FILEPATTERN, OUTPUT_PATTERN }) => {
    const writes = FILEPATTERN || OUTPUT_PATTERN || "-";
    return writes === "-" || writes.includes("%") ? {} : { writes };
  },
  service: flowsService,
  action(_c, packet, { service, output }) {
    service.give(packet);
    output(0).push(packet);
  },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  task(c, { service, input, noutputs }) {
    if (noutputs > 0) return c.i32(0);
    return pullTask(c, 1, input(0), (packet) => {
      service.give(packet);
      packet.kill();
    });
  },
});

function flowsService({ config, plan, host, name }: ServiceContext<ToFlowsConfig, ToFlowsPlan>): HostService {
  const { files } = host;
  if (!files) throw "files are not available here";
  const pattern = files.resolve?.(plan.pattern) ?? plan.pattern;
  const flows = new FlowDumpSet();
  /** Flows that have ended, and when. */
  let ended: { readonly aggregate: number; readonly at: bigint }[] = [];
  let timer: (() => void) | undefined;
  let kept = 0;
  let numbered = false;
  let unnumbered = false;
  let refused = 0;

  /** Writes what is kept; `false` where the file cannot be opened: then it is kept on. */
  const write = (flow: FlowDump): boolean => {
    const { file, size } = flow;
    try {
      if (file === "-") host.output(flow.take());
      else {
        if (!flow.begun) {
          makeFolders(files, file);
          files.write(file, "", false);
        }
        files.write(file, flow.take(), true);
      }
    } catch (e) {
      host.chatter(typeof e === "string" ? e : `${file}: ${(e as Error).message}`);
      if (flow.size > 0) return false;
    }
    kept -= size;
    flow.begun = true;
    return true;
  };
  const told = (file: string, action: () => void): void => {
    try {
      action();
    } catch (e) {
      host.chatter(`${file}: ${(e as Error).message}`);
    }
  };
  const finish = (flow: FlowDump): void => {
    flows.remove(flow.aggregate);
    const { file } = flow;
    if (flow.packets >= config.MINCOUNT) {
      if (write(flow) && config.GZIP && file !== "-") told(file, () => files.compress?.(file));
    } else if (flow.begun) told(file, () => files.remove?.(file));
    kept -= flow.size;
  };
  const finishAll = (): void => {
    for (const flow of flows.inOrder()) finish(flow);
  };
  const later = (): void => {
    timer ??= host.at(host.now() + waitingNs, () => {
      timer = undefined;
      const due = host.now() - waitingNs;
      const now = ended.filter(({ at }) => at <= due);
      ended = ended.filter(({ at }) => at > due);
      for (const { aggregate } of now) {
        const flow = flows.find(aggregate);
        if (flow) finish(flow);
      }
      if (ended.length > 0) later();
    });
  };
  return {
    packet(packet) {
      const aggregate = packet.annotations.getUint32(annotation.aggregate, true);
      if (aggregate === 0) {
        unnumbered = true;
        return 0;
      }
      const headers = flowHeaders(packet);
      let flow = flows.find(aggregate);
      if (!headers || (flow && !flow.takes(headers)) || (!flow && flows.size >= mostFlows)) {
        refused++;
        return 0;
      }
      numbered = true;
      const { timestampNs } = packet;
      if (!flow) {
        const file = flowFilename(pattern, aggregate, headers, (message) => host.chatter(message));
        flow = new FlowDump(aggregate, file, plan.options, headers, timestampNs);
        flows.add(flow);
      }
      if (flow.isFull(headers) && !write(flow)) return 0;
      kept -= flow.size;
      flow.add(headers, timestampNs);
      kept += flow.size;
      if (kept > mostKept) for (const each of flows.inOrder()) write(each);
      return 0;
    },
    called(number) {
      const aggregate = number >>> 0;
      if (!flows.find(aggregate)) return;
      ended.push({ aggregate, at: host.now() });
      later();
    },
    problem: () => (refused > 0 ? `${refused} packets are in no file: they are of no flow, or of too many` : undefined),
    close() {
      timer?.();
      finishAll();
      if (unnumbered && !numbered)
        host.chatter(`${name} :: ToIPFlowDumps: warning: saw no packets with aggregate annotations`);
    },
    handlers: { clear: { kind: "text", write: finishAll } },
  };
}

/** Makes the folders on the way to a file. Throws a `string`. */
function makeFolders(files: HostFiles, file: string): void {
  for (let slash = file.indexOf("/", 1); slash > 0; slash = file.indexOf("/", slash + 1)) {
    const folder = file.slice(0, slash);
    try {
      files.makeFolder?.(folder);
    } catch (e) {
      throw `making directory ${folder}: ${(e as Error).message}`;
    }
  }
}
