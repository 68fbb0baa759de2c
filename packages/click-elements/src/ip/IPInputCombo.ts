/**
 * IPInputCombo(COLOR [, BADSRC, keywords INTERFACES, BADSRC, GOODDST]) — what an IP router does with frames that come in.
 *
 * Paints packets with COLOR, takes the 14 bytes of an Ethernet header off, checks the IP header, marks it, and sets the destination
 * address annotation: Paint, Strip, CheckIPHeader and GetIPAddress in one. BADSRC and INTERFACES say which sources are bad, GOODDST
 * and INTERFACES for which destinations that does not count, as for CheckIPHeader; a positional BADSRC has 0.0.0.0 and
 * 255.255.255.255 added. Bad packets are dropped, and the first one leaves a message.
 *
 * Handlers: drops (read).
 *
 *   FromDevice(0) -> IPInputCombo(1, INTERFACES 18.26.4.24/24) -> ...
 */
import { arg, type ElementClass, element, keyword, positional, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ethernet } from "@clickos/wire/ethernet";
import { paintByte } from "../lib/annotations.ts";
import { checkHeader, rulesOfInterfaces } from "../lib/check-ip-header.ts";
import { strip } from "../lib/strip.ts";

const addresses = arg.listOf(arg.ipAddress);

export const IPInputCombo: ElementClass = element({
  name: "IPInputCombo",
  ports: "1/1",
  processing: "a/a",
  config: {
    COLOR: required(arg.i32),
    "BADSRC*": positional<readonly number[] | undefined>(addresses, undefined),
    INTERFACES: keyword(arg.listOf(arg.ipAddressWithPrefix), []),
    BADSRC: keyword(addresses, []),
    GOODDST: keyword(addresses, []),
  },
  prepare({ config }) {
    const earlier = config["BADSRC*"];
    const interfaces = config.INTERFACES.length > 0 ? rulesOfInterfaces(config.INTERFACES) : { bad: [], good: [] };
    const bad = [...(earlier ? [...earlier, 0, 0xffffffff] : []), ...interfaces.bad, ...config.BADSRC];
    return { bad: [...new Set(bad)], good: [...new Set([...interfaces.good, ...config.GOODDST])] };
  },
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, { config, plan, state, line }) {
    packet.annotation8(paintByte).set(config.COLOR & 0xff);
    strip(c, packet, ethernet.size, line);
    c.if(checkHeader(c, packet, { ...plan, offset: 0, checksum: true }), () => {
      c.if(state.drops.get().eqz(), () => line().text("IP checksum failed").end());
      state.drops.inc();
      packet.drop("bad IP header");
    });
  },
});
