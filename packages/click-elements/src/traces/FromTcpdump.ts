/**
 * FromTcpdump(FILENAME [, keywords STOP, ACTIVE, ZERO, CHECKSUM, SAMPLE]) — makes packets of the lines that tcpdump printed.
 *
 * A line has a time in seconds since 1970 (`tcpdump -tt -n`), addresses and ports as numbers, and what tcpdump says of a TCP segment or a UDP
 * datagram; of other packets only the IP header is made. The IP header is as the remarks at the end of the line say, `(DF) [tos 0x10] (ttl
 * 64, id 1)`. Packets have headers only; how much data they had is in their extra length annotation. Sequence numbers, which tcpdump counts
 * from the first that it saw of a flow, are made absolute again. Lines that cannot be read are passed over; the first is reported.
 *
 * With STOP true, asks the driver to stop after the last packet. ACTIVE false waits for the handler. CHECKSUM true makes checksums. SAMPLE is
 * the probability that a packet is taken. ZERO is accepted: what is not told is always zero. FILENAME may be compressed with gzip or bzip2;
 * `-` is standard input. A line of more than 64 KiB is two. Runs in process only, not in a virtual machine.
 *
 * Handlers: sampling_prob, encap, filename, filesize, filepos (read), active (read, write), stop (write).
 *
 *   FromTcpdump(trace.txt, STOP true) -> ToDump(out.pcap, ENCAP IP)
 */
import {
  arg,
  type ElementClass,
  element,
  type HostService,
  keyword,
  required,
  type ServiceContext,
} from "@clickos/click-core/element";
import { type LineSourceConfig, lineSource, openLines } from "../lib/line-source.ts";
import { isDigitAt } from "../lib/number-prefix.ts";
import { certain, checkProbability, probability, probabilityText } from "../lib/sampling.ts";
import { fileSource } from "../lib/service-source.ts";
import { readTcpdumpLine } from "./tcpdump-line.ts";
import { TcpdumpFlows } from "./tcpdump-segment.ts";

interface FromTcpdumpConfig extends LineSourceConfig {
  readonly CHECKSUM: boolean;
}
interface FromTcpdumpPlan {
  readonly probability: number;
}

const config = {
  FILENAME: required(arg.filename),
  STOP: keyword(arg.bool, false),
  ACTIVE: keyword(arg.bool, true),
  ZERO: keyword(arg.bool, true),
  CHECKSUM: keyword(arg.bool, false),
  SAMPLE: keyword(probability, certain),
};

export const FromTcpdump: ElementClass = element<typeof config, FromTcpdumpPlan>({
  name: "FromTcpdump",
  ports: "0/1",
  processing: "a/a",
  config,
  prepare: ({ config, warning }): FromTcpdumpPlan => ({ probability: checkProbability(config.SAMPLE, warning) }),
  service: tcpdumpService,
  ...fileSource(),
});

function tcpdumpService(context: ServiceContext<FromTcpdumpConfig, FromTcpdumpPlan>): HostService {
  const { config, plan, host } = context;
  const open = openLines(context);
  const { lines, file, place } = open;
  const flows = new TcpdumpFlows();
  let complained = false;
  const first = lines.peek();
  if (!isDigitAt(first, 0)) {
    const heading = `${context.landmark}: While initializing '${context.name} :: FromTcpdump':\n`;
    host.chatter(`${heading}${file}:   warning: first line suspicious; is this a tcpdump output file?`);
  }
  const source = lineSource(context, open, {
    probability: plan.probability,
    refusal: "syntax error",
    read() {
      for (;;) {
        const line = lines.next();
        if (!line) return null;
        const { bytes } = line;
        if (bytes.startsWith("#")) continue;
        const packet = isDigitAt(bytes, 0) ? readTcpdumpLine(bytes, flows) : undefined;
        if (packet) return packet.finish(config.CHECKSUM);
        if (!complained && bytes.trim() !== "") {
          complained = true;
          host.chatter(`${place()}: packet parse error`);
        }
        return undefined;
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
      stop,
      filename,
      filesize,
      filepos,
    },
  };
}
