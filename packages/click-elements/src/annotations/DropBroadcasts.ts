/**
 * DropBroadcasts — drops packets that came as link-level broadcasts or multicasts.
 *
 * Looks at the packet type, which FromDevice sets. Such packets leave on output 1 if that is connected and are dropped
 * otherwise; the first leaves a message.
 *
 * Handlers: drops (read).
 *
 *   FromDevice(0) -> Strip(14) -> CheckIPHeader -> DropBroadcasts -> ...
 */
import { type ElementClass, element, packetType } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";

export const DropBroadcasts: ElementClass = element({
  name: "DropBroadcasts",
  ports: "1/1-2",
  processing: "a/ah",
  state: { drops: u32 },
  handlers: { drops: { counter: "drops" } },
  action(c, packet, { state, output, line }) {
    const type = packet.type.get();
    c.if(type.eq(packetType.broadcast).or(type.eq(packetType.multicast)), () => {
      c.if(state.drops.get().eqz(), () => line().text("DropBroadcasts: dropped a packet").end());
      state.drops.inc();
      output(1).push(packet, "link-level broadcast");
    });
  },
});
