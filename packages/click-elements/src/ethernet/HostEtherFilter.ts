/**
 * HostEtherFilter(ETHER [, DROP_OWN, DROP_OTHER] [, keyword OFFSET]) — keeps frames that are not for this host away from it.
 *
 * Sets the packet type to HOST where the destination address is ETHER, to BROADCAST, MULTICAST or OTHERHOST otherwise. Frames for another
 * host leave on output 1, or are dropped where that is not connected, unless DROP_OTHER is false; so do frames from ETHER where DROP_OWN is
 * true, and frames that are too short. The Ethernet header is OFFSET bytes from the start of the packet, 0 by default.
 *
 * Handlers: ether (read, write).
 *
 *   FromDevice(0) -> HostEtherFilter(02:00:00:00:00:01) -> ...
 */
import {
  arg,
  type ElementClass,
  element,
  keyword,
  packetType,
  positional,
  required,
} from "@clickos/click-core/element";
import { storedBytes } from "@clickos/wire";
import { broadcastAddress, ethernet, isGroup } from "@clickos/wire/ethernet";
import { liveEther } from "../lib/ether-address.ts";
import { advanced, dataOf } from "../lib/headers.ts";

export const HostEtherFilter: ElementClass = element({
  name: "HostEtherFilter",
  ports: "1/1-2",
  processing: "a/ah",
  live: true,
  config: {
    ETHER: required(liveEther),
    DROP_OWN: positional(arg.bool, false),
    DROP_OTHER: positional(arg.bool, true),
    OFFSET: keyword(arg.u32, 0),
  },
  action(c, packet, { config, state, output }) {
    const refuse = (reason: string) => (): void => output(1).push(packet, reason);
    const header = advanced(
      dataOf(packet),
      config.OFFSET,
      ethernet.size,
      refuse("shorter than an Ethernet header"),
    ).header(ethernet, "stated");
    const own = state.ether.get();
    if (config.DROP_OWN) c.if(header.source.get().eq(own), refuse("from this host"));
    const to = header.destination.get();
    c.if(
      to.eq(own),
      () => packet.type.set(packetType.host),
      () =>
        c.if(
          isGroup(to),
          () => {
            const broadcast = to.eq(storedBytes(broadcastAddress));
            packet.type.set(c.select(broadcast, c.i32(packetType.broadcast), c.i32(packetType.multicast)));
          },
          () => {
            packet.type.set(packetType.otherHost);
            if (config.DROP_OTHER) refuse("for another host")();
          },
        ),
    );
  },
});
