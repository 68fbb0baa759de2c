/**
 * SetPacketType(TYPE) — sets packets' type.
 *
 * TYPE is HOST, BROADCAST, MULTICAST, OTHERHOST, OUTGOING or LOOPBACK: who the packet was sent to.
 *
 *   ... -> SetPacketType(HOST) -> ...
 */
import { arg, type ElementClass, element, packetType, required } from "@clickos/click-core/element";

const types: ReadonlyMap<string, number> = new Map(
  Object.entries(packetType)
    .filter(([name]) => name !== "fastRoute")
    .map(([name, number]) => [name.toUpperCase(), number]),
);

export const SetPacketType: ElementClass = element({
  name: "SetPacketType",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { TYPE: required(arg.string) },
  prepare({ config, error }) {
    const type = types.get((config.TYPE ?? "").toUpperCase());
    if (type === undefined && config.TYPE !== undefined) error(`unrecognized packet type '${config.TYPE}'`);
    return { type: type ?? 0 };
  },
  action(_c, packet, { plan }) {
    packet.type.set(plan.type);
  },
});
