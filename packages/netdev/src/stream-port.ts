/**
 * QEMU's `-netdev stream`: frames on a UNIX or TCP connection, of which either end may be the one that listens.
 *
 * An end that connects goes on trying, every 100 ms at first and every 2 s later. One that listens has one peer at a time; when
 * that has gone, the next may come. Frames for nobody are dropped and counted. A peer that reads nothing fills 2 MiB, then
 * there is no room; one that sends faster than the switch takes is not read meanwhile. A peer that sends anything else than
 * frames loses its connection.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { listenUnix, UnixSocketError } from "@clickos/unix-socket/node";
import { longestFrame } from "@clickos/vale";
import { type Attachment, type Endpoint, endpointText } from "./attachment.ts";
import { DropCounts, reasons } from "./drop-counts.ts";
import { NetdevError } from "./error.ts";
import { Inbox } from "./inbox.ts";
import { StreamFrames, StreamWriter } from "./stream-frames.ts";

/** A UNIX socket's path, or an address and a port. */
export type StreamPlace = { readonly path: string } | Endpoint;

export interface StreamOptions {
  /** The port's name; that of the place by default. */
  readonly name?: string | undefined;
  /** Whether this end listens; it connects otherwise. */
  readonly listen?: boolean | undefined;
  /** Bytes behind the Ethernet header, up to 9,000; frames of 2,032 bytes at most without it. */
  readonly mtu?: number | undefined;
}

export interface StreamPort extends Attachment {
  /** Where this end listens: with the port that the system chose for 0. */
  readonly place: StreamPlace;
}

const firstPauseMs = 100;
const longestPauseMs = 2000;

const textOf = (place: StreamPlace): string => ("path" in place ? place.path : endpointText(place));

/**
 * A port on a stream. One that connects is there at once, whether there is a peer or not.
 *
 * @throws {NetdevError} where it cannot listen. @throws {RangeError} for an MTU that is none.
 */
export async function openStream(place: StreamPlace, options: StreamOptions = {}): Promise<StreamPort> {
  const line = new StreamLine(place, options);
  if (options.listen) await line.listen();
  else line.connect();
  return line;
}

class StreamLine implements StreamPort {
  readonly name: string;
  readonly frameLimit: number;
  place: StreamPlace;
  problem: string | undefined;
  readonly drops: Readonly<Record<string, number>>;
  private readonly counts = new DropCounts();
  private readonly inbox: Inbox;
  private readonly frames: StreamFrames;
  private readonly writer: StreamWriter;
  private peer: Socket | undefined;
  private server: Server | undefined;
  private closed = false;
  private pauseMs = firstPauseMs;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(place: StreamPlace, { name, mtu }: StreamOptions) {
    this.place = place;
    this.name = name ?? textOf(place);
    this.frameLimit = longestFrame(mtu);
    this.drops = this.counts.counts;
    this.inbox = new Inbox(this.frameLimit);
    this.frames = new StreamFrames(this.inbox, this.frameLimit, this.counts);
    this.writer = new StreamWriter((bytes, done) => {
      if (this.peer) this.peer.write(bytes, done);
      else done();
    });
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => {
      if (this.peer || this.closed) socket.destroy();
      else this.attach(socket);
    });
    const { place } = this;
    try {
      if ("path" in place) await listenUnix(server, place.path);
      else
        await new Promise<void>((resolve, reject) => {
          server.once("error", reject);
          server.listen({ host: place.host, port: place.port }, resolve);
        });
    } catch (cause) {
      throw new NetdevError(...refusal(textOf(place), cause as Error), { cause });
    }
    server.on("error", (e) => {
      this.problem = e.message;
    });
    const bound = server.address();
    if (bound && typeof bound === "object" && !("path" in place)) this.place = { host: place.host, port: bound.port };
    this.server = server;
    this.problem = `nobody is connected to ${textOf(this.place)}`;
  }

  connect(): void {
    const { place } = this;
    const socket = connect("path" in place ? { path: place.path } : { host: place.host, port: place.port });
    this.problem = `not connected to ${textOf(place)} yet`;
    socket.once("connect", () => {
      this.pauseMs = firstPauseMs;
      this.attach(socket);
    });
    socket.on("error", (e: NodeJS.ErrnoException) => {
      this.problem = `cannot connect to ${textOf(place)}: ${e.code ?? e.message}`;
    });
    socket.once("close", () => {
      if (this.closed) return;
      this.timer = setTimeout(() => this.connect(), this.pauseMs);
      this.pauseMs = Math.min(longestPauseMs, this.pauseMs * 2);
    });
    if (this.closed) socket.destroy();
    else this.connecting = socket;
  }
  private connecting: Socket | undefined;

  private attach(socket: Socket): void {
    this.peer = socket;
    this.problem = undefined;
    if (!("path" in this.place)) socket.setNoDelay(true).setKeepAlive(true, 10_000);
    socket.on("data", (bytes) => {
      if (!this.frames.accept(bytes)) socket.destroy();
      else if (this.frames.waits) socket.pause();
    });
    socket.on("error", () => {});
    socket.once("close", () => {
      if (this.peer !== socket) return;
      this.peer = undefined;
      this.problem = `nobody is connected to ${textOf(this.place)}`;
      this.frames.reset();
    });
  }

  poll(): ReturnType<Inbox["poll"]> {
    return this.closed ? null : this.inbox.poll();
  }
  release(): void {
    this.inbox.release();
    const { peer, frames } = this;
    if (!frames.waits) return;
    if (!frames.resume()) peer?.destroy();
    else if (!frames.waits) peer?.resume();
  }
  deliver(...[batch, list, count]: Parameters<Attachment["deliver"]>): number {
    if (!this.peer) {
      this.counts.add(reasons.unconnected, count);
      return count;
    }
    for (let k = 0; k < count; k++) if (!this.writer.put(batch, list[k] as number)) return k;
    return count;
  }
  flush(): void {
    this.writer.flush();
  }
  onReady(listener: () => void): () => void {
    return this.inbox.onReady(listener);
  }
  detached(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.connecting?.destroy();
    this.peer?.destroy();
    this.server?.close();
  }
}

function refusal(where: string, e: Error): [NetdevError["code"], string] {
  if (e instanceof UnixSocketError) return [e.code === "IN_USE" ? "IN_USE" : "SYSTEM", e.message];
  const { code } = e as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return ["IN_USE", `cannot listen on ${where}: another program does`];
  if (code === "EACCES")
    return ["NO_PERMISSION", `cannot listen on ${where}: not permitted; choose a port from 1024 on`];
  if (code === "EADDRNOTAVAIL") return ["NO_DEVICE", `cannot listen on ${where}: this machine has no such address`];
  return ["SYSTEM", `cannot listen on ${where}: ${code ?? e.message}`];
}
