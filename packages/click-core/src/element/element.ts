/** The element definition interface: what one writes to add an element. */
import type { Fields, FunctionBuilder, HostFields, I32, I32Like, I64, I64Like, StagedFields } from "@clickos/codegen";
import type { TextLine } from "../structures/text-line.ts";
import type { ConfigOf, ConfigSpec } from "./argument-types.ts";
import type { Packet } from "./packet.ts";

/** A push or pull output. */
export interface OutputPort {
  readonly connected: boolean;
  /** Gives the packet to what is connected there. Where nothing is, it ends: dropped for `reason`, or killed. */
  push(packet: Packet, reason?: string): void;
}

/** A pull input. */
export interface InputPort {
  /** Asks upstream for a packet: `some` gets it, `none` runs when there is none. */
  pull(some: (packet: Packet) => void, none?: () => void): void;
}

/** The router's packet buffers. */
export interface PacketPool {
  /** A fresh packet of `length` bytes of unset data; `none` (already counted) when the pool is empty. */
  make(length: I32Like, some: (packet: Packet) => void, none?: () => void): void;
  /** A copy of data and annotations. */
  copy(packet: Packet, some: (copy: Packet) => void): void;
  /** Takes over a packet that was stored. */
  take(address: I32, some: (packet: Packet) => void): void;
}

/** A network device as seen from an element. */
export interface DevicePort {
  /** Hands each of up to `burst` received packets to `deliver`; returns how many. */
  receive(burst: number, deliver: (packet: Packet) => void): I32;
  /** Queues the packet for sending, or `full` gets it back. */
  transmit(packet: Packet, full: (packet: Packet) => void): void;
  /** How many packets can be queued for sending. */
  space(): I32;
}

/** What staged element code works with. Names in it are Click's. */
export interface ElementContext<C, P, S extends Fields> {
  readonly name: string;
  readonly config: C;
  /** What `prepare` returned. */
  readonly plan: P;
  readonly state: StagedFields<S>;
  readonly ninputs: number;
  readonly noutputs: number;
  input(port: number): InputPort;
  output(port: number): OutputPort;
  /** Whether an output port is push. */
  isPush(output: number): boolean;
  /** Nanoseconds, read once a burst. */
  readonly clock: { now(): I64 };
  readonly packets: PacketPool;
  /** The element's timer: `timer` runs once when it is due. */
  readonly timer: { at(nanoseconds: I64Like): void; after(nanoseconds: I64Like): void; cancel(): void };
  device(number: number): DevicePort;
  /** The host side of a service element. */
  readonly service: {
    /** Shows the host the packet's bytes. */
    give(packet: Packet): void;
    /** Fills the packet's data, up to `limit` bytes, from the host; its length, or -1 when there is no more. */
    fill(packet: Packet, limit: number): I32;
  };
  /** Starts a line of text for the console. */
  line(): TextLine;
  /** Constant bytes in the router's memory; the result is their address. */
  data(bytes: Uint8Array, align?: number): number;
  /** Asks the driver to stop. */
  stop(): void;
}

/** The context with its types set aside, for functions that several pieces of an element share. */
export type AnyElementContext = Omit<ElementContext<any, any, any>, "state"> & { readonly state: any };

/** What `prepare` may ask and report. */
export interface PrepareContext<C> {
  readonly name: string;
  readonly config: C;
  readonly ninputs: number;
  readonly noutputs: number;
  /** The text of each argument, as given. */
  readonly arguments: readonly string[];
  /** Reports a mistake; `argument` is its index. */
  error(message: string, argument?: number): void;
}

/** What a handler works with, on the host. */
export interface HandlerContext<C, P> {
  readonly config: C;
  readonly plan: P;
  readonly name: string;
}

/** A named value of an element: how the host reads it, writes it, or both. */
export interface Handler<C, P, S extends Fields> {
  read?(state: HostFields<S>, context: HandlerContext<C, P>): string | number | bigint | boolean;
  write?(state: HostFields<S>, value: string, context: HandlerContext<C, P>): void;
}
export type Handlers<C, P, S extends Fields> = Readonly<Record<string, Handler<C, P, S>>>;

/** A service element's host side: it sees the packets that its staged side hands over. */
export interface HostService {
  /** Called with a packet's bytes, valid only during the call. */
  packet?(frame: Uint8Array, timestampNs: bigint): void;
  /** Asked for the next frame; `null` when there is none. */
  next?(): { readonly frame: Uint8Array; readonly timestampNs: bigint } | null;
  /** What went wrong with what it reads, if anything did. */
  problem?(): string | undefined;
  close?(): void;
}

export interface ElementSpec<C extends ConfigSpec, P, S extends Fields> {
  readonly name: string;
  /** Port counts in Click's notation: `1/1-2`, `-/1`. */
  readonly ports: string;
  /** Processing codes in Click's notation: `a/ah`, `h/l`. */
  readonly processing: string;
  readonly config?: C;
  /**
   * Checks the configuration and prepares what staging needs; runs once, on the host. An element that works with a
   * device names it in its result: `{ device: number }`.
   */
  prepare?(context: PrepareContext<ConfigOf<C>>): P;
  readonly state?:
    | S
    | ((context: {
        readonly config: ConfigOf<C>;
        readonly plan: P;
        readonly ninputs: number;
        readonly noutputs: number;
      }) => S);
  /** State that does not start as zero. */
  initial?(context: { readonly config: ConfigOf<C>; readonly plan: P }): { [K in keyof S]?: HostFields<S>[K] };
  /** How many packets the element may hold; the pool is made that much larger. */
  holds?(config: ConfigOf<C>): number;
  readonly handlers?: Handlers<NoInfer<ConfigOf<C>>, NoInfer<P>, NoInfer<S>>;
  /** Packets that the element dropped by counts of its own, beside those of `packet.drop`. */
  drops?(
    state: HostFields<S>,
    context: HandlerContext<ConfigOf<C>, P>,
  ): { readonly reason: string; readonly count: number }[];
  /** Code for each packet, pushed or pulled; a packet left in hand goes to output 0. */
  action?(c: FunctionBuilder, packet: Packet, context: ElementContext<ConfigOf<C>, P, S>): void;
  /** Code for a packet pushed to an input. */
  push?(c: FunctionBuilder, port: number, packet: Packet, context: ElementContext<ConfigOf<C>, P, S>): void;
  /** Code for a pull from an output; it answers with `output(port).push(packet)`. */
  pull?(c: FunctionBuilder, port: number, context: ElementContext<ConfigOf<C>, P, S>): void;
  /** A turn of the element's task; the result is nonzero when it did something. */
  task?(c: FunctionBuilder, context: ElementContext<ConfigOf<C>, P, S>): I32;
  /** Whether the element has a task in this place; by default it does when `task` is there. */
  hasTask?(context: { readonly config: ConfigOf<C>; readonly inputIsPush: boolean }): boolean;
  timer?(c: FunctionBuilder, context: ElementContext<ConfigOf<C>, P, S>): void;
  /** Runs once before the first packet. */
  init?(c: FunctionBuilder, context: ElementContext<ConfigOf<C>, P, S>): void;
  /** Opens the host side of a service element; such elements run only where the host allows them. */
  service?(context: HandlerContext<ConfigOf<C>, P>): HostService;
}

/** An element class, its types set aside so that classes of all kinds stand in one table. */
export type ElementClass = ElementSpec<any, any, any>;

/** The classes a configuration may use, by name. */
export type ElementSet = Readonly<Record<string, ElementClass>>;

/** Defines an element class. */
export function element<
  const C extends ConfigSpec = Record<never, never>,
  P = undefined,
  S extends Fields = Record<never, never>,
>(spec: ElementSpec<C, P, S>): ElementClass {
  return spec;
}

/** Makes a set of classes, by their names. */
export function elementSet(...classes: readonly ElementClass[]): ElementSet {
  return Object.fromEntries(classes.map((c) => [c.name, c]));
}
