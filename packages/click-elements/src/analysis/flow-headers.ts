/** The headers of a packet of a TCP or UDP flow, for what is written about flows. What the packet does not have reads as zeros. */
import { annotation, type HostPacket } from "@clickos/click-core/element";
import type { HeaderView } from "@clickos/wire";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";

/** The longest header of IP or TCP. */
const longest = 60;
/** Bytes of a message about an error before the packet that it is about: type, code, checksum, and a word. */
const messageBytes = icmp.size + 4;
/** All that is looked at: a packet's headers, or a message's and those of the packet that it is about. */
const most = longest + messageBytes + 2 * longest;
/** Paints of messages about errors, as AggregateIPFlows gives them. */
const leastErrorPaint = 2;

export interface FlowHeaders {
  readonly ip: HeaderView<(typeof ipv4)["table"]>;
  readonly ports: HeaderView<(typeof udp)["table"]>;
  readonly tcp: HeaderView<(typeof tcp)["table"]>;
  /** Bytes of the TCP header's options. */
  readonly options: Uint8Array;
  /** Bit 0 says that the packet goes against the flow's direction; a greater paint says that it is about an error. */
  readonly paint: number;
  readonly isError: boolean;
  /** Of a message about an error, the headers of the packet that it is about; else the packet's own. */
  readonly flow: Pick<FlowHeaders, "ip" | "ports">;
}

const scratch = new Uint8Array(most);

/** The headers; valid until the next call. `undefined` where the packet is none of a TCP or UDP flow. */
export function flowHeaders({ data, network, annotations }: HostPacket): FlowHeaders | undefined {
  if (network < 0) return undefined;
  scratch.fill(0);
  scratch.set(data.subarray(network, network + most));
  const ip = ipv4.view(scratch, 0);
  const at = ip.ihl * ipv4.table.headerLength.unit;
  const paint = annotations.getUint8(annotation.paint);
  const isError = paint >= leastErrorPaint;
  const own = { ip, ports: udp.view(scratch, at) };
  let flow: FlowHeaders["flow"] = own;
  if (ip.protocol === ipProtocols.icmp) {
    const about = at + messageBytes;
    const inner = ipv4.view(scratch, about);
    flow = { ip: inner, ports: udp.view(scratch, about + inner.ihl * ipv4.table.headerLength.unit) };
  }
  const { protocol } = flow.ip;
  if ((ip.protocol === ipProtocols.icmp) !== isError) return undefined;
  if (protocol !== ipProtocols.tcp && protocol !== ipProtocols.udp) return undefined;
  const header = tcp.view(scratch, at);
  const end = at + header.dataOffset * tcp.table.headerLength.unit;
  const options = scratch.subarray(at + tcp.size, Math.max(at + tcp.size, end));
  return { ...own, tcp: header, options, paint, isError, flow };
}
