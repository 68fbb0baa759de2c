/** Looks an IP packet up in decision trees; what IPFilter and IPClassifier share. */

import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { ethernet } from "@clickos/wire/ethernet";
import { ipv4 } from "@clickos/wire/ipv4";
import { stageDecision } from "./decision.ts";
import type { IpTrees } from "./ip-rules.ts";
import { wordPlaces } from "./match-tree.ts";
import type { PlaceData } from "./range-table.ts";
import { stageProgram } from "./stage-program.ts";
import type { LookupInput } from "./stage-tree.ts";

/** The place of the first rule that holds, or -1. A packet without a marked IP header has no bytes of it. */
export function stageIpLookup(
  c: FunctionBuilder,
  context: { readonly name: string; readonly data: PlaceData },
  packet: Packet,
  { whole, short, program, rules, ether }: IpTrees,
): I32 {
  const network = packet.network;
  const { transport } = packet;
  const end = packet.data.add(packet.length);
  const length = c.var("i32", end.sub(network), "header length");
  c.if(network.eqz(), () => length.set(0));
  const marked = (value: I32): I32 => c.select(network.eqz(), c.i32(0), value);
  const input = (known: boolean): LookupInput => {
    const mac = ether ? packet.mac.get() : undefined;
    return {
      network: { address: network, length: length.get() },
      transport: { address: transport, length: known ? end.sub(transport) : marked(end.sub(transport)) },
      ...(mac ? { ether: { address: mac, length: c.select(mac.eqz(), c.i32(0), c.i32(ethernet.size)) } } : {}),
    };
  };
  const result = c.var("i32", -1, "rule");
  if (program) {
    const header = marked(transport.sub(network));
    const places = wordPlaces;
    const counted = c.select(
      length.get().gtS(header),
      length.get().sub(header).add(places.transport),
      length.get().add(places.network),
    );
    const words = c.var("i32", counted, "words");
    const mac = ether ? packet.mac.get() : network;
    // Where no Ethernet header is known, what is read there means nothing.
    const headers = { ether: ether ? c.select(mac, mac, packet.data) : mac, network, transport };
    c.if(
      words.get().ltS(program.safeLength),
      () =>
        result.set(
          stageProgram(c, context, program, { length: words.get(), headers }, (output) =>
            rules.findIndex((r) => r.output === output),
          ),
        ),
      () => result.set(stageDecision(c, context, whole, input(false))),
    );
    return result.get();
  }
  if (!short) return stageDecision(c, context, whole, input(false));
  c.if(
    length.get().ltS(ipv4.size),
    () => result.set(stageDecision(c, { ...context, name: `${context.name} short` }, short, input(false))),
    () => result.set(stageDecision(c, context, whole, input(true), { network: ipv4.size })),
  );
  return result.get();
}
