/** What a compiled guest offers the staged front end, and gets from it: buffers, memory, a device to receive from and send to. */
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";

/** Bytes of a packet buffer: `nr_buf_size` of a netmap ring. */
export const bufferBytes = 2048;

/** The longest frame that compiled guests take: as much as the size of a netif packet can say. Their interfaces' MTU is less. */
export const largestFrame = 65535;

/**
 * The guest's packet buffers: those of the pool, `bufferBytes` each, one behind the other from a frame's address on, and large
 * ones elsewhere.
 */
export interface BufferPool {
  /** The address of a free buffer of the pool, or 0, which is counted. */
  allocate(c: FunctionBuilder): I32;
  /** The address of a buffer that has room for `bytes` behind the offset of what is received, or 0, which is counted. */
  allocateLarge(c: FunctionBuilder, bytes: I32Like): I32;
  /** Whether a buffer is a large one. */
  isLarge(c: FunctionBuilder, address: I32): I32;
  /** Of either kind. */
  free(c: FunctionBuilder, address: I32): void;
  /** How many buffers of the pool are free. */
  available(c: FunctionBuilder): I32;
  /** Address of the first buffer. */
  base(c: FunctionBuilder): I32;
  /** How many buffers there are. */
  count(c: FunctionBuilder): I32;
}

/** Where frames are in buffers of the pool: the offset of what is received, and the bytes of the longest. */
export interface FramePlace {
  readonly dataOffset: number;
  readonly maximumFrame: number;
}

export interface GuestContext extends FramePlace {
  readonly pool: BufferPool;
  /** Reserves zeroed memory for as long as the guest lives. */
  reserve(bytes: number, align: number): number;
  /** The address of a 64-bit count of the device's frames that are dropped for a reason. */
  dropCounter(reason: string): number;
  /** The number that grant entries have of one of the guest's frames: the machine's, where the guest's are its own. The same when absent. */
  machineFrame?(c: FunctionBuilder, frame: I32): I32;
}

/** A frame in a buffer: whose address, where in it, how long. */
export interface StagedFrame {
  readonly address: I32;
  readonly data: I32;
  readonly length: I32;
}

/** What the guest's code does with an interface. */
export interface StagedPort {
  /**
   * Hands over up to `burst` frames, whose buffers are the guest's then; longer ones than the pool's buffers hold in large
   * buffers, and those for which there is none are dropped. Returns how many.
   */
  receive(c: FunctionBuilder, burst: number, deliver: (frame: StagedFrame) => void): I32;
  /** Takes the buffer, of either kind, for sending when it returns nonzero. A frame that can never go is dropped and counted. */
  transmit(c: FunctionBuilder, frame: StagedFrame): I32;
  /** How many short frames can be sent; more than 0 when there is room for one of any length that interfaces carry. */
  space(c: FunctionBuilder): I32;
}
