/** The element class that Socket, FromSocket and ToSocket are. */
import {
  type ElementClass,
  element,
  type HostService,
  type NamedElement,
  type ServiceContext,
} from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { datagramSocket } from "../host/sockets/datagram-socket.ts";
import { ReceivedDatagrams, ReceivedStream } from "../host/sockets/received.ts";
import { socketService } from "../host/sockets/service.ts";
import { streamSocket } from "../host/sockets/stream-socket.ts";
import { sendAndReceive, sendPushed } from "../lib/socket-task.ts";
import { readSocketPlan, type SocketConfig, type SocketPlan, socketConfig } from "./socket-arguments.ts";

export interface SocketClass {
  readonly name: string;
  readonly processing: string;
  /** Whether it is a former name. */
  readonly deprecated?: boolean;
}

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
      return makeService(className, context);
    },
    task: (c, context) => sendAndReceive(c, context),
    push: (_c, _port, packet, context) => sendPushed(packet, context),
  });
}

function makeService(
  className: string,
  { config, plan, host, name, noutputs }: ServiceContext<SocketConfig, SocketPlan>,
): HostService {
  const knows = (table: NamedElement | undefined, address: string): boolean =>
    table !== undefined && !host.router.read(`${table.name}.lookup`, address).startsWith("-");
  const common = {
    allows: (address: string) => knows(config.ALLOW, address) || !knows(config.DENY, address),
    say(text: string) {
      if (config.VERBOSE) host.chatter(`${name} :: ${className}: ${text}`);
    },
  };
  const reads = noutputs > 0;
  const now = (): bigint => (config.TIMESTAMP ? host.now() : 0n);
  if (plan.type === "UNIX_DGRAM") throw "socket: Node.js has no UNIX datagrams; use TYPE UNIX, or UDP on 127.0.0.1";
  if (plan.type === "UDP") {
    const received = new ReceivedDatagrams(config.SNAPLEN);
    const sizes = { sendBuffer: config.SNDBUF, receiveBuffer: config.RCVBUF };
    return socketService(host, {
      ...common,
      open: (user) => datagramSocket({ ...plan, ...sizes, local: plan.local, reads, received, now }, user),
      next: () => received.next(),
      unread: () => received.drops,
    });
  }
  const received = new ReceivedStream(config.SNAPLEN);
  const inet = "path" in plan ? undefined : plan;
  const place = "path" in plan ? { path: plan.path } : { host: plan.address, port: plan.port };
  const noDelay = config.NODELAY !== 0;
  return socketService(host, {
    ...common,
    open: (user) =>
      streamSocket({ place, client: plan.client, local: inet?.local, noDelay, reads, received, now }, user),
    next(socket) {
      socket.asked();
      return received.next();
    },
    unread: () => 0,
  });
}
