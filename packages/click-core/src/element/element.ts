/** The element definition interface: what one writes to add an element. */
import type { FunctionBuilder, I32, I32Like, I64, I64Like, StagedFields } from "@clickos/codegen";
import type { Fields, HostFields } from "@clickos/layout";
import type { ConfigOf, ConfigSpec, FixedConfigOf, LiveFields } from "../arguments/config-spec.ts";
import type { Scope } from "../arguments/scope.ts";
import type { TextLine } from "../structures/text-line.ts";
import type { ElementReport } from "./element-report.ts";
import type { HandlerContext, HandlerPlace, Handlers, HostHeap } from "./handler.ts";
import type { Information } from "./information.ts";
import { withLiveArguments } from "./live-arguments.ts";
import type { Packet } from "./packet.ts";
import type { MakeOffer, Offer, Peer, PeerSearch } from "./peer.ts";
import type { FileUse, HostService, ServiceContext } from "./service.ts";

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

/** A timer of an element. Setting it again changes when it is due. */
export interface StagedTimer {
  at(nanoseconds: I64Like): void;
  after(nanoseconds: I64Like): void;
  /** So long after it was due last: for one that goes off at even intervals. */
  again(nanoseconds: I64Like): void;
  cancel(): void;
  /** When it is due; `noTimer`, which is later than any time, when it is not set. */
  due(): I64;
}

/** What an element tells others: that there are packets, or room. It is awake at first. */
export interface StagedNote {
  active(): I32;
  /** Those who sleep because of it are woken. */
  wake(): void;
  sleep(): void;
}

/** Space that a packet is to have around its data, in bytes. */
export interface Room {
  readonly head?: I32Like;
  readonly tail?: I32Like;
}

/** The router's packet buffers. */
export interface PacketPool {
  /** A fresh packet of `length` bytes of unset data, of any length; `none` (already counted) when there is no buffer. */
  make(length: I32Like, some: (packet: Packet) => void, none?: () => void): void;
  /**
   * Gives the packet the space that is asked for: `some` gets it, in the buffer that it is in or in a larger one. When there is
   * none (already counted) the packet is gone.
   */
  room(packet: Packet, room: Room, some: (packet: Packet) => void): void;
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
  /** How many short packets can be queued for sending; more than 0 when there is room for one of any length that the device carries. */
  space(): I32;
}

/** What staged element code works with. Names in it are Click's. */
export interface ElementContext<C, P, S extends Fields, R = unknown> {
  readonly name: string;
  readonly config: C;
  /** What `peers` found. */
  readonly peers: R;
  /** The code of a peer, staged here. */
  peer<T>(peer: Peer<T, any, any>): T;
  /** What `prepare` returned. */
  readonly plan: P;
  readonly state: StagedFields<S>;
  readonly ninputs: number;
  readonly noutputs: number;
  /** Whether things are to happen exactly as often as in Click, such as pulls that find nothing. */
  readonly exact: boolean;
  input(port: number): InputPort;
  output(port: number): OutputPort;
  /** Whether an output port is push. */
  isPush(output: number): boolean;
  /** Whether an input port is push. */
  inputIsPush(input: number): boolean;
  /**
   * Nanoseconds, read once a burst. In simulated time each reading takes one; `readings` is how often Click reads its clock there.
   */
  readonly clock: { now(readings?: number): I64 };
  readonly packets: PacketPool;
  /** The element's timer, the first if it has several: `timer` runs once when it is due. */
  readonly timer: StagedTimer;
  /** One of the element's timers, by number. */
  timerAt(number: I32Like): StagedTimer;
  device(number: number): DevicePort;
  /** The element's task. A task that is not scheduled costs nothing. */
  readonly task: { schedule(): void; unschedule(): void };
  /** Whether a pull may find packets, as the tasks downstream are told. For elements with that `notifier`. */
  readonly emptyNote: StagedNote;
  /** Whether there is room, as the tasks upstream are told. For elements with that `notifier`. */
  readonly fullNote: StagedNote;
  /** Whether a pull from an input may find a packet; 1 where that cannot be known. */
  mayPull(input: number): I32;
  /** Whether a packet pushed to an output would find room; 1 where that cannot be known. */
  mayPush(output: number): I32;
  /** 32 random bits, which start from the router's seed. */
  random(): I32;
  /** 31 bits by chance, as Click draws them: RandomSeed seeds them, so that runs may be alike. Others may foresee them. */
  chance(): I32;
  /**
   * 31 bits that others should not foresee, such as a port for a new flow: of `random`, unless the configuration has RandomSeed seed
   * `chance`. Then they are drawn as Click draws them, so that runs may be alike.
   */
  secret(): I32;
  /** Has `chance` begin anew, from a seed. */
  seedChance(seed: I32Like): void;
  /** The host side of a service element. */
  readonly service: {
    /** Shows the host the packet; the result is the host's. */
    give(packet: Packet, port?: number): I32;
    /**
     * Has the host fill the packet, up to `limit` bytes of data. The result is its length, which may be over the
     * limit: then `refill` puts it into a packet with room for it; -1 when there is no more, ever; -2 when there is none for the moment; -3 when there
     * is none before the host side schedules the element.
     */
    fill(packet: Packet, limit: number): I32;
    /** Has the host fill the packet with the frame that was longer than the limit. */
    refill(packet: Packet): void;
    /** Tells the host that something happened; `which` says what. */
    call(which?: I32Like): void;
    /** Asks the host; `which` says what. The result is its answer. */
    ask(which?: I32Like): I32;
    /** The output that the frame is for which was filled in last. */
    port(): I32;
  };
  /** Starts a line of text for the console. */
  line(): TextLine;
  /** Constant bytes in the router's memory; the result is their address. */
  data(bytes: Uint8Array, align?: number): number;
  /** Asks the driver to stop. */
  stop(): void;
}

/** What `prepare` may ask and report. */
export interface PrepareContext<C> extends ElementReport {
  readonly name: string;
  readonly config: C;
  readonly ninputs: number;
  readonly noutputs: number;
  /** Whether a port is push. */
  inputIsPush(input: number): boolean;
  outputIsPush(output: number): boolean;
  /** The text of each argument, as given. */
  readonly arguments: readonly string[];
  /** What names mean here; for texts that are read otherwise than by `config`. */
  readonly scope: Scope;
  /** Takes a place that one element of a configuration may have; `false` where another has it. */
  attach(place: string): boolean;
}

/** What an information element has to say it with. */
export interface InformContext extends ElementReport {
  readonly name: string;
  readonly arguments: readonly string[];
  /** The compound it stands in, with a slash at its end; empty at the top. */
  readonly compound: string;
  /** What names mean here so far: what it says itself may be said by names. */
  readonly scope: Scope;
}

/** The state of an element: the fields that its class says, and those of its live arguments. */
export type StateOf<C extends ConfigSpec, S extends Fields> = S & LiveFields<C>;

export interface ElementSpec<C extends ConfigSpec, P, S extends Fields, R = unknown> {
  readonly name: string;
  /** Other names by which configurations may call it. */
  readonly aliases?: readonly string[];
  /**
   * Counts changes of what handlers make of the state, for those that neither the fields nor the handlers' names show:
   * handlers of a running program are used where its class has the same number.
   */
  readonly revision?: number;
  /** Port counts in Click's notation: `1/1-2`, `-/1`. */
  readonly ports: string;
  /** Processing codes in Click's notation: `a/ah`, `h/l`. */
  readonly processing: string;
  /** Which inputs' packets reach which outputs, in Click's notation; `x/x` when absent: any to any. */
  readonly flow?: string;
  readonly config?: C;
  /** Keywords are read first, wherever they stand; positions are not looked at where one of them is wrong. */
  readonly keywordsFirst?: boolean;
  /** The arguments are read when the element is initialized: what is wrong with them is not told where another's are. */
  readonly readsLate?: boolean;
  /** Checks the configuration and prepares what staging needs; runs once, on the host, when it is configured. */
  prepare?(context: PrepareContext<ConfigOf<C>>): P;
  /** Finds the elements that this one works with; runs once, on the host, when it is initialized: all are configured then. */
  peers?(search: PeerSearch<ConfigOf<C>, NoInfer<P>>): R;
  /** What it does for elements whose peer it is. */
  offers?(offer: MakeOffer<FixedConfigOf<C>, NoInfer<P>, NoInfer<StateOf<C, S>>>): readonly Offer[];
  /** The number of the device that the element works with. */
  device?(context: { readonly config: ConfigOf<C>; readonly plan: P }): number;
  /** What is said where there is no such device. */
  readonly withoutDevice?: (config: ConfigOf<C>) => string;
  readonly state?:
    | S
    | ((context: {
        readonly config: ConfigOf<C>;
        readonly plan: P;
        readonly ninputs: number;
        readonly noutputs: number;
      }) => S);
  /** The files that it opens; `-` and an empty name are none. */
  files?(config: ConfigOf<C>): FileUse;
  /** Whether the element's `config` may be written while the router runs, as Click's `can_live_reconfigure` says. */
  readonly live?: boolean;
  /** What is to be done, on the host, when it was given another configuration while the router runs. */
  reconfigured?(
    state: HostFields<StateOf<C, S>>,
    context: HandlerContext<NoInfer<FixedConfigOf<C>>, NoInfer<P>, NoInfer<R>>,
  ): void;
  /** State that does not start as zero. */
  initial?(context: { readonly config: ConfigOf<C>; readonly plan: P }): Partial<HostFields<StateOf<C, S>>>;
  /**
   * What structures in the heap have from the start, by the names of their fields. It is put there when the program is made, and
   * is part of its data; there is memory for all of it, or the program cannot be made.
   */
  readonly fill?: {
    readonly [K in keyof NoInfer<S>]?: (
      field: HostFields<NoInfer<S>>[K],
      context: { readonly heap: HostHeap; readonly config: NoInfer<ConfigOf<C>>; readonly plan: NoInfer<P> },
    ) => void;
  };
  /** How many packets the element may hold; the pool is made that much larger. */
  holds?(config: ConfigOf<C>, ninputs: number): number;
  readonly handlers?: Handlers<NoInfer<FixedConfigOf<C>>, NoInfer<P>, NoInfer<StateOf<C, S>>, NoInfer<R>>;
  /** Handlers after those, which it has or not by its configuration or by where it stands. */
  furtherHandlers?(
    place: HandlerPlace<FixedConfigOf<C>, NoInfer<P>>,
  ): Handlers<NoInfer<FixedConfigOf<C>>, NoInfer<P>, NoInfer<StateOf<C, S>>, NoInfer<R>>;
  /** Names of those, and of live arguments' handlers, that it has not where it stands. */
  withoutHandlers?(place: HandlerPlace<FixedConfigOf<C>, NoInfer<P>>): readonly string[];
  /**
   * Names of its handlers in the order in which Click's element adds them, where it is another one than theirs: those of live
   * arguments are after the others otherwise, and those of the host side after both. Names that are not here come last.
   */
  readonly handlerOrder?: readonly string[];
  /** Where the handlers of its task stand among its handlers: after its own when absent. */
  readonly taskHandlers?: "first" | "none";
  /** Packets that the element dropped by counts of its own, beside those of `packet.drop`. */
  drops?(
    state: HostFields<StateOf<C, S>>,
    context: HandlerContext<FixedConfigOf<C>, P, NoInfer<R>>,
  ): { readonly reason: string; readonly count: number }[];
  /** In words, the number that its code has given to `packet.kill`. */
  reasonOf?(why: number, context: { readonly config: FixedConfigOf<C>; readonly plan: P }): string;
  /** Code for each packet, pushed or pulled; a packet left in hand goes to output 0. */
  action?(
    c: FunctionBuilder,
    packet: Packet,
    context: ElementContext<FixedConfigOf<C>, P, StateOf<C, S>, NoInfer<R>>,
  ): void;
  /** Code for a packet pushed to an input. */
  push?(
    c: FunctionBuilder,
    port: number,
    packet: Packet,
    context: ElementContext<FixedConfigOf<C>, P, StateOf<C, S>, NoInfer<R>>,
  ): void;
  /** Code for a pull from an output; it answers with `output(port).push(packet)`. */
  pull?(
    c: FunctionBuilder,
    port: number,
    context: ElementContext<FixedConfigOf<C>, P, StateOf<C, S>, NoInfer<R>>,
  ): void;
  /** A turn of the element's task; the result is nonzero when it did something. */
  task?(c: FunctionBuilder, context: ElementContext<FixedConfigOf<C>, P, StateOf<C, S>, NoInfer<R>>): I32;
  /** Whether the element has a task in this place; by default it does when `task` is there. */
  hasTask?(context: {
    readonly config: ConfigOf<C>;
    readonly inputIsPush: boolean;
    readonly outputIsPush: boolean;
  }): boolean;
  /** The task waits for something outside, such as a device: it is looked at in every run and keeps none going. */
  readonly polls?: boolean;
  /**
   * Whether its task and its timers go on for ever by themselves, as those of a source without a limit, and of what looks through
   * its table now and then: a run that ends when nothing more can happen does not wait for them.
   */
  endless?(config: ConfigOf<C>, plan: P): boolean;
  /** Whether the task runs from the start; it does when absent. */
  startsScheduled?(context: { readonly config: ConfigOf<C>; readonly plan: P }): boolean;
  /**
   * What the element tells others, so that they sleep: whether a pull may find a packet (`empty`: Click's empty notifier), whether a
   * push finds room (`full`). It does so with `emptyNote` and `fullNote`.
   */
  readonly notifier?: {
    readonly empty?: boolean;
    readonly full?: boolean;
    /** It asks further itself (`mayPull`): who waits for it is called by those behind it too, and so is it. */
    readonly through?: boolean;
  };
  /** It makes no packets, where it has no inputs: nobody waits for it. */
  readonly quiet?: boolean;
  /** When it is configured and initialized, as Click's `configure_phase`; 100 when absent. */
  readonly configurePhase?: number;
  /** What a timer does that is due; `number` says which of several it is. */
  timer?(
    c: FunctionBuilder,
    context: ElementContext<FixedConfigOf<C>, P, StateOf<C, S>, NoInfer<R>>,
    number: I32,
  ): void;
  /** How many timers the element has; one when absent, and `timer` is there. */
  timers?(context: { readonly config: ConfigOf<C>; readonly plan: P }): number;
  /** Runs once before the first packet. */
  init?(c: FunctionBuilder, context: ElementContext<FixedConfigOf<C>, P, StateOf<C, S>, NoInfer<R>>): void;
  /**
   * Opens the host side of a service element, when it is initialized; such elements run only where the host allows them. A text
   * that is thrown is reported as an error, and so is a `Refusal`.
   */
  service?(context: ServiceContext<ConfigOf<C>, P>): HostService;
  /** Whether the element needs its host side with this configuration; it does when absent. */
  needsService?(config: ConfigOf<C>): boolean;
  /** Its code makes no use of the host side: where there is none, as in a virtual machine, it does without. */
  readonly serviceIsOptional?: boolean;
  /** How often Click's reads its clock when it is made; never when absent. In simulated time that many nanoseconds pass. */
  readonly readings?: number;
  /** Says something about other elements, which read their arguments later: a class that does has an early phase. */
  inform?(context: InformContext, information: Information): void;
}

/** An element class, its types set aside so that classes of all kinds stand in one table. */
export type ElementClass = ElementSpec<any, any, any, any>;

/** The classes a configuration may use, by name. */
export type ElementSet = Readonly<Record<string, ElementClass>>;

/** Defines an element class. */
export function element<
  const C extends ConfigSpec = Record<never, never>,
  P = undefined,
  S extends Fields = Record<never, never>,
  R = undefined,
>(spec: ElementSpec<C, P, S, R>): ElementClass {
  return withLiveArguments(spec);
}

/** Makes a set of classes, by their names. */
export function elementSet(...classes: readonly ElementClass[]): ElementSet {
  return Object.fromEntries(classes.flatMap((c) => [c.name, ...(c.aliases ?? [])].map((name) => [name, c])));
}
