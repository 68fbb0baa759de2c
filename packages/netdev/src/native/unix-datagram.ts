/**
 * Frames as datagrams of UNIX sockets: QEMU's `-netdev dgram` with `local.type=unix` and `remote.type=unix`. Each end has a socket at a
 * path of its own and sends to the path of the other, so that either may be there first, and come again (unix(7)).
 *
 * The socket is its owner's: whoever may not write to the file sends nothing. Frames for nobody are dropped and counted; while the peer's
 * queue is full there is no room.
 */
import { lstatSync, unlinkSync } from "node:fs";
import { longestFrame } from "@clickos/vale";
import type { Attachment } from "../attachment.ts";
import { DropCounts, reasons } from "../drop-counts.ts";
import { NetdevError } from "../error.ts";
import { type FrameChannel, kernelPort } from "./kernel-port.ts";
import { errno, errnoName, type Libc, libc } from "./libc.ts";
import { iovec, msghdr, part, pointer } from "./message.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** `sun_path`, with the zero at the end; the family is before it. */
const pathBytes = 108;
const pathAt = 2;
const ownerAlone = 0o177;

export interface UnixDatagramOptions {
  /** Where this end receives. */
  readonly local: string;
  /** The port's name; the peer's path by default. */
  readonly name?: string | undefined;
  /** Bytes behind the Ethernet header, up to 9,000; frames of 2,032 bytes at most without it. */
  readonly mtu?: number | undefined;
}

/**
 * Opens a port to the peer whose socket is at a path, whether there is one yet or not.
 *
 * @throws {NetdevError} that says what to do. @throws {RangeError} for an MTU that is none.
 */
export function openUnixDatagrams(peer: string, { local, name = peer, mtu }: UnixDatagramOptions): Attachment {
  const frameLimit = longestFrame(mtu);
  const [from, to] = [socketAddress(local), socketAddress(peer)];
  const c = libc();
  const fd = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new NetdevError("SYSTEM", `cannot make a UNIX socket: ${errnoName(c.errno())}`);
  try {
    removeDead(c, local, from);
    bind(c, fd, local, from);
  } catch (e) {
    c.close(fd);
    throw e;
  }
  const { ino, dev } = lstatSync(local);
  const drops = new DropCounts();
  const channel = new DatagramChannel(c, fd, to, drops);
  return kernelPort(channel, {
    name,
    frameLimit,
    drops,
    // A sender that finds no room waits, or is told: nothing is lost in between.
    kernelDrops: () => 0,
    problem: () => (channel.refused ? `nobody receives at ${peer}` : undefined),
    closed: () => {
      const now = lstatSync(local, { throwIfNoEntry: false });
      if (now?.ino === ino && now.dev === dev) unlinkSync(local);
    },
  });
}

/** struct sockaddr_un. @throws {NetdevError} */
function socketAddress(path: string): DataView {
  const bytes = Buffer.from(path);
  if (bytes.length === 0 || bytes.length >= pathBytes || bytes.includes(0))
    throw new NetdevError(
      "BAD_SPECIFICATION",
      `'${path}' is no socket's path: 1 to ${pathBytes - 1} bytes, none of them zero`,
    );
  const address = new DataView(new ArrayBuffer(pathAt + bytes.length + 1));
  address.setUint16(0, AF_UNIX, true);
  new Uint8Array(address.buffer).set(bytes, pathAt);
  return address;
}

/** Removes a socket that nobody receives at. @throws {NetdevError} when anything else is at the path. */
function removeDead(c: Libc, path: string, address: DataView): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket())
    throw new NetdevError("IN_USE", `cannot receive at ${path}: a file is there that is no socket`);
  const probe = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const isDead = c.connect(probe, c.addressOf(address), address.byteLength) < 0 && c.errno() === errno.ECONNREFUSED;
  c.close(probe);
  if (!isDead) throw inUse(path);
  unlinkSync(path);
}

function bind(c: Libc, fd: number, path: string, address: DataView): void {
  const before = process.umask(ownerAlone);
  const result = c.bind(fd, c.addressOf(address), address.byteLength);
  const number = c.errno();
  process.umask(before);
  if (result >= 0) return;
  if (number === errno.EADDRINUSE) throw inUse(path);
  if (number === errno.EACCES || number === errno.EPERM)
    throw new NetdevError("NO_PERMISSION", `cannot receive at ${path}: the folder is not to be written to`);
  if (number === errno.ENOENT) throw new NetdevError("NO_DEVICE", `cannot receive at ${path}: there is no such folder`);
  throw new NetdevError("SYSTEM", `cannot receive at ${path}: ${errnoName(number)}`);
}
function inUse(path: string): NetdevError {
  return new NetdevError("IN_USE", `cannot receive at ${path}: another program does`);
}

class DatagramChannel implements FrameChannel {
  readonly fd: number;
  /** The last frame was for nobody. */
  refused = false;
  private readonly c: Libc;
  private readonly drops: DropCounts;
  private readonly peer: DataView;
  private readonly message = new DataView(new ArrayBuffer(msghdr.size));
  private readonly parts = new DataView(new ArrayBuffer(iovec.size));
  private readonly messageAt: number;

  constructor(c: Libc, fd: number, peer: DataView, drops: DropCounts) {
    this.c = c;
    this.fd = fd;
    this.drops = drops;
    // Its address is in the message: it has to live as long.
    this.peer = peer;
    this.messageAt = c.addressOf(this.message);
    pointer(this.message, msghdr.name, c.addressOf(this.peer));
    this.message.setUint32(msghdr.nameLength, peer.byteLength, true);
    pointer(this.message, msghdr.iov, c.addressOf(this.parts));
    pointer(this.message, msghdr.iovCount, 1);
  }

  receive(frames: Parameters<FrameChannel["receive"]>[0]): number {
    const at = frames.place;
    // With a byte more than fits: what is longer is cut without a word.
    const length = this.c.read(this.fd, frames.address + at, frames.frameLimit + 1);
    if (length < 0) return -this.c.errno();
    this.refused = false;
    frames.add(at, length);
    return length;
  }

  send(address: number, length: number): number {
    part(this.parts, 0, address, length);
    if (this.c.sendmsg(this.fd, this.messageAt, 0) >= 0) {
      this.refused = false;
      return length;
    }
    const number = this.c.errno();
    if (number !== errno.ECONNREFUSED && number !== errno.ENOENT) return -number;
    this.refused = true;
    this.drops.add(reasons.unconnected);
    return 0;
  }
}
