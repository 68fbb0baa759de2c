/**
 * Packet sockets: frames of an interface that is there already, beside the kernel, which gets them too (packet(7)).
 *
 * Each frame comes with what the kernel left to a card (PACKET_VNET_HDR): checksums that are not complete are completed, frames
 * that are to be cut are cut, and a VLAN tag that the kernel took off is put back. Frames that this machine sends by the interface
 * itself are not received.
 */
import { longestFrame, maximumFrame } from "@clickos/vale";
import type { Attachment } from "../attachment.ts";
import { DropCounts } from "../drop-counts.ts";
import { NetdevError } from "../error.ts";
import { checkInterfaceName, interfaceMtu, refused } from "./interface-request.ts";
import { type FrameChannel, kernelPort, type ReceivedFrames } from "./kernel-port.ts";
import { type Libc, libc } from "./libc.ts";
import { iovec, msghdr, part, pointer } from "./message.ts";
import { completeChecksum, findHeaders, segmentCount, writeSegment } from "./segmentation.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const packetOptions = {
  PACKET_ADD_MEMBERSHIP: 1,
  PACKET_STATISTICS: 6,
  PACKET_AUXDATA: 8,
  PACKET_VNET_HDR: 15,
  PACKET_IGNORE_OUTGOING: 23,
} as const;
const PACKET_MR_PROMISC = 1;
const PACKET_MR_ALLMULTI = 2;
/** Bytes of frames that wait in the kernel. */
const kernelQueue = 8 << 20;

const sockaddrLl = { size: 20, family: 0, protocol: 2, ifindex: 4 };
/** struct packet_mreq */
const membership = { size: 16, ifindex: 0, type: 4 };
/** struct cmsghdr with a struct tpacket_auxdata behind it. */
const control = { size: 64, level: 8, type: 12, status: 16, tci: 32, tpid: 34, needed: 36 };
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
const defaultTag = 0x8100;
const addressesSize = 12;
const tagSize = 4;

/** struct virtio_net_hdr, in the machine's order. */
const vnet = { size: 10, flags: 0, gsoType: 1, gsoSize: 4, checksumStart: 6, checksumOffset: 8 };
const NEEDS_CSUM = 1;
const gso = { none: 0, tcp4: 1, tcp6: 4, udp: 5, ecn: 0x80 };
/** Of a frame that is to be cut. */
const longestUncut = 65_536 + 256;

export interface PacketSocketOptions {
  /** The port's name; that of the interface by default. */
  readonly name?: string | undefined;
  /** Bytes behind the Ethernet header; what the interface has, up to 9,000, by default. */
  readonly mtu?: number | undefined;
  /** Whether frames for others are received too; `true` by default. */
  readonly promiscuous?: boolean | undefined;
}

/** Joins an interface. @throws {NetdevError} that says what to do. @throws {RangeError} for an MTU that is none. */
export function openPacketSocket(interfaceName: string, options: PacketSocketOptions = {}): Attachment {
  checkInterfaceName(interfaceName);
  const c = libc();
  const index = c.ifNameToIndex(interfaceName);
  if (index === 0)
    throw new NetdevError("NO_DEVICE", `no interface ${interfaceName}; 'ip link' lists those that there are`);
  const mtu = options.mtu ?? Math.min(9000, interfaceMtu(interfaceName));
  const frameLimit = Math.max(longestFrame(mtu), options.mtu === undefined ? maximumFrame : 0);
  const what = `cannot open a packet socket on ${interfaceName}`;
  const fd = c.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw refused(what, c.errno());
  try {
    const set = (level: number, name: number, value: DataView): boolean =>
      c.setsockopt(fd, level, name, c.addressOf(value), value.byteLength) >= 0;
    const must = (name: keyof typeof packetOptions, value: DataView): void => {
      if (!set(SOL_PACKET, packetOptions[name], value)) throw refused(`${what} (${name})`, c.errno());
    };
    must("PACKET_VNET_HDR", int(1));
    must("PACKET_AUXDATA", int(1));
    // Linux 4.20; before, frames that this machine sends are received as well.
    set(SOL_PACKET, packetOptions.PACKET_IGNORE_OUTGOING, int(1));
    if (!set(SOL_SOCKET, SO_RCVBUFFORCE, int(kernelQueue))) set(SOL_SOCKET, SO_RCVBUF, int(kernelQueue));
    const address = new DataView(new ArrayBuffer(sockaddrLl.size));
    address.setUint16(sockaddrLl.family, AF_PACKET, true);
    address.setUint16(sockaddrLl.protocol, ETH_P_ALL);
    address.setInt32(sockaddrLl.ifindex, index, true);
    if (c.bind(fd, c.addressOf(address), sockaddrLl.size) < 0) throw refused(what, c.errno());
    const member = new DataView(new ArrayBuffer(membership.size));
    member.setInt32(membership.ifindex, index, true);
    member.setUint16(membership.type, (options.promiscuous ?? true) ? PACKET_MR_PROMISC : PACKET_MR_ALLMULTI, true);
    must("PACKET_ADD_MEMBERSHIP", member);
  } catch (e) {
    c.close(fd);
    throw e;
  }
  const drops = new DropCounts();
  return kernelPort(new PacketChannel(c, fd, drops), {
    name: options.name ?? interfaceName,
    frameLimit,
    drops,
    kernelDrops: kernelDrops(c, fd),
  });
}

function int(value: number): DataView {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value, true);
  return view;
}

/** The kernel counts anew after each time it is asked: struct tpacket_stats, packets and drops. */
function kernelDrops(c: Libc, fd: number): () => number {
  const statistics = new DataView(new ArrayBuffer(8));
  const length = int(8);
  let lost = 0;
  return () => {
    length.setInt32(0, 8, true);
    const at = [c.addressOf(statistics), c.addressOf(length)] as const;
    if (c.getsockopt(fd, SOL_PACKET, packetOptions.PACKET_STATISTICS, ...at) >= 0)
      lost += statistics.getUint32(4, true);
    return lost;
  };
}

class PacketChannel implements FrameChannel {
  readonly fd: number;
  private readonly c: Libc;
  private readonly drops: DropCounts;
  /** What the kernel says of a frame, and where frames go that are to be cut, whole. */
  private readonly header = new DataView(new ArrayBuffer(vnet.size));
  private readonly control = new DataView(new ArrayBuffer(control.size));
  private readonly uncut = new Uint8Array(longestUncut);
  private readonly receiving = new DataView(new ArrayBuffer(msghdr.size));
  private readonly receivingParts = new DataView(new ArrayBuffer(iovec.size * 3));
  private readonly receivingAt: number;
  private readonly sending = new DataView(new ArrayBuffer(msghdr.size));
  private readonly sendingParts = new DataView(new ArrayBuffer(iovec.size * 2));
  private readonly sendingAt: number;
  /** Nothing is left to do by whoever sends for us. */
  private readonly nothing = new DataView(new ArrayBuffer(vnet.size));

  constructor(c: Libc, fd: number, drops: DropCounts) {
    this.c = c;
    this.fd = fd;
    this.drops = drops;
    this.receivingAt = c.addressOf(this.receiving);
    this.sendingAt = c.addressOf(this.sending);
    pointer(this.receiving, msghdr.iov, c.addressOf(this.receivingParts));
    pointer(this.receiving, msghdr.iovCount, 3);
    pointer(this.receiving, msghdr.control, c.addressOf(this.control));
    part(this.receivingParts, 0, c.addressOf(this.header), vnet.size);
    part(this.receivingParts, 2, c.addressOf(this.uncut), longestUncut);
    pointer(this.sending, msghdr.iov, c.addressOf(this.sendingParts));
    pointer(this.sending, msghdr.iovCount, 2);
    part(this.sendingParts, 0, c.addressOf(this.nothing), vnet.size);
  }

  receive(frames: ReceivedFrames): number {
    const at = frames.place;
    part(this.receivingParts, 1, frames.address + at, frames.frameLimit);
    pointer(this.receiving, msghdr.controlLength, control.size);
    const result = this.c.recvmsg(this.fd, this.receivingAt, 0);
    if (result < 0) return -this.c.errno();
    const length = result - vnet.size;
    if (length < addressesSize) this.drops.add("shorter than its addresses");
    else if ((this.header.getUint8(vnet.gsoType) & ~gso.ecn) !== gso.none) this.cut(frames, at, length);
    else this.complete(frames, at, length);
    return result;
  }

  send(address: number, length: number): number {
    part(this.sendingParts, 1, address, length);
    return this.c.sendmsg(this.fd, this.sendingAt, 0) < 0 ? -this.c.errno() : length;
  }

  /** A frame of ordinary length. */
  private complete(frames: ReceivedFrames, at: number, length: number): void {
    const { header } = this;
    const { bytes } = frames.batch.memory;
    if ((header.getUint8(vnet.flags) & NEEDS_CSUM) !== 0 && length <= frames.frameLimit) {
      const start = at + header.getUint16(vnet.checksumStart, true);
      if (!completeChecksum(bytes, at + length, start, header.getUint16(vnet.checksumOffset, true))) {
        this.drops.add("a checksum outside of the frame");
        return;
      }
    }
    this.addTagged(frames, at, length);
  }

  /** A frame that is to be cut: all of it is put together first. */
  private cut(frames: ReceivedFrames, at: number, length: number): void {
    const { header, uncut } = this;
    const { bytes } = frames.batch.memory;
    const size = header.getUint16(vnet.gsoSize, true);
    const inPlace = Math.min(length, frames.frameLimit);
    uncut.copyWithin(inPlace, 0, length - inPlace);
    uncut.set(bytes.subarray(at, at + inPlace));
    const kind = header.getUint8(vnet.gsoType) & ~gso.ecn;
    const headers = findHeaders(uncut, length);
    const known = (kind === gso.tcp4 || kind === gso.tcp6) === (headers?.protocol === 6) && kind !== 3;
    if (!headers || !known || size === 0) {
      this.drops.add("an offload that is not known");
      return;
    }
    const count = segmentCount(length, headers, size);
    for (let i = 0; i < count; i++) {
      if (!frames.hasPlace || headers.payload + size > frames.frameLimit) {
        this.drops.add(frames.hasPlace ? "longer than the port carries" : "cut to too many segments", count - i);
        return;
      }
      const place = frames.place;
      const to = bytes.subarray(place, place + frames.frameLimit);
      this.addTagged(frames, place, writeSegment(uncut, length, headers, size, i, to));
    }
  }

  /** Adds a frame, with the tag that the kernel took off. */
  private addTagged(frames: ReceivedFrames, at: number, length: number): void {
    const { control: told } = this;
    const has = this.receiving.getUint32(msghdr.controlLength, true) >= control.needed;
    const status = has && told.getInt32(control.level, true) === SOL_PACKET ? told.getUint32(control.status, true) : 0;
    if ((status & TP_STATUS_VLAN_VALID) === 0) {
      frames.add(at, length);
      return;
    }
    const { bytes } = frames.batch.memory;
    bytes.copyWithin(at - tagSize, at, at + addressesSize);
    const tag = at - tagSize + addressesSize;
    const tpid = (status & TP_STATUS_VLAN_TPID_VALID) !== 0 ? told.getUint16(control.tpid, true) : defaultTag;
    const tci = told.getUint16(control.tci, true);
    bytes[tag] = tpid >> 8;
    bytes[tag + 1] = tpid;
    bytes[tag + 2] = tci >> 8;
    bytes[tag + 3] = tci;
    frames.add(at - tagSize, length + tagSize);
  }
}
