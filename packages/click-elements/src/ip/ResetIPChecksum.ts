/**
 * ResetIPChecksum([L4]) — computes the header checksum of IP packets, and with L4 true that of TCP and UDP.
 *
 * FastClick's leaves the work to the network card; here there is none that would do it, and what goes out is the same. The IP header
 * must be marked. A packet whose header is incomplete is dropped; the first such packet leaves a message.
 *
 * Handlers: drops (read).
 *
 *   ... -> ResetIPChecksum(true) -> ToDevice(0)
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { u32 } from "@clickos/layout";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { setHeaderChecksum } from "../lib/ip-header.ts";
import { coveredAddresses, transportChecksum } from "../lib/transport-checksum.ts";

export const ResetIPChecksum: ElementClass = element({
  name: "ResetIPChecksum",
  ports: "1/1",
  processing: "a/a",
  config: { L4: positional(arg.bool, false) },
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, { config, state, line }) {
    const wrong = (): void => {
      c.if(state.drops.get().eqz(), () => line().text("ResetIPChecksum: bad input packet").end());
      state.drops.inc();
      packet.drop("bad IP header");
    };
    c.if(packet.network.eqz(), wrong);
    const ip = packet.ip.clip(wrong);
    const { payload } = ip.parts(wrong);
    setHeaderChecksum(c, ip);
    if (!config.L4) return;
    const protocol = ip.protocol.get();
    const compute = (number: number, sum: { get(): I32; set(value: I32 | number): void }): void => {
      sum.set(0);
      sum.set(transportChecksum(c, coveredAddresses(c, ip), number, payload));
    };
    c.if(ip.fragment.isSet().eqz(), () => {
      c.if(protocol.eq(ipProtocols.tcp).and(payload.has(tcp.size)), () =>
        compute(ipProtocols.tcp, payload.header(tcp, "stated").checksum.stored),
      );
      c.if(protocol.eq(ipProtocols.udp).and(payload.has(udp.size)), () =>
        compute(ipProtocols.udp, payload.header(udp, "stated").checksum.stored),
      );
    });
  },
});
