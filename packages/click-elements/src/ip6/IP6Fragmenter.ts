/**
 * IP6Fragmenter(MTU) — passes packets of at most MTU bytes.
 *
 * IPv6 routers do not fragment: longer packets are dropped.
 *
 * Handlers: drops, fragments (read), which stay 0 as in Click.
 *
 *   ... -> IP6Fragmenter(1500) -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const IP6Fragmenter: ElementClass = element({
  name: "IP6Fragmenter",
  ports: "1/1-2",
  processing: "h/h",
  config: { MTU: required(arg.u32) },
  handlers: { drops: { constant: () => 0 }, fragments: { constant: () => 0 } },
  push(c, _port, packet, { config, output }) {
    c.if(packet.length.leU(config.MTU), () => output(0).push(packet));
    packet.drop("longer than MTU");
  },
});
