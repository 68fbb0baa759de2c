/** The file about flows that AggregateIPFlows writes: XML, an element for each flow that has ended. */
import {
  annotation,
  formatIpAddress,
  type HostPacket,
  type HostService,
  type ServiceHost,
} from "@clickos/click-core/element";
import { icmp } from "@clickos/wire/icmp";
import { ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { FileTrouble } from "../lib/file-trouble.ts";

interface Flow {
  /** The addresses and ports, as attributes. */
  readonly ends: string;
  readonly first: bigint;
  last: bigint;
  readonly position: number;
  /** Packets in each direction. */
  readonly packets: [number, number];
}
/** Told in the place of a number, when the flow that was told of last goes on under another: as in Click it keeps its counts. */
export const goesOn = 0;
/** Text that is kept back before it is written. */
const kept = 1 << 16;

export function flowTrace(name: string, source: string | undefined, host: ServiceHost): HostService {
  const { files } = host;
  if (!files) throw "files are not available here";
  const file = files.resolve?.(name) ?? name;
  if (file !== "-")
    try {
      files.write(file, "", false);
    } catch (e) {
      throw `${file}: ${(e as Error).message}`;
    }
  const flows = new Map<number, Flow>();
  const trouble = new FileTrouble(host);
  let waiting = "";
  let lastEnded: Flow | undefined;
  let counts: readonly [number, number] = [0, 0];
  const flush = (): void => {
    const text = waiting;
    waiting = "";
    if (text !== "") trouble.attempt(() => files.write(file, text, true));
  };
  const put = (text: string): void => {
    if (file === "-") host.output(text);
    else waiting += text;
    if (waiting.length > kept) flush();
  };
  const ask = (handler: string): string => {
    try {
      return source === undefined ? "" : host.router.read(`${source}.${handler}`).trim();
    } catch {
      return "";
    }
  };
  const end = (aggregate: number, flow: Flow): void => {
    flows.delete(aggregate);
    lastEnded = flow;
    const { ends, first, last, position, packets } = flow;
    put(
      `<flow aggregate='${aggregate}' ${ends} begin='${nanoseconds(first)}' duration='${nanoseconds(last - first)}'` +
        `${position === 0 ? "" : ` filepos='${position}'`}>\n` +
        `  <stream dir='0' packets='${packets[0]}' /><stream dir='1' packets='${packets[1]}' />\n</flow>\n`,
    );
  };
  return {
    start() {
      const read = ask("filename");
      put(`<?xml version='1.0' standalone='yes'?>\n<trace${read === "" ? "" : ` file='${read}'`}>\n`);
    },
    packet(packet) {
      const aggregate = packet.annotations.getUint32(annotation.aggregate, true);
      const paint = packet.annotations.getUint8(annotation.paint);
      const time = packet.timestampNs;
      let flow = flows.get(aggregate);
      if (!flow) {
        const position = Number(ask("packet_filepos")) || 0;
        flow = { ends: endsOf(packet, paint), first: time, last: time, position, packets: [...counts] };
        counts = [0, 0];
        flows.set(aggregate, flow);
      }
      flow.last = time;
      // Errors, with greater paints, are not counted.
      if (paint === 0 || paint === 1) flow.packets[paint]++;
      return 0;
    },
    called(number) {
      const aggregate = number >>> 0;
      const flow = flows.get(aggregate);
      if (flow) end(aggregate, flow);
      else if (number === goesOn && lastEnded) counts = lastEnded.packets;
    },
    flush,
    problem: () => trouble.problem,
    close() {
      for (const [aggregate, flow] of [...flows]) end(aggregate, flow);
      if (file !== "-") put("</trace>\n");
      flush();
    },
  };
}

/** Seconds with nine digits behind the point. */
function nanoseconds(time: bigint): string {
  const second = 1_000_000_000n;
  return `${time / second}.${(time % second).toString().padStart(9, "0")}`;
}

/** Where a flow begins and where it goes, from one of its packets; an error has in it the packet that it is about. */
function endsOf({ data, network }: HostPacket, paint: number): string {
  const about = paint < 2 ? 0 : ipv4.view(data, network).headerLength + icmp.size + 4;
  const ip = ipv4.view(data, network + about);
  const ports = udp.view(data, network + about + ip.headerLength);
  const ends = [
    [ip.source, ports.sourcePort],
    [ip.destination, ports.destinationPort],
  ] as const;
  const [[from, fromPort], [to, toPort]] = paint & 1 ? [ends[1], ends[0]] : ends;
  return `src='${formatIpAddress(from)}' sport='${fromPort}' dst='${formatIpAddress(to)}' dport='${toPort}'`;
}
