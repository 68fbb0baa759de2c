/**
 * SetIPChecksum — computes the header checksum of IP packets.
 *
 * The header is the marked one, or starts at the packet's first byte where none is marked. A packet whose header is
 * incomplete, or says that it is shorter than 20 bytes, is dropped; the first such packet leaves a message. Elements that change an IP
 * header keep its checksum right by themselves: this one is for packets that something else has changed.
 *
 * Handlers: drops (read).
 *
 *   ... -> SetIPChecksum -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { span } from "@clickos/wire";
import { ipv4 } from "@clickos/wire/ipv4";
import { setHeaderChecksum } from "../lib/ip-header.ts";

export const SetIPChecksum: ElementClass = element({
  name: "SetIPChecksum",
  ports: "1/1",
  processing: "a/a",
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, { state, line }) {
    const { network, data } = packet;
    const start = c.select(network, network, data);
    const wrong = (): void => {
      c.if(state.drops.get().eqz(), () => line().text("SetIPChecksum: bad input packet").end());
      state.drops.inc();
      packet.drop("bad IP header");
    };
    const ip = span(c, start, data.add(packet.length).sub(start)).header(ipv4, wrong);
    ip.parts(wrong);
    setHeaderChecksum(c, ip);
  },
});
