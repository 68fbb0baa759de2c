/**
 * ARPFaker(DSTIP, DSTETH, SRCIP, SRCETH) — sends an ARP response now and then.
 *
 * After a second, and every ten seconds from then on, it tells DSTIP at DSTETH that SRCIP is at SRCETH.
 *
 *   ARPFaker(10.0.0.2, 02:00:00:00:00:02, 10.0.0.1, 02:00:00:00:00:01) -> ToDevice(0);
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { arp, arpOperations } from "@clickos/wire/arp";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { dataOf, markLink } from "../lib/headers.ts";

const second = 1_000_000_000n;

export const ARPFaker: ElementClass = element({
  name: "ARPFaker",
  ports: "0/1",
  processing: "h/h",
  config: {
    DSTIP: required(arg.ipAddress),
    DSTETH: required(arg.etherAddress),
    SRCIP: required(arg.ipAddress),
    SRCETH: required(arg.etherAddress),
  },
  endless: () => true,
  init: (_c, { timer }) => timer.after(second),
  timer(_c, { config, packets, output, timer }) {
    packets.make(ethernet.size + arp.size, (response) => {
      const header = dataOf(response).header(ethernet, "stated");
      header.emit({ destination: config.DSTETH, source: config.SRCETH, etherType: etherTypes.arp });
      const answer = header.payload("stated").header(arp, "stated");
      answer.emit({
        operation: arpOperations.reply,
        senderHardware: config.SRCETH,
        senderProtocol: config.SRCIP,
        targetHardware: config.DSTETH,
        targetProtocol: config.DSTIP,
      });
      markLink(response, ethernet.size);
      output(0).push(response);
    });
    timer.after(10n * second);
  },
});
