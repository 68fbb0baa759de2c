/**
 * Frames in datagrams: as they are, which is what QEMU's `-netdev dgram` sends over UDP, or behind a VXLAN header (RFC 7348).
 *
 * Only datagrams of the peer that was named are taken. Frames that leave are copied to one of 256 places, each used again when the
 * system has sent it; while all are under way there is no room.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { copyFrame, FrameMemory, longestFrame } from "@clickos/vale";
import { type Attachment, type Endpoint, endpointText } from "./attachment.ts";
import { DropCounts, reasons } from "./drop-counts.ts";
import { NetdevError } from "./error.ts";
import { Inbox } from "./inbox.ts";

/** What stands before a frame. */
export interface Encapsulation {
  readonly header: Uint8Array;
  /** Why a datagram is none of ours; `undefined` where it is. */
  refuses(datagram: Uint8Array): string | undefined;
  /** Whether the peer may send from any port. */
  readonly anyPort: boolean;
}

export interface DatagramOptions {
  /** The port's name. */
  readonly name?: string | undefined;
  /** Where this end receives; any address and port by default. */
  readonly local?: Partial<Endpoint> | undefined;
  /** Bytes behind the Ethernet header, up to 9,000; frames of 2,032 bytes at most without it. */
  readonly mtu?: number | undefined;
}

export interface DatagramPort extends Attachment {
  /** Where it receives: with the port that the system chose for 0. */
  readonly local: Endpoint;
}

const places = 256;
/** Bytes that wait in the kernel, where it allows so many. */
const kernelQueue = 4 << 20;

/** Opens a port to a peer. @throws {NetdevError} @throws {RangeError} for an MTU that is none. */
export async function openDatagrams(
  peer: Endpoint,
  encapsulation: Encapsulation,
  options: DatagramOptions = {},
): Promise<DatagramPort> {
  const frameLimit = longestFrame(options.mtu);
  const address = await numeric(peer.host);
  const version = isIP(address);
  const socket = createSocket({
    type: version === 6 ? "udp6" : "udp4",
    // It is an address already.
    lookup: (host, _options, callback) => callback(null, host, version),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address: options.local?.host, port: options.local?.port ?? 0 }, resolve);
    });
  } catch (cause) {
    socket.close();
    throw cannotBind(options.local, cause as NodeJS.ErrnoException);
  }
  try {
    socket.setRecvBufferSize(kernelQueue);
    socket.setSendBufferSize(kernelQueue);
  } catch {
    // What the system has will do.
  }
  const name = options.name ?? endpointText(peer);
  return datagramPort({ socket, name, peer: { host: address, port: peer.port }, encapsulation, frameLimit });
}

async function numeric(host: string): Promise<string> {
  if (isIP(host)) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new NetdevError("NO_DEVICE", `no address of ${host} is known`, { cause });
  }
}

function cannotBind(local: Partial<Endpoint> | undefined, cause: NodeJS.ErrnoException): NetdevError {
  const where = endpointText({ host: local?.host ?? "*", port: local?.port ?? 0 });
  if (cause.code === "EADDRINUSE")
    return new NetdevError("IN_USE", `cannot receive at ${where}: another program does`, { cause });
  if (cause.code === "EADDRNOTAVAIL")
    return new NetdevError("NO_DEVICE", `cannot receive at ${where}: this machine has no such address`, { cause });
  return new NetdevError("SYSTEM", `cannot receive at ${where}: ${cause.code ?? cause.message}`, { cause });
}

interface Wiring {
  readonly socket: Socket;
  readonly name: string;
  readonly peer: Endpoint;
  readonly encapsulation: Encapsulation;
  readonly frameLimit: number;
}

function datagramPort({ socket, name, peer, encapsulation, frameLimit }: Wiring): DatagramPort {
  const { header } = encapsulation;
  const drops = new DropCounts();
  const inbox = new Inbox(frameLimit);
  const stride = (header.length + frameLimit + 127) & -64;
  const memory = new FrameMemory(new ArrayBuffer(places * stride));
  /** A frame begins on a multiple of 16, behind its header. */
  const frameAt = (header.length + 15) & -16;
  const unused = Int32Array.from({ length: places }, (_, i) => i);
  let unusedCount = places;
  const sent = Array.from({ length: places }, (_, place) => (e: Error | null) => {
    unused[unusedCount++] = place;
    if (e) drops.add(`sending: ${(e as NodeJS.ErrnoException).code ?? e.message}`);
  });
  for (let i = 0; i < places; i++) memory.bytes.set(header, i * stride + frameAt - header.length);
  let open = true;
  socket.on("error", (e: NodeJS.ErrnoException) => drops.add(`receiving: ${e.code ?? e.message}`));
  socket.on("message", (datagram: Uint8Array, from: RemoteInfo) => {
    if (from.address !== peer.host || (from.port !== peer.port && !encapsulation.anyPort)) {
      drops.add(reasons.stranger);
      return;
    }
    const refused = encapsulation.refuses(datagram);
    if (refused !== undefined) drops.add(refused);
    else if (datagram.length - header.length > frameLimit) drops.add(reasons.tooLong);
    else if (!inbox.fits(datagram.length - header.length)) drops.add(reasons.full);
    else {
      inbox.put(header.length === 0 ? datagram : datagram.subarray(header.length));
      inbox.wake();
    }
  });
  const { address: host, port } = socket.address();
  return {
    name,
    frameLimit,
    local: { host, port },
    drops: drops.counts,
    poll: () => (open ? inbox.poll() : null),
    release: () => inbox.release(),
    deliver(batch, list, count) {
      if (!open) return 0;
      for (let k = 0; k < count; k++) {
        if (unusedCount === 0) return k;
        const i = list[k] as number;
        const place = unused[--unusedCount] as number;
        const at = place * stride + frameAt;
        copyFrame(batch, i, memory, at);
        const length = header.length + (batch.lengths[i] as number);
        socket.send(memory.bytes, at - header.length, length, peer.port, peer.host, sent[place]);
      }
      return count;
    },
    flush() {},
    onReady: (listener) => inbox.onReady(listener),
    detached() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}
