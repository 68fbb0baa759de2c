/**
 * SetUDPChecksum — computes the checksum of UDP packets.
 *
 * Expects marked IP headers. Fragments, and packets that end before their datagrams do, leave on output 1 if it is connected and are
 * dropped otherwise; the first of them leaves a message.
 *
 *   ... -> SetUDPChecksum -> SetIPChecksum -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { span } from "@clickos/wire";
import { udp } from "@clickos/wire/udp";
import { coveredAddresses, transportChecksum } from "../lib/transport-checksum.ts";

export const SetUDPChecksum: ElementClass = element({
  name: "SetUDPChecksum",
  ports: "1/1-2",
  processing: "a/ah",
  state: { told: u32 },
  action(c, packet, { state, output, line, name }) {
    const wrong = (): void => {
      if (!output(1).connected)
        c.if(state.told.get().eqz(), () => {
          state.told.set(1);
          line().text(`${name} :: SetUDPChecksum: fragment or short packet`).end();
        });
      output(1).push(packet, "fragment or short packet");
    };
    c.if(packet.network.eqz(), wrong);
    const { ip } = packet;
    c.if(ip.fragment.isSet(), wrong);
    const payload = ip.payload(wrong);
    const header = payload.header(udp, wrong);
    const length = header.length.get();
    c.if(length.gtU(payload.length), wrong);
    header.checksum.set(0);
    const datagram = span(c, header.address, length);
    header.checksum.stored.set(transportChecksum(c, coveredAddresses(c, ip), ip.protocol.get(), datagram));
  },
});
