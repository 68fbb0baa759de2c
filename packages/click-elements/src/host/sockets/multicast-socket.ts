/** UDP to and from a multicast group: a socket that listens to the group, and one that sends to it. */
import { createSocket } from "node:dgram";
import { systemReason } from "@clickos/pcap/node";
import { bound, setBuffers, udp } from "./datagram-socket.ts";
import { failure, maximumBacklog, type PacketSocket, pulledBacklog, type SocketUser } from "./packet-socket.ts";
import type { ReceivedDatagrams } from "./received.ts";

export interface MulticastOptions {
  readonly group: string;
  readonly port: number;
  /** The address and port of the sender, whose interface is used; where it is not given, the system chooses. */
  readonly source: { readonly address: string; readonly port: number } | undefined;
  /** Whether this machine gets what is sent. */
  readonly loop: boolean;
  readonly sendBuffer: number;
  readonly receiveBuffer: number;
  readonly reads: boolean;
  readonly received: ReceivedDatagrams;
  now(): bigint;
}

export function multicastSocket(options: MulticastOptions, user: SocketUser): PacketSocket {
  const { group, port, source, received } = options;
  const receiver = createSocket({ ...udp, reuseAddr: true });
  const sender = createSocket(udp);
  let state: "new" | "open" | "closed" = "new";
  let own = 0;
  /** Something could not be sent, and nothing was since. */
  let fails = false;

  const unexpected = (e: Error): void => {
    if (state === "open") user.say(systemReason(e));
  };
  receiver.on("error", unexpected);
  sender.on("error", unexpected);
  receiver.on("message", (message, from) => {
    if (!options.reads || (source && from.address === source.address && from.port === own)) return;
    received.add(message, options.now());
    user.schedule();
  });
  const sent = (e: Error | null): void => {
    if (state === "closed") return;
    if (e) {
      user.lost();
      if (!fails) user.say(systemReason(e));
    }
    fails = e !== null;
    user.schedule();
  };
  const setOption = (name: string, set: () => void): void => {
    try {
      set();
    } catch (e) {
      throw failure(`setsockopt(${name})`, e);
    }
  };

  return {
    async open() {
      await bound(receiver, port, group);
      if (state !== "closed") await bound(sender, source?.port ?? 0, source?.address);
      if (state === "closed") return;
      setBuffers(sender, { send: options.sendBuffer, receive: -1 });
      setBuffers(receiver, { send: -1, receive: options.receiveBuffer });
      if (source) setOption("IP_MULTICAST_IF", () => sender.setMulticastInterface(source.address));
      setOption("IP_ADD_MEMBERSHIP", () => receiver.addMembership(group, source?.address));
      setOption("IP_MULTICAST_LOOP", () => sender.setMulticastLoopback(options.loop));
      own = sender.address().port;
      state = "open";
    },
    close() {
      state = "closed";
      receiver.close();
      sender.close();
    },
    ready: () => state === "open" && sender.getSendQueueSize() < pulledBacklog,
    send({ data }) {
      if (state !== "open" || sender.getSendQueueSize() > maximumBacklog) return false;
      sender.send(data.slice(), port, group, sent);
      return true;
    },
    port: () => own,
  };
}
