/**
 * ToDump(FILENAME [, SNAPLEN [, ENCAP]] [, keywords USE_ENCAP_FROM, EXTRA_LENGTH, NANO, UNBUFFERED]) — writes packets to a
 * capture file.
 *
 * The file is pcapng when its name ends so and pcap otherwise, compressed when that is followed by `.gz` or `.bz2`; `-` is
 * standard output. SNAPLEN (2000) is how much of each packet is kept, 0 for all. ENCAP is the kind of packets: ETHER (the
 * default), IP, FDDI, ATM, 802_11, 802_11_RADIO, SLL, AIRONET, HDLC, PPP_HDLC, PPP, SUNATM, PRISM, NULL, or `#` and the
 * number of a link type; USE_ENCAP_FROM names elements instead, whose `encap` handlers say it. A packet's length on the wire
 * has its extra length annotation in it, unless EXTRA_LENGTH is false. Timestamps have nanoseconds unless NANO is false; a
 * packet without one has the time at which it is written. UNBUFFERED true writes each packet at once. Packets leave on the
 * output if it is connected. Runs in process only, not in a virtual machine.
 *
 * Handlers: filename, count (read), reset_counts (write).
 *
 *   ... -> ToDump(out.pcap);
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HostService,
  keyword,
  positional,
  required,
  type ServiceContext,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { type CaptureOptions, writeCapture } from "@clickos/pcap";
import { createCapture } from "@clickos/pcap/node";
import { diskName, hostFilename } from "../host/files.ts";
import { FileTrouble } from "../lib/file-trouble.ts";
import { linkTypes, parseLinkType } from "../lib/link-types.ts";
import { pullTask } from "../lib/pull-task.ts";
import { creationProblem } from "./capture-problem.ts";

interface ToDumpConfig {
  readonly FILENAME: string;
  readonly SNAPLEN: number;
  readonly USE_ENCAP_FROM: string;
  readonly EXTRA_LENGTH: boolean;
  readonly NANO: boolean;
  readonly UNBUFFERED: boolean;
}

interface ToDumpPlan {
  readonly linkType: number;
  readonly sources: readonly { readonly name: string; readonly className: string }[];
}

export const ToDump: ElementClass = element({
  name: "ToDump",
  ports: "1/0-1",
  processing: "a/a",
  configurePhase: 200,
  config: {
    FILENAME: required(arg.filename),
    SNAPLEN: positional(arg.u32, 2000),
    ENCAP: positional(arg.string, ""),
    USE_ENCAP_FROM: keyword(arg.raw, ""),
    EXTRA_LENGTH: keyword(arg.bool, true),
    NANO: keyword(arg.bool, true),
    UNBUFFERED: keyword(arg.bool, false),
  },
  prepare({ config, scope, error }): ToDumpPlan {
    const linkType = config.ENCAP ? parseLinkType(config.ENCAP) : linkTypes.ethernet;
    if (config.ENCAP && config.USE_ENCAP_FROM) error("specify at most one of 'ENCAP' and 'USE_ENCAP_FROM'");
    else if (linkType === undefined) error("bad encapsulation type");
    const sources = splitWords(config.USE_ENCAP_FROM).flatMap((name) => {
      const found = scope.element(name);
      if (!found) error(`no element named '${name}'`);
      return found ? [{ name: found.name, className: found.className }] : [];
    });
    return { linkType: linkType ?? linkTypes.ethernet, sources };
  },
  files: (config) => (config.FILENAME === "-" ? {} : { writes: config.FILENAME }),
  service: dumpService,
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

/** What packets are written to. */
interface Writer {
  write(data: Uint8Array, timestampNs: bigint, originalLength: number): void;
  flush(): void;
  close(): void;
}

/** What stays when another configuration takes this one's place. */
interface Kept {
  readonly file: string;
  take(): Writer | undefined;
}

function dumpService({ config, plan, host, former }: ServiceContext<ToDumpConfig, ToDumpPlan>): HostService {
  const file = hostFilename(config.FILENAME);
  const shownName = file === "-" ? "<stdout>" : file;
  const open = (linkType: number): Writer => {
    const options: CaptureOptions = { linkType, snapLength: config.SNAPLEN || 0xffffffff, nanoseconds: config.NANO };
    return file === "-"
      ? standardOutput((text) => host.output(text), options)
      : creationProblem(file, () => createCapture(diskName(file), options));
  };
  // A file that is open already goes on: it is not to be made anew.
  let writer = (former as Kept | undefined)?.file === file || plan.sources.length > 0 ? undefined : open(plan.linkType);
  let count = 0n;
  const trouble = new FileTrouble(host);
  return {
    start() {
      writer ??= open(encapOf(plan.sources, (path) => host.handlers.read(path)) ?? plan.linkType);
    },
    packet({ data, timestampNs, annotations }) {
      trouble.attempt(() => {
        const extra = config.EXTRA_LENGTH ? annotations.getUint32(annotation.extraLength, true) : 0;
        writer?.write(data, timestampNs || host.now(), (data.length + extra) >>> 0);
        if (config.UNBUFFERED) writer?.flush();
        count++;
      });
      return 0;
    },
    problem: () => trouble.problem,
    flush: () => trouble.attempt(() => writer?.flush()),
    close: () => trouble.attempt(() => writer?.close()),
    get kept(): Kept {
      return {
        file,
        take() {
          const open = writer;
          writer = undefined;
          return open;
        },
      };
    },
    takeOver(kept) {
      if ((kept as Kept).file === file) writer = (kept as Kept).take();
    },
    handlers: {
      filename: { read: () => shownName },
      count: { kind: "counter", read: () => count },
      reset_counts: {
        write() {
          count = 0n;
        },
      },
    },
  };
}

/** What elements say that their packets are; they must say the same. */
function encapOf(sources: ToDumpPlan["sources"], read: (path: string) => string): number | undefined {
  let linkType: number | undefined;
  const said = sources.map(({ name, className }) => {
    const shown = `'${name} :: ${className}'`;
    let text: string;
    try {
      text = read(`${name}.encap`).trim();
    } catch {
      throw `${shown} has no 'encap' read handler`;
    }
    const type = parseLinkType(text);
    if (type === undefined) throw `'${name}.encap' did not return a valid encapsulation type`;
    linkType ??= type;
    return { text, type, shown: `${name} :: ${className}${fileOf(name, read)}` };
  });
  if (said.some(({ type }) => type !== linkType))
    throw ["source encapsulation types disagree:", ...said.map(({ text, shown }) => `  ${shown} has ${text}`)].join(
      "\n",
    );
  return linkType;
}

/** The file that an element reads, as it is shown behind the element's class. */
function fileOf(name: string, read: (path: string) => string): string {
  try {
    return `(${read(`${name}.filename`)})`;
  } catch {
    return "";
  }
}

/** A capture on standard output, in its place among what else is written there. */
function standardOutput(output: (text: string) => void, options: CaptureOptions): Writer {
  const capture = writeCapture("pcap", options);
  const put = (): void => output(Array.from(capture.take(), (byte) => String.fromCharCode(byte)).join(""));
  put();
  return {
    write(data, timestampNs, originalLength) {
      capture.write(data, timestampNs, originalLength);
      put();
    },
    flush() {},
    close() {},
  };
}
