/**
 * FromNLANRDump(FILENAME [, keywords FORMAT, STOP, ACTIVE, FORCE_IP, START, START_AFTER, END, END_AFTER, INTERVAL, END_CALL, FILEPOS, SAMPLE,
 * TIMING, MMAP]) — packets of a trace of the National Laboratory for Applied Network Research.
 *
 * A record is a time and the first 36 bytes of an IP packet: its IP header, and 16 bytes of what follows. FORMAT is `tsh`, `fr+`, or `fr`, of
 * which no packets are made, and `guess` (the default) goes by the end of FILENAME: `.tsh` or `.fr`. In `tsh` traces the number of the interface is the paint
 * annotation. Packets whose IP header is not one of 20 bytes leave on the second output, if it is connected.
 *
 * With STOP true, asks the driver to stop after the last; END_CALL `HANDLER VALUE` writes a handler then instead. START and END are seconds
 * since 1970, START_AFTER and END_AFTER count from the first record, INTERVAL from the first that leaves; at the end of these times the element
 * does what it does after the last packet, or else is not active any more. SAMPLE is the probability that a packet is taken. TIMING true
 * plays packets at the distances in time that they have in the trace. FILEPOS is where in the file to begin. FILENAME may be compressed
 * with gzip or bzip2; `-` is standard input. MMAP and FORCE_IP are accepted: IP headers are always looked for. Runs in process only, not in
 * a virtual machine.
 *
 * Handlers: sampling_prob, encap, packet_filepos, filename, filesize, filepos (read), active (read, write), stop, extend_interval (write).
 *
 *   FromNLANRDump(trace.tsh.gz, STOP true) -> ToDump(out.pcap, ENCAP IP)
 */
import {
  arg,
  type ElementClass,
  element,
  type HostService,
  keyword,
  type ServiceContext,
} from "@clickos/click-core/element";
import { ipv4 } from "@clickos/wire/ipv4";
import { findIp, linkTypes } from "../lib/link-types.ts";
import { TraceInput } from "./trace-input.ts";
import {
  prepareTrace,
  type TraceConfig,
  type TracePlan,
  traceActions,
  traceArguments,
  traceSource,
} from "./trace-source.ts";

type Format = "fr" | "fr+" | "tsh";
const isFormat = (text: string): text is Format => text === "fr" || text === "fr+" || text === "tsh";

/** Bytes of the time, and of the packet that follows it; of a record of the format that has no packets. */
const timeBytes = 8;
const packetBytes = 36;
const shortRecord = 24;
/** The word of the microseconds has the interface above them. */
const interfaceShift = 24;
const microseconds = 0xffffff;
const second = 1_000_000_000n;
const microsecond = 1000n;

interface NlanrConfig extends TraceConfig {
  readonly FILEPOS: number;
}
interface NlanrPlan extends TracePlan {
  readonly format: Format;
}

const config = { ...traceArguments, FORMAT: keyword(arg.string, "guess"), FILEPOS: keyword(arg.u32, 0) };

export const FromNLANRDump: ElementClass = element<typeof config, NlanrPlan>({
  name: "FromNLANRDump",
  ports: "0/1-2",
  processing: "a/ah",
  config,
  prepare(context): NlanrPlan {
    const { config, warning, error } = context;
    const plan = prepareTrace(context);
    const given = config.FORMAT.toLowerCase();
    if (isFormat(given)) return { ...plan, format: given };
    if (given !== "guess") error("bad FORMAT");
    const end = /\.(fr|tsh)$/.exec(config.FILENAME.toLowerCase().replace(/\.(?:gz|z|bz2)$/, ""))?.[1];
    if (end === undefined && given === "guess") warning("cannot guess file format from filename, assuming 'tsh'");
    return { ...plan, format: (end as Format | undefined) ?? "tsh" };
  },
  ...traceActions,
  service: nlanrService,
});

function nlanrService(context: ServiceContext<NlanrConfig, NlanrPlan>): HostService {
  const { config, plan, host } = context;
  const input = new TraceInput(host.files, config.FILENAME);
  if (config.FILEPOS > 0) input.seek(config.FILEPOS);
  const { format } = plan;
  let recordAt = 0;
  let record: Uint8Array = new Uint8Array();
  let high = 0;
  const { service, handlers } = traceSource(context, {
    input,
    time() {
      recordAt = input.position;
      const bytes = input.take(format === "fr" ? shortRecord : timeBytes + packetBytes);
      if (!bytes) return undefined;
      const words = new DataView(bytes.buffer);
      const fraction = words.getUint32(4);
      record = bytes.subarray(timeBytes);
      high = fraction >>> interfaceShift;
      const part = format === "tsh" ? fraction & microseconds : fraction;
      // The nanoseconds have 32 bits, and more may be a second and more.
      return BigInt(words.getUint32(0)) * second + BigInt.asUintN(32, BigInt(part) * microsecond);
    },
    packet(timestampNs) {
      if (format === "fr") return undefined;
      const found = findIp(record, linkTypes.raw);
      const ip = found && found.transport - found.network === ipv4.size ? found : undefined;
      return { data: record, timestampNs, ip, paint: format === "tsh" && ip ? high : 0 };
    },
    skip() {},
  });
  const { sampling_prob, active, stop, extend_interval, filename, filesize, filepos } = handlers;
  return {
    ...service,
    handlers: {
      sampling_prob,
      active,
      encap: { read: () => "IP" },
      stop,
      packet_filepos: { read: () => recordAt },
      extend_interval,
      filename,
      filesize,
      filepos,
    },
  };
}
