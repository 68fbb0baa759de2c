/** What a compiled guest offers the staged front end, and gets from it: buffers, memory, a device to receive from and send to. */
import type { FunctionBuilder, I32 } from "@clickos/codegen";

/** Bytes of a packet buffer: `nr_buf_size` of a netmap ring. */
export const bufferBytes = 2048;

/** The guest's packet buffers, `bufferBytes` each, one behind the other from a frame's address on. */
export interface BufferPool {
  /** A free buffer's address, or 0. */
  allocate(c: FunctionBuilder): I32;
  free(c: FunctionBuilder, address: I32): void;
  /** How many buffers are free. */
  available(c: FunctionBuilder): I32;
  /** Address of the first buffer. */
  base(c: FunctionBuilder): I32;
  /** How many buffers there are. */
  count(c: FunctionBuilder): I32;
}

/** Where frames are in buffers: the offset of what is received, and the bytes of the longest. */
export interface FramePlace {
  readonly dataOffset: number;
  readonly maximumFrame: number;
}

export interface GuestContext extends FramePlace {
  readonly pool: BufferPool;
  /** Reserves zeroed memory for as long as the guest lives. */
  reserve(bytes: number, align: number): number;
}

/** A frame in a buffer: whose address, where in it, how long. */
export interface StagedFrame {
  readonly address: I32;
  readonly data: I32;
  readonly length: I32;
}

/** What the guest's code does with an interface. */
export interface StagedPort {
  /** Hands over up to `burst` frames, whose buffers are the guest's then. Returns how many. */
  receive(c: FunctionBuilder, burst: number, deliver: (frame: StagedFrame) => void): I32;
  /** Takes the buffer for sending when it returns nonzero. */
  transmit(c: FunctionBuilder, frame: StagedFrame): I32;
  /** How many frames can be sent. */
  space(c: FunctionBuilder): I32;
}
