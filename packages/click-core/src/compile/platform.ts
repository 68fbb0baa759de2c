/**
 * What a compiled router runs on: where its memory starts, how it reaches devices and the console.
 * In process that is this package's own; in a virtual machine the guest kernel supplies it.
 */
import type { Func, FunctionBuilder, I32, I32Like, I64, ModuleBuilder } from "@clickos/codegen";
import { type ArrayField, array, type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import type { Recorder } from "./recorder.ts";

/** Lists of free blocks, one for each power of two. */
export const heapClasses = 32;

/** Words of the generator of Click's random numbers: see chance.ts. */
export const chanceWords = 31;

/**
 * The router's own words in memory, shared with the host. `stopped` counts requests to stop; `taskEpoch` begins anew
 * with each task that finds something to do; `timerDue` is when the timer was due that was called last; `running` is the number + 1 of the element whose task or timer was called last; who runs it clears it.
 * `poolFresh` counts the pool's buffers that were ever used. `seed` is what hash tables mix into their keys, and what `random`
 * starts from: who boots the router draws it beforehand. Of the heap, what is between `heapNext` and `heapEnd` was never used,
 * and `heapFree` has the first free block of each size. `chance` has the words that `chance` draws from, and `chanceAt` is the place of
 * the next one, counted from 1; 0 before they are seeded. `chanceSeeded` is 1 once the configuration has given them a seed.
 */
export const routerControl: Struct<{
  now: U64Field;
  nextTimer: U64Field;
  freeCount: U32Field;
  freeStack: U32Field;
  poolBase: U32Field;
  poolCount: U32Field;
  stopped: U32Field;
  poolEmpty: U32Field;
  taskEpoch: U32Field;
  chanceSeeded: U32Field;
  random: U64Field;
  running: U32Field;
  poolFresh: U32Field;
  seed: U64Field;
  heapNext: U32Field;
  heapEnd: U32Field;
  heapEmpty: U32Field;
  heapFree: ArrayField<U32Field>;
  timerDue: U64Field;
  chanceAt: U32Field;
  chance: ArrayField<U32Field>;
  largeBuffers: U32Field;
}> = struct(
  {
    now: u64,
    nextTimer: u64,
    freeCount: u32,
    freeStack: u32,
    poolBase: u32,
    poolCount: u32,
    stopped: u32,
    poolEmpty: u32,
    taskEpoch: u32,
    chanceSeeded: u32,
    random: u64,
    running: u32,
    poolFresh: u32,
    seed: u64,
    heapNext: u32,
    heapEnd: u32,
    heapEmpty: u32,
    heapFree: array(u32, heapClasses),
    timerDue: u64,
    chanceAt: u32,
    chance: array(u32, chanceWords),
    largeBuffers: u32,
  },
  { name: "router", size: 384 },
);

/** A timer that is not set. */
export const noTimer = 0x7fffffffffffffffn;

/** Packet buffers: those of the pool, the one used last first, and large ones from the heap. */
export interface StagedPool {
  /** A free buffer's address, or 0, which is counted. */
  allocate(c: FunctionBuilder): I32;
  /** The address of a buffer that has room for a frame of `bytes` behind the headroom, or 0, which is counted. */
  allocateLarge(c: FunctionBuilder, bytes: I32Like): I32;
  /** Whether a buffer is a large one. */
  isLarge(c: FunctionBuilder, address: I32): I32;
  /** Of either kind. */
  free(c: FunctionBuilder, address: I32): void;
  /** How many buffers of the pool are free. */
  available(c: FunctionBuilder): I32;
  /** Address of the first buffer; buffers follow one another. */
  base(c: FunctionBuilder): I32;
  /** How many buffers there are. */
  count(c: FunctionBuilder): I32;
}

/** One received frame: which buffer, where in it. */
export interface ReceivedFrame {
  readonly address: I32;
  readonly data: I32;
  readonly length: I32;
  /** When it came, in nanoseconds since 1970; 0 is now, as where it is not given. */
  readonly timestamp?: I64;
}

/** A device as the platform stages it. */
export interface StagedDevice {
  /** Hands over up to `burst` frames, whose buffers then belong to the router. Returns how many. */
  receive(c: FunctionBuilder, burst: number, deliver: (frame: ReceivedFrame) => void): I32;
  /** Takes the buffer for sending when it returns nonzero; its descriptor has the packet's timestamp. */
  transmit(c: FunctionBuilder, frame: ReceivedFrame): I32;
  /** How many short frames can be sent; more than 0 when there is room for one of any length that the device carries. */
  space(c: FunctionBuilder): I32;
}

export interface PlatformContext {
  readonly module: ModuleBuilder;
  readonly pool: StagedPool;
  /** Reserves zeroed memory for as long as the router lives. */
  reserve(bytes: number, align: number): number;
  /** The address of a 64-bit count of the device's packets that are dropped for a reason, for the router's table of drops. */
  dropCounter(reason: string): number;
}

/** The functions a router is made of, for the platform to build its entry points on. */
export interface RouterFunctions {
  /** Prepares state and pool; once, before anything else. */
  readonly init: Func<undefined>;
  /** `(now, rounds)`: runs tasks and timers; 0 idle, 1 more to do, 2 stopped, 3 tasks poll and found nothing. */
  readonly run: Func<"i32">;
  /** The parts of `init` and `run`, for who does more between them: see `RouterParts`. */
  readonly parts: RouterParts;
  /** Address of the `routerControl` words. */
  readonly control: number;
}

/** For a host that has timers of its own, and elements with host sides that start in their turn. */
export interface RouterParts {
  /** Prepares all but the elements. */
  readonly prepare: Func<undefined>;
  /** `(element)`: the element's own `init`. */
  readonly initElement: Func<undefined>;
  /** `(firings)`: runs so many tasks at most; the result is that of `run`. */
  readonly tasks: Func<"i32">;
  /** `(check, until, most)`: calls timers that are due at `check`, and no later than `until`. */
  readonly timers: Func<undefined>;
  /** `(timer)`: does what it does when it is due. */
  readonly fire: Func<undefined>;
}

export interface Platform {
  /** What stack traces call the module. */
  readonly moduleName?: string;
  readonly memoryImport: readonly [string, string];
  /** First byte of memory that is the router's. */
  readonly base: number;
  /** Packet buffers beyond what the elements say they hold, in all and for each device. */
  readonly buffers: number;
  readonly buffersPerDevice: number;
  /** Has fewer of them where they do not fit. */
  readonly fewerBuffers?: boolean;
  /** Bytes for what the router makes while it runs, large packets and tables, as far as there is room. */
  readonly heapBytes: number;
  /** Has a heap for the host, where no code uses it. */
  readonly heapAlways?: boolean;
  /** Tasks run exactly as often as Click's, those that find nothing to do too. */
  readonly exactTasks?: boolean;
  /** The clock goes on by a nanosecond with each reading: simulated time. */
  readonly exactClock?: boolean;
  /** Packets, and copies of them, know which received frame they are: what a device puts into `packetDescriptor.frame`. */
  readonly followsFrames?: boolean;
  /** Records the ways of packets; it needs `followsFrames`, and has what devices put into `packetDescriptor.frame` for itself. */
  readonly recorder?: Recorder | undefined;
  /** Pages that a router may ask for at most; the memory does not grow. */
  readonly maximumPages: number;
  /** Pages of the memory that it is given, at most; as many when absent. */
  readonly memoryPages?: number;
  /** Called once for each device number in the configuration, before any code. */
  device(context: PlatformContext, number: number): StagedDevice;
  /** Writes text to the console. */
  chatter(c: FunctionBuilder, address: I32Like, length: I32): void;
  /** Whether service elements (files, sockets) may be used. */
  readonly services: boolean;
  /** Adds entry points. */
  finish(module: ModuleBuilder, functions: RouterFunctions): void;
}
