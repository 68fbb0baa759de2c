/**
 * AggregateLength([keyword IP]) — sets the aggregate annotation to the packet's length.
 *
 * The length has the extra length annotation in it. With IP true it counts from the IP header on, and packets that have none are
 * dropped.
 *
 *   FromDump(trace.pcap) -> AggregateLength -> AggregateCounter -> ...
 */
import { annotation, arg, type ElementClass, element, keyword } from "@clickos/click-core/element";

export const AggregateLength: ElementClass = element({
  name: "AggregateLength",
  ports: "1/1",
  processing: "a/a",
  config: { IP: keyword(arg.bool, false) },
  action(c, packet, { config }) {
    let { length } = packet;
    if (config.IP) {
      c.if(packet.network.eqz(), () => packet.drop("no IP header"));
      length = packet.data.add(length).sub(packet.network);
    }
    packet.annotation32(annotation.aggregate).set(length.add(packet.annotation32(annotation.extraLength).get()));
  },
});
