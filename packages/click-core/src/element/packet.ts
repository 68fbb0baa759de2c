/**
 * Packets. A packet is a buffer: descriptor, headroom, data, tailroom. Buffers of the pool have 2 KiB; a packet that is longer
 * has a large one, of a power of two.
 *
 * At rest (in a queue, a ring, a table) the words of `packetWords` stand in the descriptor. While elements hold the packet
 * they are in local variables, so an element that strips a header touches no memory.
 */
import {
  type FunctionBuilder,
  type I32,
  type I32Like,
  type I64,
  type I64Like,
  type Ref,
  type StagedOf,
  staged,
  type Var,
} from "@clickos/codegen";
import {
  type BytesField,
  bytes,
  type Struct,
  struct,
  type U32Field,
  type U64Field,
  u8,
  u16,
  u32,
  u32be,
  u64,
} from "@clickos/layout";
import { type StagedHeader, span } from "@clickos/wire";
import { ipv4 } from "@clickos/wire/ipv4";

/** Bytes of a packet buffer. */
export const bufferSize = 2048;
/** Offset in the buffer where received data starts; what is before is descriptor and headroom. */
export const dataOffset = 192;
/** Where data ends at the latest: moves go by whole blocks of 16 bytes and may touch the rest of the last one. */
export const dataLimit: number = bufferSize - 16;
/** The longest frame a buffer holds after the headroom. */
export const maximumFrame: number = dataLimit - dataOffset;

/** The longest frame that a packet may be given room for. */
export const maximumLargeFrame: number = 1 << 24;

/**
 * The start of a packet buffer. Addresses are in the guest's memory; 0 is none. `device` is the number of the device that
 * the packet came from, plus 1; `next` and `previous` link packets in lists; `limit` is where in a large buffer data ends at the latest, 0 in one of the pool. `frame`
 * is for platforms that follow frames (`Platform.followsFrames`): which one the packet came as, or is a copy of; 0 for others.
 */
export const packetDescriptor: Struct<{
  data: U32Field;
  length: U32Field;
  network: U32Field;
  transport: U32Field;
  annotations: BytesField;
  timestamp: U64Field;
  mac: U32Field;
  type: U32Field;
  device: U32Field;
  next: U32Field;
  previous: U32Field;
  limit: U32Field;
  frame: U32Field;
}> = struct(
  {
    data: u32,
    length: u32,
    network: u32,
    transport: u32,
    annotations: bytes(48, 16),
    timestamp: u64,
    mac: u32,
    type: u8,
    device: u16,
    next: u32,
    previous: u32,
    limit: u32,
    frame: u32,
  },
  { name: "packet", size: 96 },
);

/** Who a packet was sent to, as Click's `Packet::PacketType` counts. */
export const packetType = {
  host: 0,
  broadcast: 1,
  multicast: 2,
  otherHost: 3,
  outgoing: 4,
  loopback: 5,
  fastRoute: 6,
} as const;

/** Byte positions in the annotation area, from Click's packet_anno.hh. Several share bytes. */
export const annotation = {
  dstIp: 0,
  dstIp6: 0,
  paint: 16,
  icmpParameterProblem: 17,
  fixIpSrc: 19,
  vlanTci: 20,
  aggregate: 20,
  forwardRate: 20,
  extraPackets: 24,
  reverseRate: 24,
  sendError: 26,
  extraLength: 28,
  ipReassembler: 28,
  firstTimestamp: 32,
  packetNumber: 32,
  ipsecSpi: 32,
  sequenceNumber: 36,
} as const;

/** Bytes of the annotation area. */
export const annotationBytes = 48;

/** An IPv4 header in staged code. */
export type StagedIp = StagedHeader<(typeof ipv4)["table"]>;

/** The words of a packet that are variables while elements hold it, in the order in which calls pass them. */
export const packetWords = ["data", "length", "network", "transport"] as const;
export type PacketWord = (typeof packetWords)[number];

/** What a packet is made of while elements hold it. */
export type PacketParts = { readonly address: I32 } & { readonly [W in PacketWord]: Var<"i32"> };

/** Makes the variables of a packet. */
export function packetParts(c: FunctionBuilder, address: I32, word: (name: PacketWord) => I32Like): PacketParts {
  const vars = Object.fromEntries(packetWords.map((name) => [name, c.var("i32", word(name), name)]));
  return { address, ...vars } as PacketParts;
}

/** What follows packets along paths and refuses to lose one. */
export interface PacketOwner {
  use(packet: Packet): void;
  consume(packet: Packet, how: string): void;
}

/** A packet in an element's hands. It is pushed, stored, or killed exactly once on every path. */
export class Packet {
  readonly c: FunctionBuilder;
  readonly parts: PacketParts;
  private readonly owner: PacketOwner;
  private readonly release: (packet: Packet, reason: string | I32Like | undefined) => void;

  constructor(
    c: FunctionBuilder,
    parts: PacketParts,
    owner: PacketOwner,
    release: (packet: Packet, reason: string | I32Like | undefined) => void,
  ) {
    this.c = c;
    this.parts = parts;
    this.owner = owner;
    this.release = release;
  }

  /** Address of the buffer: what identifies the packet. */
  get address(): I32 {
    this.owner.use(this);
    return this.parts.address;
  }
  /** Address of the first byte of data. */
  get data(): I32 {
    this.owner.use(this);
    return this.parts.data.get();
  }
  /** Length of the data in bytes. */
  get length(): I32 {
    this.owner.use(this);
    return this.parts.length.get();
  }
  /** A word of the packet, by name. */
  word(name: PacketWord): I32 {
    this.owner.use(this);
    return this.parts[name].get();
  }
  /** Address of the network header; 0 when no element has set it. */
  get network(): I32 {
    this.owner.use(this);
    return this.parts.network.get();
  }
  get transport(): I32 {
    this.owner.use(this);
    return this.parts.transport.get();
  }
  /** The IP header at the network header's address. Who set that has seen that the header's 20 bytes are there. */
  get ip(): StagedIp {
    const { network } = this;
    return span(this.c, network, this.data.add(this.length).sub(network)).header(ipv4, "stated");
  }
  /** Address of the MAC header; 0 when no element has set it. */
  get mac(): Ref<I32, I32Like> {
    return this.descriptor.mac;
  }
  /** Who it was sent to: see `packetType`. */
  get type(): Ref<I32, I32Like> {
    return this.descriptor.type;
  }
  /** The number of the device that it came from, plus 1; 0 for none. */
  get device(): Ref<I32, I32Like> {
    return this.descriptor.device;
  }
  private get descriptor(): StagedOf<typeof packetDescriptor> {
    return staged(this.c, packetDescriptor, this.address);
  }
  /** Sets the network and transport header addresses. */
  setNetworkHeader(network: I32, transport: I32): void {
    this.owner.use(this);
    this.parts.network.set(network);
    this.parts.transport.set(transport);
  }

  /** Takes `n` bytes off the front. The caller has checked that they are there. */
  pull(n: I32Like): void {
    this.parts.data.set(this.data.add(n));
    this.parts.length.set(this.length.sub(n));
  }
  /** Adds `n` bytes at the front. The caller has checked `headroom`. */
  unpull(n: I32Like): void {
    this.parts.data.set(this.data.sub(n));
    this.parts.length.set(this.length.add(n));
  }
  /** Sets the length; the caller has checked that it fits. */
  setLength(n: I32Like): void {
    this.owner.use(this);
    this.parts.length.set(n);
  }
  /** Bytes free before the data. */
  get headroom(): I32 {
    return this.data.sub(this.address).sub(packetDescriptor.size);
  }
  /** Address where the data ends at the latest. */
  get bufferEnd(): I32 {
    const limit = this.descriptor.limit.get();
    return this.address.add(this.c.select(limit, limit, this.c.i32(dataLimit)));
  }
  /** Bytes free after the data. */
  get tailroom(): I32 {
    return this.bufferEnd.sub(this.data).sub(this.length);
  }

  /** An annotation of 4 bytes at a byte position, as it stands in memory. */
  annotation32(position: number): Ref<I32, I32Like> {
    return staged(this.c, u32, this.address, packetDescriptor.offsets.annotations + position);
  }
  /** One of 2 bytes. */
  annotation16(position: number): Ref<I32, I32Like> {
    return staged(this.c, u16, this.address, packetDescriptor.offsets.annotations + position);
  }
  /** Address of the annotation area. */
  get annotationAddress(): I32 {
    return this.address.add(packetDescriptor.offsets.annotations);
  }
  annotation8(position: number): Ref<I32, I32Like> {
    return staged(this.c, u8, this.address, packetDescriptor.offsets.annotations + position);
  }
  /** The destination address annotation, host order. */
  get dstIp(): Ref<I32, I32Like> {
    return staged(this.c, u32be, this.address, packetDescriptor.offsets.annotations + annotation.dstIp);
  }
  /** When the packet was received, in nanoseconds. */
  get timestamp(): Ref<I64, I64Like> {
    return staged(this.c, u64, this.address, packetDescriptor.offsets.timestamp);
  }

  /** Takes over annotations, timestamp, type and device of another packet: Click's `copy_annotations`. */
  copyAnnotations(from: Packet): void {
    const { annotations, timestamp, type } = packetDescriptor.offsets;
    for (let i: number = annotations; i < timestamp; i += 16) this.c.copy16(this.address, from.address, i, i);
    this.timestamp.set(from.timestamp.get());
    // Type and device are in one word.
    this.c.store32(this.address, this.c.load32(from.address, type), type);
  }

  /**
   * Ends the packet: its buffer is free again. Nothing is counted; see `drop`. `why` is for who follows packets: a number that the
   * class's `reasonOf` puts into words.
   */
  kill(why?: I32Like): void {
    this.owner.consume(this, "killed");
    this.release(this, why);
  }
  /** Ends the packet and counts it under `reason` in the router's table of drops. */
  drop(reason: string): void {
    this.owner.consume(this, "dropped");
    this.release(this, reason);
  }
  /** Gives the packet to a structure: writes its descriptor and returns its address. Who calls this stores it. */
  store(): I32 {
    this.owner.consume(this, "stored");
    return saveParts(this.c, this.parts);
  }
  /** Hands over the parts, for passing the packet on. */
  take(how: string): PacketParts {
    this.owner.consume(this, how);
    return this.parts;
  }
}

/** Writes the descriptor of a packet that comes to rest; returns its address. */
export function saveParts(c: FunctionBuilder, parts: PacketParts): I32 {
  const d = staged(c, packetDescriptor, parts.address);
  for (const word of packetWords) d[word].set(parts[word].get());
  return parts.address;
}

/** Reads the descriptor of a packet at rest. */
export function loadParts(c: FunctionBuilder, address: I32): PacketParts {
  const d = staged(c, packetDescriptor, address);
  return packetParts(c, address, (word) => d[word].get());
}

/** Annotations, timestamp, MAC header, type and device of a fresh packet: all zero. */
export function clearAnnotations(c: FunctionBuilder, address: I32): void {
  const { annotations, next } = packetDescriptor.offsets;
  for (let i: number = annotations; i < next; i += 16) c.zero16(address, i);
}
