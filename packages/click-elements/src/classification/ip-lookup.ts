/** Looks an IP packet up in a decision tree; what IPFilter and IPClassifier share. */

import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { ipv4 } from "@clickos/wire/ipv4";
import type { DecisionTree } from "./decision-tree.ts";
import type { PlaceData } from "./range-table.ts";
import { stageLookup } from "./stage-tree.ts";

/** The result of the first rule that holds, or -1. A packet without a whole marked IP header is dropped. */
export function stageIpLookup(
  c: FunctionBuilder,
  context: { readonly name: string; readonly data: PlaceData },
  packet: Packet,
  tree: DecisionTree,
): I32 {
  const network = packet.network;
  const end = packet.data.add(packet.length);
  c.if(network.eqz().or(end.sub(network).ltS(ipv4.size)), () => packet.drop("no IP header marked"));
  const transport = packet.transport;
  return stageLookup(
    c,
    context,
    tree,
    {
      network: { address: network, length: end.sub(network) },
      transport: { address: transport, length: end.sub(transport) },
    },
    { network: ipv4.size },
  );
}
