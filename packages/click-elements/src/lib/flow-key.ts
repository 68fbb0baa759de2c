/** What flows are told apart by, and a hash of that. */
import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "./headers.ts";

/** Source, destination, ports as they are stored, and protocol; no ports in fragments, and of other protocols than TCP and UDP. */
export type FlowKey = readonly [source: I32, destination: I32, ports: I32, protocol: I32];

/** The flow of a packet whose IP header is marked. */
export function flowKey(c: FunctionBuilder, packet: Packet): FlowKey {
  const { ip } = packet;
  const protocol = ip.protocol.get();
  const transport = transportOf(packet);
  const ports = c.var("i32", 0, "ports");
  const isFlow = protocol.eq(ipProtocols.tcp).or(protocol.eq(ipProtocols.udp)).and(ip.fragment.get().eqz());
  // What both protocols have is read as UDP's.
  c.if(isFlow.and(transport.has(udp.size)), () => ports.set(transport.header(udp, "stated").ports.stored.get()));
  return [ip.source.stored.get(), ip.destination.stored.get(), ports.get(), protocol];
}

/** The words of a flow, multiplied and folded, two at once (wyhash, Wang Yi): with the same seed the same everywhere. */
export function flowHash(
  [source, destination, ports, protocol]: FlowKey,
  seed: I64 | bigint = 0xa0761d6478bd642fn,
): I32 {
  const word = (high: I32, low: I32): I64 => high.toI64().shl(32n).or(low.toI64());
  const mixed = word(source, destination).xor(seed).mul(0xe7037ed1a0b428dbn);
  const all = mixed.xor(mixed.shrU(32n)).xor(word(ports, protocol)).mul(0x8ebc6af09c88c6e3n);
  return all.xor(all.shrU(29n)).mul(0x589965cc75374cc3n).shrU(32n).toI32();
}
