/**
 * EtherRewrite(SRC, DST) — gives frames other Ethernet addresses.
 *
 * The addresses are those at the MAC header mark, or at the start of the packet where there is no mark. A packet that is shorter than
 * an Ethernet header there is dropped.
 *
 * Handlers: src, dst (read, write).
 *
 *   FromDevice(0) -> EtherRewrite(02:00:00:00:00:01, 02:00:00:00:00:02) -> ToDevice(1);
 */
import { type ElementClass, element, required } from "@clickos/click-core/element";
import { ethernet } from "@clickos/wire/ethernet";
import { liveEther } from "../lib/ether-address.ts";
import { linkOf } from "../lib/headers.ts";

export const EtherRewrite: ElementClass = element({
  name: "EtherRewrite",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { SRC: required(liveEther), DST: required(liveEther) },
  action(_c, packet, { state }) {
    const header = linkOf(packet).header(ethernet, () => packet.drop("shorter than an Ethernet header"));
    header.destination.set(state.dst.get());
    header.source.set(state.src.get());
  },
});
