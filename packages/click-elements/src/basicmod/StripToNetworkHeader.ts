/**
 * StripToNetworkHeader — has packets start with their network header.
 *
 * What is before the network header is taken off; where the packet starts behind it, what is between is put back. A packet without a
 * network header mark is dropped.
 *
 *   FromDevice(0) -> MarkIPHeader(14) -> StripToNetworkHeader -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const StripToNetworkHeader: ElementClass = element({
  name: "StripToNetworkHeader",
  ports: "1/1",
  processing: "a/a",
  action(c, packet, { line }) {
    const { network } = packet;
    c.if(network.eqz(), () => packet.drop("no network header"));
    const offset = network.sub(packet.data);
    c.if(
      offset.leS(packet.length),
      () => packet.pull(offset),
      () => {
        line().text("Packet::pull ").decimal(offset).text(" > length ").decimal(packet.length).end();
        packet.pull(packet.length);
      },
    );
  },
});
