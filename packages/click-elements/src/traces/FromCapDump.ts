/**
 * FromCapDump(FILENAME [, keywords STOP, ACTIVE, ZERO, CHECKSUM, AGGREGATE, SAMPLE]) — makes packets of a file of the tool `cap`, which measured how
 * much a TCP connection carries.
 *
 * A line that begins with SYN, DAT or ACK is a packet: `DAT > 1046102982.931941 1 1 1500 1460 FIN` has the direction, the time, the packet's number, the
 * segment's, the lengths of the IP packet and of the data, and remarks; `SACK:2-3:5-6` and `DSACK:2` become TCP options. A line that begins with SND
 * or RCV says whether the file was written where data is sent. Others are passed over. Packets go between 1.0.0.1, port 1, and 2.0.0.2, port 2; their
 * sequence numbers are those of segments that are all as long as the lines say. Of 4,194,304 segments and more those beyond are passed over.
 *
 * Packets have headers only; how much data they had is in the extra length annotation. They have the aggregate annotation AGGREGATE (1), their
 * number and the segment's in the packet number and sequence number annotations, and the paint 0 where they carry data, 1 where they
 * acknowledge it. The file's microseconds are nanoseconds of the timestamp, as in Click. With STOP true, asks the driver to stop after the
 * last. ACTIVE false waits for the handler. CHECKSUM true makes checksums. SAMPLE is the probability that a packet is taken. ZERO is accepted:
 * what is not told is always zero. FILENAME may be compressed with gzip or bzip2; `-` is standard input. Runs in process only, not in a
 * virtual machine.
 *
 * Handlers: sampling_prob, encap, filename, filesize, filepos (read), active (read, write), stop (write).
 *
 *   FromCapDump(trace.cap, STOP true) -> ToIPSummaryDump(-, FIELDS timestamp direction tcp_seq tcp_ack)
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HostFrame,
  type HostService,
  keyword,
  required,
  type ServiceContext,
} from "@clickos/click-core/element";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { type LineSourceConfig, lineSource, openLines } from "../lib/line-source.ts";
import { certain, checkProbability, probability, probabilityText } from "../lib/sampling.ts";
import { fileSource } from "../lib/service-source.ts";
import { type CapLine, readCapLine } from "./cap-line.ts";
import { CapSequence } from "./cap-sequence.ts";

interface FromCapConfig extends LineSourceConfig {
  readonly CHECKSUM: boolean;
  readonly AGGREGATE: number;
}
interface FromCapPlan {
  readonly probability: number;
}

/** Where data comes from, and where it goes. */
const sender = { address: 0x01000001, port: 1 };
const receiver = { address: 0x02000002, port: 2 };
const window = 65535;

const config = {
  FILENAME: required(arg.filename),
  STOP: keyword(arg.bool, false),
  ACTIVE: keyword(arg.bool, true),
  ZERO: keyword(arg.bool, true),
  CHECKSUM: keyword(arg.bool, false),
  AGGREGATE: keyword(arg.u32, 1),
  SAMPLE: keyword(probability, certain),
};

export const FromCapDump: ElementClass = element<typeof config, FromCapPlan>({
  name: "FromCapDump",
  ports: "0/1",
  processing: "a/a",
  config,
  prepare: ({ config, warning }): FromCapPlan => ({ probability: checkProbability(config.SAMPLE, warning) }),
  service: capService,
  ...fileSource(),
});

function capService(context: ServiceContext<FromCapConfig, FromCapPlan>): HostService {
  const { config, plan, host } = context;
  const open = openLines(context);
  const { lines, place } = open;
  const sequence = new CapSequence();
  let isReceiver = false;
  const source = lineSource(context, open, {
    probability: plan.probability,
    refusal: "type mismatch",
    read() {
      for (;;) {
        const line = lines.next();
        if (!line) return null;
        const { bytes } = line;
        const [, word] = /^([A-Z]{3})[ \t-\r]/.exec(bytes) ?? [];
        if (word === "RCV" || word === "SND") isReceiver = word === "RCV";
        if (bytes.length <= 3 || (word !== "DAT" && word !== "ACK" && word !== "SYN")) continue;
        const read = readCapLine(bytes, sequence);
        if (read)
          return packetOf(read, {
            sequence,
            isReceiver,
            ...config,
            complain: (text) => host.chatter(`   ${place()} >> ${text}`),
          });
      }
    },
  });
  const { active, encap, stop, filename, filesize, filepos } = source.handlers;
  return {
    ...source.service,
    handlers: {
      sampling_prob: { read: () => probabilityText(plan.probability) },
      active,
      encap,
      stop: { ...stop, flags: "" },
      filename,
      filesize,
      filepos,
    },
  };
}

interface Transfer {
  readonly sequence: CapSequence;
  readonly isReceiver: boolean;
  readonly AGGREGATE: number;
  readonly CHECKSUM: boolean;
  complain(text: string): void;
}

/** The packet that a line tells of. */
function packetOf(line: CapLine, { sequence, isReceiver, AGGREGATE, CHECKSUM, complain }: Transfer): HostFrame {
  const { kind, segment: number, payload, fin, options } = line;
  const bytes = new Uint8Array(ipv4.size + tcp.size + options.length);
  const paint = line.isForward === isReceiver ? 1 : 0;
  const syn = kind === "SYN" ? 1 : 0;
  const note = (): void => {
    const other = sequence.note(number, payload + syn + (fin ? 1 : 0));
    if (other) complain(`${number + 1} ${other.known} ${other.told}`);
  };
  const [from, to] = (paint === 1) !== isReceiver ? [receiver, sender] : [sender, receiver];
  ipv4.emit(bytes, {
    ttl: 0,
    protocol: ipProtocols.tcp,
    source: from.address,
    destination: to.address,
    totalLength: (bytes.length + payload) & ipv4.fields.totalLength.mask,
  });
  const header = tcp.view(bytes, ipv4.size);
  header.sourcePort = from.port;
  header.destinationPort = to.port;
  header.window = window;
  header.syn = syn;
  header.fin = fin ? 1 : 0;
  if (kind === "DAT") {
    header.sequenceNumber = sequence.start(number);
    note();
    header.acknowledgmentNumber = 1;
    header.ack = 1;
  } else if (kind === "ACK") {
    header.sequenceNumber = 1;
    header.acknowledgmentNumber = sequence.start(number + 1);
    header.ack = 1;
  } else {
    const answers = isReceiver !== (paint === 1);
    header.acknowledgmentNumber = answers ? 1 : 0;
    header.ack = answers ? 1 : 0;
    note();
  }
  bytes.set(options, ipv4.size + tcp.size);
  header.dataOffset = ((bytes.length - ipv4.size) >> 2) & tcp.fields.dataOffset.mask;
  if (CHECKSUM) {
    const ip = ipv4.view(bytes, 0);
    ip.checksum = internetChecksum(bytes.subarray(0, ipv4.size));
    const segment = bytes.subarray(ipv4.size);
    header.checksum = internetChecksum(segment, pseudoHeaderSum(ip, ip.protocol, segment.length));
  }
  return {
    frame: bytes,
    timestampNs: line.timestampNs,
    network: 0,
    transport: ipv4.size,
    annotate(annotations) {
      annotations.setUint8(annotation.paint, paint);
      annotations.setUint32(annotation.aggregate, AGGREGATE, true);
      annotations.setUint32(annotation.packetNumber, line.packet, true);
      annotations.setUint32(annotation.sequenceNumber, number, true);
      annotations.setUint32(annotation.extraLength, payload, true);
    },
  };
}
