/** Messages of flow exporters in staged code: NetFlow version 5, and IPFIX. Records wait in the element's state until a message is full. */
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { type Span, span } from "@clickos/wire";
import {
  ipfix,
  ipfixFlow,
  ipfixFlowTemplate,
  ipfixSet,
  netflow5Header,
  netflow5Most,
  netflow5Record,
} from "@clickos/wire/flow-export";

/** A time in the table of flows: units of 2^20 ns since the exporter began. In 32 bits there are 52 days of them. */
export const unitShift = 20n;
const millisecond = 1_000_000n;
const second = 1_000_000_000n;

/** A flow that is over, or is told of meanwhile. Addresses and ports as they stand in memory, times in units. */
export interface EndedFlow {
  readonly source: I32;
  readonly destination: I32;
  readonly ports: I32;
  readonly protocol: I32;
  readonly tos: I32;
  readonly input: I32;
  readonly packets: I32;
  readonly bytes: I64;
  readonly tcpFlags: I32;
  readonly first: I32;
  readonly last: I32;
  readonly reason: I32;
}
/** What a message says beside its records. */
export interface Export {
  readonly now: I64;
  /** When the exporter began. */
  readonly started: I64;
  /** Flows that were exported before. */
  readonly sequence: I32;
  readonly count: I32;
  /** The observation domain, or the engine. */
  readonly domain: number;
}

export interface ExportFormat {
  readonly recordSize: number;
  /** Records in a message at most. */
  readonly most: number;
  /** Bytes before the records, with a template and without. */
  readonly headSize: { readonly plain: number; readonly template: number };
  record(c: FunctionBuilder, at: I32, flow: EndedFlow, context: Pick<Export, "now" | "started">): void;
  /** Writes what is before the records, without a template's bytes, which `template` are. */
  head(c: FunctionBuilder, message: Span, about: Export, withTemplate: boolean): void;
  readonly template: Uint8Array;
}

const stored64 = (value: I64): I64 =>
  value.toI32().swap32().toI64().shl(32n).or(value.shrU(32n).toI32().swap32().toI64());
const toMilliseconds = (units: I32): I64 => units.toI64().shl(unitShift).divU(millisecond);

const netflow5: ExportFormat = {
  recordSize: netflow5Record.size,
  most: netflow5Most,
  headSize: { plain: netflow5Header.size, template: netflow5Header.size },
  template: new Uint8Array(),
  record(c, at, flow) {
    const record = span(c, at, netflow5Record.size).header(netflow5Record);
    record.emit({ input: flow.input, tcpFlags: flow.tcpFlags, protocol: flow.protocol, tos: flow.tos });
    record.source.stored.set(flow.source);
    record.destination.stored.set(flow.destination);
    record.ports.stored.set(flow.ports);
    record.packets.set(flow.packets);
    record.octets.set(c.select(flow.bytes.shrU(32n).eqz(), flow.bytes.toI32(), c.i32(-1)));
    record.first.set(toMilliseconds(flow.first).toI32());
    record.last.set(toMilliseconds(flow.last).toI32());
  },
  head(_c, message, { now, started, sequence, count, domain }) {
    message.header(netflow5Header).emit({
      version: 5,
      count,
      sysUptime: now.sub(started).divU(millisecond).toI32(),
      unixSecs: now.divU(second).toI32(),
      unixNsecs: now.remU(second).toI32(),
      flowSequence: sequence,
      engineId: domain & 255,
      engineType: (domain >>> 8) & 255,
    });
  },
};

/** The only template: any number from 256 on. */
const templateId = 256;
/** Fits Ethernet, with headers of UDP, IP and a tunnel around it. */
const longestMessage = 1400;
const template = ipfixFlowTemplate(templateId);
const ipfixHead = ipfix.size + ipfixSet.size;

const ipfixFormat: ExportFormat = {
  recordSize: ipfixFlow.size,
  most: Math.floor((longestMessage - ipfixHead - template.length) / ipfixFlow.size),
  headSize: { plain: ipfixHead, template: ipfixHead + template.length },
  template,
  record(c, at, flow, { now, started }) {
    const record = span(c, at, ipfixFlow.size).header(ipfixFlow);
    // Times are told from now back, so that units may have passed the end of 32 bits.
    const units = now.sub(started).shrU(unitShift).toI32();
    const absolute = (at: I32): I64 => stored64(now.divU(millisecond).sub(toMilliseconds(units.sub(at))));
    record.emit({
      protocol: flow.protocol,
      tos: flow.tos,
      tcpFlags: flow.tcpFlags,
      input: flow.input,
      endReason: flow.reason,
    });
    record.source.stored.set(flow.source);
    record.destination.stored.set(flow.destination);
    record.ports.stored.set(flow.ports);
    record.packets.set(stored64(flow.packets.toI64()));
    record.octets.set(stored64(flow.bytes));
    record.start.set(absolute(flow.first));
    record.end.set(absolute(flow.last));
  },
  head(_c, message, { now, sequence, count, domain }, withTemplate) {
    const recordBytes = count.mul(ipfixFlow.size);
    const head = withTemplate ? ipfixHead + template.length : ipfixHead;
    message.header(ipfix).emit({
      version: 10,
      length: recordBytes.add(head),
      exportTime: now.divU(second).toI32(),
      sequenceNumber: sequence,
      observationDomain: domain,
    });
    const set = message.advance(head - ipfixSet.size, "stated").header(ipfixSet, "stated");
    set.emit({ setId: templateId, length: recordBytes.add(ipfixSet.size) });
  },
};

export const exportFormats: { readonly NETFLOW5: ExportFormat; readonly IPFIX: ExportFormat } = {
  NETFLOW5: netflow5,
  IPFIX: ipfixFormat,
};
/** Bytes in which the records of a message of either format wait. */
export const recordBytes: number = Math.max(
  ...Object.values(exportFormats).map(({ recordSize, most }) => recordSize * most),
);
/** Where a template stands in a message. */
export const templateAt: number = ipfix.size;
