/**
 * McastSocket(MCASTIP, MCASTPORT [, SOURCEIP, SOURCEPORT] [, keywords LOOP, SNAPLEN, TIMESTAMP, SNDBUF, RCVBUF, HEADROOM]) — packets
 * over UDP multicast.
 *
 * Packets that come in are sent to the group, and what others send to it leaves on the output. With SOURCEIP, packets are sent
 * from that address and SOURCEPORT (any port if it is 0), over the interface that has it, and those that come back are left out. Without,
 * the system chooses the interface, and the router gets its own packets unless LOOP is false; then nobody on this machine
 * gets them.
 *
 * SNAPLEN (2048) is the longest packet: a longer one is cut, and its extra length annotation says by how much. Packets get the
 * time at which they came as their timestamp, unless TIMESTAMP is false. SNDBUF and RCVBUF are sizes of the system's buffers.
 * HEADROOM changes nothing. A packet that cannot be sent is dropped, and told of; Click closes the socket. Runs in process only, not in a
 * virtual machine.
 *
 * Handlers: count, drops, port (read): the port that it sends from.
 *
 *   link :: McastSocket(239.0.0.0, 1234); ... -> link -> HostEtherFilter(2:2:2:2:2:2, DROP_OWN true) -> ...
 */
import {
  accepted,
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  keyword,
  positional,
  required,
} from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { multicastSocket } from "../host/sockets/multicast-socket.ts";
import { ReceivedDatagrams } from "../host/sockets/received.ts";
import { socketService } from "../host/sockets/service.ts";
import { sendAndReceive, sendPushed } from "../lib/socket-task.ts";

export const McastSocket: ElementClass = element({
  name: "McastSocket",
  ports: "0-1/0-1",
  processing: "a/h",
  flow: "x/y",
  config: {
    MCASTIP: required(arg.ipAddress),
    MCASTPORT: required(arg.port("udp")),
    SOURCEIP: positional(arg.ipAddress, 0),
    SOURCEPORT: positional(arg.port("udp"), 0),
    SNAPLEN: keyword(arg.i32, 2048),
    HEADROOM: accepted(arg.u32, "packets get more room when they need it"),
    TIMESTAMP: keyword(arg.bool, true),
    RCVBUF: keyword(arg.i32, -1),
    SNDBUF: keyword(arg.i32, -1),
    LOOP: keyword(arg.bool, true),
  },
  prepare({ config, error }) {
    if (config.SNAPLEN < 1) error("SNAPLEN must be at least 1");
  },
  state: { count: u64 },
  handlers: { count: { counter: "count" } },
  service({ config, host, name, noutputs }) {
    const received = new ReceivedDatagrams(config.SNAPLEN);
    return socketService(host, {
      say: (text) => host.chatter(`${name} :: McastSocket: ${text}`),
      open: (user) =>
        multicastSocket(
          {
            group: formatIpAddress(config.MCASTIP),
            port: config.MCASTPORT,
            source: config.SOURCEIP
              ? { address: formatIpAddress(config.SOURCEIP), port: config.SOURCEPORT }
              : undefined,
            loop: config.LOOP,
            sendBuffer: config.SNDBUF,
            receiveBuffer: config.RCVBUF,
            reads: noutputs > 0,
            received,
            now: () => (config.TIMESTAMP ? host.now() : 0n),
          },
          user,
        ),
      next: () => received.next(),
      unread: () => received.drops,
    });
  },
  task: (c, context) => sendAndReceive(c, context),
  push: (_c, _port, packet, context) => sendPushed(packet, context),
});
