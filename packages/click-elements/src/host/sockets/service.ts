/** The host side of an element that is a socket. */
import type { HostFrame, HostService, ServiceHost } from "@clickos/click-core/element";
import type { PacketSocket, SocketUser } from "./packet-socket.ts";

export interface SocketSide<S extends PacketSocket> {
  /** Makes the socket, which is opened once the elements are there. */
  open(user: SocketUser): S;
  /** Says something of the socket's. */
  say(text: string): void;
  /** Whether an IP address may talk to it; all may when absent. */
  allows?(address: string): boolean;
  /** The next packet that was received. */
  next(socket: S): HostFrame | undefined;
  /** How many packets came and were lost. */
  unread(): number;
}

export function socketService<S extends PacketSocket>(
  host: Pick<ServiceHost, "schedule">,
  side: SocketSide<S>,
): HostService {
  let lost = 0;
  const socket = side.open({
    schedule: () => host.schedule(),
    lost() {
      lost++;
    },
    say: side.say,
    allows: (address) => side.allows?.(address) ?? true,
  });
  return {
    open: () => socket.open(),
    close: () => socket.close(),
    next: () => side.next(socket),
    asked: () => (socket.ready() ? 1 : 0),
    packet(packet) {
      if (!socket.send(packet)) lost++;
      return 0;
    },
    handlers: {
      drops: { kind: "counter", read: () => lost + side.unread() },
      port: { read: () => socket.port() },
    },
  };
}
