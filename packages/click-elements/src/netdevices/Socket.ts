/**
 * Socket(TYPE, ADDRESS, PORT [, keywords CLIENT, FRAME, SNAPLEN, NODELAY, TIMESTAMP, VERBOSE]) — packets over a
 * socket: Socket(TCP|UDP, ADDRESS, PORT), Socket(UNIX, FILE).
 *
 * Packets that come in are sent; what is received leaves on the output. A client (CLIENT true) connects; others
 * listen, to one peer at a time, and answer it. Over TCP and UNIX sockets each packet has its length before it, in
 * four bytes, network order, that count too; with FRAME false it has not, and packets are cut as data comes.
 * SNAPLEN (2048) is the longest packet. Runs in process only, not in a virtual machine.
 *
 * Handlers: count, drops, port (read).
 *
 *   FromDump(in.pcap) -> Socket(UDP, 127.0.0.1, 9000, CLIENT true)
 */
import { createSocket, type RemoteInfo } from "node:dgram";
import { type AddressInfo, connect, createServer, type Socket as NetSocket } from "node:net";
import {
  accepted,
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  type HostFrame,
  keyword,
  maximumFrame,
  maximumLargeFrame,
  positional,
  readText,
  required,
} from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { systemReason } from "@clickos/pcap/node";
import { listenUnix } from "@clickos/unix-socket/node";
import { unixPathProblem } from "../host/unix-path.ts";
import { pullTask } from "../lib/pull-task.ts";

/** Received frames that may wait for the router; more are dropped, or, on a stream, not read. */
const maximumWaiting = 1024;
/** Bytes that may wait for the peer. */
const maximumBacklog = 4 << 20;

export const Socket: ElementClass = element({
  name: "Socket",
  ports: "0-1/0-1",
  processing: "a/h",
  flow: "x/y",
  config: {
    TYPE: required(arg.choice("TCP", "UDP", "UNIX")),
    ADDRESS: required(arg.string),
    PORT: positional(arg.u16, 0),
    CLIENT: keyword(arg.bool, false),
    FRAME: keyword(arg.bool, true),
    SNAPLEN: keyword(arg.u32, 2048),
    NODELAY: keyword(arg.bool, true),
    TIMESTAMP: keyword(arg.bool, true),
    HEADROOM: accepted(arg.u32, "packets get more room when they need it"),
    VERBOSE: keyword(arg.bool, false),
  },
  prepare({ config, error, scope }) {
    if (config.SNAPLEN < 1) error("SNAPLEN must be at least 1");
    if (config.TYPE === "UNIX") {
      const problem = unixPathProblem(config.ADDRESS);
      if (problem) error(problem, 1);
      return { address: config.ADDRESS };
    }
    const address = readText(arg.ipAddress, config.ADDRESS, scope);
    if (typeof address === "number") return { address: formatIpAddress(address) };
    if (config.ADDRESS !== "localhost") error(`ADDRESS: ${address.message}`, 1);
    return { address: "127.0.0.1" };
  },
  state: { count: u64 },
  handlers: { count: { counter: "count" } },
  service({ config, plan, host, name }) {
    const frames: HostFrame[] = [];
    let drops = 0;
    let problem: string | undefined;
    const limit = Math.min(config.SNAPLEN, maximumLargeFrame);
    const received = (frame: Uint8Array): void => {
      if (frame.length > limit || frames.length >= maximumWaiting) drops++;
      else frames.push({ frame, timestampNs: config.TIMESTAMP ? host.now() : 0n });
      host.schedule();
    };
    const failed = (e: Error, message?: string): void => {
      problem = message ?? `${config.ADDRESS}${config.PORT ? `:${config.PORT}` : ""}: ${systemReason(e)}`;
      host.chatter(`${name}: ${problem}`);
    };
    const say = (text: string): void => {
      if (config.VERBOSE) host.chatter(`${name}: ${text}`);
    };
    const line = config.TYPE === "UDP" ? datagrams() : streams();
    return {
      start: line.start,
      close: line.close,
      problem: () => problem,
      next: () => {
        const frame = frames.shift();
        line.taken();
        return frame;
      },
      packet(packet) {
        if (!line.send(packet.data)) drops++;
        return 0;
      },
      handlers: { drops: { read: () => drops }, port: { read: () => line.port() } },
    };

    function datagrams() {
      const socket = createSocket("udp4");
      let peer: Pick<RemoteInfo, "address" | "port"> | undefined = config.CLIENT
        ? { address: plan.address, port: config.PORT }
        : undefined;
      socket.on("error", (e) => failed(e));
      socket.on("message", (message, from) => {
        if (!config.CLIENT) peer = from;
        received(message);
      });
      return {
        start: () => void (config.CLIENT ? socket.bind() : socket.bind(config.PORT, plan.address)),
        close: () => void socket.close(),
        taken() {},
        port: () => (socket.address() as AddressInfo).port,
        send(data: Uint8Array) {
          if (!peer || socket.getSendQueueSize() > maximumBacklog) return false;
          socket.send(data.slice(), peer.port, peer.address);
          return true;
        },
      };
    }

    function streams() {
      let peer: NetSocket | undefined;
      let closed = false;
      const attach = (socket: NetSocket): void => {
        if (peer) {
          socket.destroy();
          return;
        }
        peer = socket;
        say("connected");
        if (config.TYPE === "TCP") socket.setNoDelay(config.NODELAY);
        let buffered = Buffer.alloc(0);
        socket.on("data", (chunk) => {
          if (!config.FRAME) {
            for (let at = 0; at < chunk.length; at += limit) received(Uint8Array.from(chunk.subarray(at, at + limit)));
          } else {
            buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
            while (buffered.length >= 4) {
              const length = buffered.readUInt32BE(0);
              if (length < 4 || length > 65540) {
                host.chatter(`${name}: a frame of ${length} bytes: not the framing of this element; closing`);
                socket.destroy();
                return;
              }
              if (buffered.length < length) break;
              received(Uint8Array.from(buffered.subarray(4, length)));
              buffered = buffered.subarray(length);
            }
          }
          if (frames.length >= maximumWaiting / 2) socket.pause();
        });
        socket.on("error", (e) => failed(e));
        socket.on("close", () => {
          if (peer === socket) peer = undefined;
          say("disconnected");
        });
      };
      const where = config.TYPE === "UNIX" ? { path: plan.address } : { host: plan.address, port: config.PORT };
      const server = config.CLIENT ? undefined : createServer(attach);
      server?.on("error", (e) => failed(e));
      return {
        start() {
          if (!server) attach(connect(where));
          else if ("path" in where)
            listenUnix(server, where.path).then(
              () => closed && server.close(),
              (e: Error) => failed(e, e.message),
            );
          else server.listen(where);
        },
        close() {
          // What was sent goes out first.
          closed = true;
          peer?.end();
          peer?.unref();
          server?.close();
        },
        taken() {
          if (peer?.isPaused() && frames.length < maximumWaiting / 4) peer.resume();
        },
        port: () => (server?.address() as AddressInfo | null)?.port ?? config.PORT,
        send(data: Uint8Array) {
          if (!peer || peer.writableLength > maximumBacklog) return false;
          if (config.FRAME) {
            const header = Buffer.alloc(4);
            header.writeUInt32BE(data.length + 4);
            peer.write(Buffer.concat([header, data]));
          } else peer.write(data.slice());
          return true;
        },
      };
    }
  },
  task(c, { packets, service, output, input, inputIsPush, ninputs, noutputs, task, state }) {
    const worked = c.var("i32", 0, "worked");
    const pulls = ninputs > 0 && !inputIsPush(0);
    if (pulls)
      worked.set(
        pullTask(c, 32, input(0), (packet) => {
          state.count.inc();
          service.give(packet);
          packet.kill();
        }),
      );
    if (noutputs > 0)
      packets.make(0, (packet) => {
        const length = service.fill(packet, maximumFrame);
        c.if(length.ltS(0), () => packet.kill());
        worked.set(1);
        packets.room(packet, { tail: length }, (packet) => {
          c.if(length.gtU(maximumFrame), () => service.refill(packet));
          packet.setLength(length);
          output(0).push(packet);
        });
      });
    if (!pulls) c.if(worked.get().eqz(), () => task.unschedule());
    return worked.get();
  },
  push(_c, _port, packet, { service, state }) {
    state.count.inc();
    service.give(packet);
    packet.kill();
  },
});
