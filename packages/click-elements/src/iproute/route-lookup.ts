/** What elements with routing tables offer others, and how they send a packet on its way. */
import {
  arg,
  type ElementContext,
  formatIpAddress,
  Mistake,
  type NextHop,
  type Packet,
  type PeerInterface,
  peerInterface,
  readText,
  type Scope,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";

/** Where an address goes: an output, which is none of the element's where there is no route, and a gateway, 0 for none. */
export interface StagedNextHop {
  readonly output: I32;
  readonly gateway: I32;
}

export interface StagedIpRouteTable {
  lookup(address: I32): StagedNextHop;
}

export interface HostIpRouteTable {
  /** `undefined` where there is no route. */
  lookup(address: number): NextHop | undefined;
}

/** Click's `IPRouteTable`: all elements of the category. */
export const IpRouteTable: PeerInterface<StagedIpRouteTable, HostIpRouteTable> = peerInterface("IPRouteTable");

/** The `lookup` handler: the output of an address, and the gateway if there is one. */
export function readNextHop(text: string, scope: Scope, lookup: (address: number) => NextHop | undefined): string {
  const address = readText(arg.ipAddress, text.trim(), scope);
  if (address instanceof Mistake) throw "expected IP address";
  const hop = lookup(address);
  if (!hop) return "-1";
  return hop.gateway === 0 ? String(hop.output) : `${hop.output} ${formatIpAddress(hop.gateway)}`;
}

/** Sends the packet to an output, with the gateway as its destination annotation; drops it where there is no such output. */
export function forward(
  c: FunctionBuilder,
  packet: Packet,
  { output: number, gateway }: StagedNextHop,
  { output, noutputs }: Pick<ElementContext<any, any, any>, "output" | "noutputs">,
  unrouted: () => void,
): void {
  c.if(
    noutputs === 0 ? c.i32(1) : number.geU(noutputs),
    () => {
      unrouted();
      packet.drop("no route");
    },
    () => {
      c.if(gateway, () => packet.dstIp.set(gateway));
      c.switch(
        number,
        Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet)),
        () => output(noutputs - 1).push(packet),
      );
    },
  );
}

/** How many packets without a route are told of. */
const mostComplaints = 5;

/** Tells of a packet without a route, the first few times. */
export function complain(
  c: FunctionBuilder,
  table: string,
  address: I32,
  count: { get(): I32; inc(): void },
  line: ElementContext<any, any, any>["line"],
): void {
  c.if(count.get().ltU(mostComplaints), () => {
    count.inc();
    line().text(`${table}: no route for `).ipAddress(address).end();
  });
}
