/**
 * FromDAGDump(FILENAME [, keywords STOP, ACTIVE, FORCE_IP, START, START_AFTER, END, END_AFTER, INTERVAL, END_CALL, SAMPLE, TIMING, ENCAP, MMAP]) —
 * packets of a trace of a DAG card: the extensible record format, ERF, or the cells of 64 bytes that came before it.
 *
 * A record says how long it is and of which kind: HDLC, Ethernet, ATM, AAL5. Older traces do not; they have cells, of the kind ENCAP: ATM
 * (the default), SUNATM, ETHER, PPP, PPP_HDLC, HDLC or IP. With ENCAP all records are such cells, and so they are after a record of another kind
 * than these, which is reported. Packets that had more bytes on the wire have the rest in their extra length annotation.
 *
 * With STOP true, asks the driver to stop after the last; END_CALL `HANDLER VALUE` writes a handler then instead. START and END are seconds
 * since 1970, START_AFTER and END_AFTER count from the first record, INTERVAL from the first that leaves; at the end of these times the element
 * does what it does after the last packet, or else is not active any more. SAMPLE is the probability that a packet is taken. TIMING true
 * plays packets at the distances in time that they have in the trace. With FORCE_IP true, IP headers are marked, and packets without one
 * leave on the second output, if it is connected; this does not go with TIMING. FILENAME may be compressed with gzip or bzip2; `-` is
 * standard input. MMAP is accepted. Runs in process only, not in a virtual machine.
 *
 * Handlers: sampling_prob, encap, filename, filesize, filepos (read), active (read, write), stop, extend_interval (write).
 *
 *   FromDAGDump(trace.erf, STOP true, FORCE_IP true) -> ToIPSummaryDump(-, FIELDS timestamp ip_src ip_dst)
 */
import {
  arg,
  type ElementClass,
  element,
  type HostService,
  keyword,
  type ServiceContext,
} from "@clickos/click-core/element";
import { findIp, linkTypeName, linkTypes, parseLinkType } from "../lib/link-types.ts";
import { dagCell, dagRecord } from "./dag-record.ts";
import { TraceInput } from "./trace-input.ts";
import {
  prepareTrace,
  type TraceConfig,
  type TracePlan,
  type TraceRecord,
  traceActions,
  traceArguments,
  traceSource,
} from "./trace-source.ts";

interface DagConfig extends TraceConfig {
  readonly ENCAP: string;
}
interface DagPlan extends TracePlan {
  /** The kind of cells, where it is said. */
  readonly encap: number | undefined;
}

const cellTypes = new Set<number>([
  linkTypes.sunAtm,
  linkTypes.cHdlc,
  linkTypes.ethernet,
  linkTypes.rfc1483,
  linkTypes.ppp,
  linkTypes.pppHdlc,
  linkTypes.raw,
]);
const noLinkType = -1;

const config = { ...traceArguments, ENCAP: keyword(arg.string, "") };

export const FromDAGDump: ElementClass = element<typeof config, DagPlan>({
  name: "FromDAGDump",
  ports: "0/1-2",
  processing: "a/ah",
  config,
  prepare(context): DagPlan {
    const { config, error } = context;
    const plan = prepareTrace(context, "'START' and 'START_AFTER'");
    const encap = config.ENCAP === "" ? undefined : (parseLinkType(config.ENCAP) ?? noLinkType);
    if (encap !== undefined && !cellTypes.has(encap)) error("bad encapsulation type");
    return { ...plan, encap };
  },
  ...traceActions,
  service: dagService,
});

function dagService(context: ServiceContext<DagConfig, DagPlan>): HostService {
  const { config, host, name, landmark } = context;
  const input = new TraceInput(host.files, config.FILENAME);
  if (config.FORCE_IP && config.TIMING) {
    input.close();
    throw "FORCE_IP and TIMING options are incompatible";
  }
  let { encap } = context.plan;
  let header: DataView = new DataView(new ArrayBuffer(dagRecord.headerBytes));
  let linkType = noLinkType;
  let started = false;
  const said = `${name} :: FromDAGDump`;
  const complain = (type: number): void =>
    host.chatter(
      started
        ? `${said}: DAG cell with odd type ${type}, assuming old-style\n  ATM encapsulation for rest of dump.  Packets may have been read incorrectly!\n  (To avoid this warning, specify an explicit ENCAP.)`
        : `${landmark}: While initializing '${said}':\n  warning: odd DAG cell type ${type}, assuming old-style ATM encapsulation\n  (To avoid this warning, specify an explicit ENCAP.)`,
    );
  /** The bytes of the record whose header was read, and its length on the wire where it is told. */
  const body = (): { readonly data: Uint8Array; readonly wireLength: number } | undefined => {
    const type = header.getUint8(dagRecord.type);
    const kind = encap === undefined ? dagRecord.kinds[type] : undefined;
    if (kind) {
      linkType = kind.linkType;
      input.pass(kind.padding);
      const length = header.getUint16(dagRecord.length) - kind.padding - dagRecord.headerBytes;
      const data = length < 0 ? undefined : input.take(length);
      return data && { data, wireLength: (header.getUint16(dagRecord.wireLength) - kind.trailer) >>> 0 };
    }
    if (encap === undefined && type !== dagRecord.legacy) {
      complain(type);
      encap = linkTypes.rfc1483;
    }
    linkType = encap ?? linkTypes.rfc1483;
    const { from, wireLength } = dagCell(linkType);
    const rest = input.take(dagRecord.cellBytes - dagRecord.headerBytes);
    if (!rest) return undefined;
    const front = new Uint8Array(header.buffer, from);
    const data = new Uint8Array(front.length + rest.length);
    data.set(front);
    data.set(rest, front.length);
    return { data, wireLength: wireLength === undefined ? 0 : header.getUint16(wireLength) };
  };
  const { service, handlers } = traceSource(context, {
    input,
    time() {
      const bytes = input.take(dagRecord.headerBytes);
      if (!bytes) return undefined;
      header = new DataView(bytes.buffer);
      return dagRecord.time(header);
    },
    packet(timestampNs): TraceRecord | undefined {
      const found = body();
      return found && { ...found, timestampNs, ip: config.FORCE_IP ? findIp(found.data, linkType) : null };
    },
    skip() {
      body();
    },
  });
  const { sampling_prob, active, stop, extend_interval, filename, filesize, filepos } = handlers;
  return {
    ...service,
    start() {
      service.start?.();
      started = true;
    },
    handlers: {
      sampling_prob,
      active,
      encap: { read: () => linkTypeName(linkType) },
      stop: { ...stop, flags: "" },
      extend_interval,
      filename,
      filesize,
      filepos,
    },
  };
}
