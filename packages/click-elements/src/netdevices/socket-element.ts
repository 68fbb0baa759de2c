/** The element class that Socket, FromSocket and ToSocket are. */
import {
  type ElementClass,
  element,
  type HostFrame,
  type HostService,
  type ServiceContext,
} from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { datagramSocket } from "../host/sockets/datagram-socket.ts";
import type { PacketSocket, SocketUser } from "../host/sockets/packet-socket.ts";
import { ReceivedDatagrams, ReceivedStream } from "../host/sockets/received.ts";
import { streamSocket } from "../host/sockets/stream-socket.ts";
import { sendAndReceive, sendPushed } from "../lib/socket-task.ts";
import { readSocketPlan, type SocketConfig, type SocketPlan, socketConfig } from "./socket-arguments.ts";

export interface SocketClass {
  readonly name: string;
  readonly processing: string;
  /** What stands in its place by now. */
  readonly deprecated?: boolean;
}

interface Opened {
  readonly socket: PacketSocket;
  next(): HostFrame | undefined;
  /** Packets that came and were lost. */
  unread(): number;
}

type Context = ServiceContext<SocketConfig, SocketPlan>;

export function socketElement({ name: className, processing, deprecated }: SocketClass): ElementClass {
  return element({
    name: className,
    ports: "0-1/0-1",
    processing,
    flow: "x/y",
    config: socketConfig,
    prepare: (context) => readSocketPlan(context),
    state: { count: u64 },
    handlers: { count: { counter: "count" } },
    service(context): HostService {
      if (deprecated) context.host.chatter(`warning: ${className} is deprecated, use Socket instead`);
      return socketService(className, context);
    },
    task: (c, context) => sendAndReceive(c, context),
    push: (_c, _port, packet, context) => sendPushed(packet, context),
  });
}

function socketService(className: string, { config, plan, host, name, noutputs }: Context): HostService {
  const drops = { lost: 0 };
  const allows = (address: string): boolean => {
    const found = (table: SocketConfig["ALLOW"]): boolean =>
      table !== undefined && !host.router.read(`${table.name}.lookup`, address).startsWith("-");
    return found(config.ALLOW) || !found(config.DENY);
  };
  const user: SocketUser = {
    schedule: () => host.schedule(),
    lost() {
      drops.lost++;
    },
    say(text) {
      if (config.VERBOSE) host.chatter(`${name} :: ${className}: ${text}`);
    },
    allows,
  };
  const now = (): bigint => (config.TIMESTAMP ? host.now() : 0n);
  const { socket, next, unread } = open();
  return {
    open: () => socket.open(),
    close: () => socket.close(),
    next,
    asked: () => (socket.ready() ? 1 : 0),
    packet(packet) {
      if (!socket.send(packet)) drops.lost++;
      return 0;
    },
    handlers: {
      drops: { kind: "counter", read: () => drops.lost + unread() },
      port: { read: () => socket.port() },
    },
  };

  function open(): Opened {
    const reads = noutputs > 0;
    if (plan.type === "UNIX_DGRAM") throw "socket: Node.js has no UNIX datagrams; use TYPE UNIX, or UDP on 127.0.0.1";
    if (plan.type === "UDP") {
      const received = new ReceivedDatagrams(config.SNAPLEN);
      const socket = datagramSocket(
        { ...plan, local: plan.local, sendBuffer: config.SNDBUF, receiveBuffer: config.RCVBUF, reads, received, now },
        user,
      );
      return { socket, next: () => received.next(), unread: () => received.drops };
    }
    const received = new ReceivedStream(config.SNAPLEN);
    const socket = streamSocket(
      {
        place: "path" in plan ? { path: plan.path } : { host: plan.address, port: plan.port },
        client: plan.client,
        local: "path" in plan ? undefined : plan.local,
        noDelay: config.NODELAY !== 0,
        reads,
        received,
        now,
      },
      user,
    );
    return {
      socket,
      next() {
        socket.asked();
        return received.next();
      },
      unread: () => 0,
    };
  }
}
