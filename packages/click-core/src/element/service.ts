/** The host side of a service element, and what it may ask of the router and the machine that it is in. */
import type { ElementReport } from "./element-report.ts";
import type { ServiceHandler } from "./handler.ts";
import type { HandlerTree } from "./handler-tree.ts";

/** A packet as a service element's host side sees it; valid only during the call. */
export interface HostPacket {
  readonly data: Uint8Array;
  timestampNs: bigint;
  /** Offset of the network and transport headers in the data; -1 where none is set. */
  network: number;
  transport: number;
  /** Offset of the MAC header, at or in front of the data; `undefined` where none is set. */
  readonly mac: number | undefined;
  /** Who it was sent to: see `packetType`. */
  type: number;
  /** The number of the device that it came from. */
  readonly device: number | undefined;
  /** The 48 bytes of annotations, as Click lays them out. */
  readonly annotations: DataView;
}

/** A frame that a service element makes. */
export interface HostFrame {
  readonly frame: Uint8Array;
  readonly timestampNs: bigint;
  /** Offset of the network header in the frame, -1 or absent for none; likewise for the transport header. */
  readonly network?: number;
  readonly transport?: number;
  /** Likewise for the link header. */
  readonly mac?: number;
  /** The output that it is for; 0 when absent. */
  readonly port?: number;
  /** Writes annotations; they are zero before. */
  annotate?(annotations: DataView): void;
}

/** A service element's host side. */
export interface HostService {
  /** Called with a packet; the result, 0 when absent, goes back to the element's code. */
  packet?(packet: HostPacket, port: number): number | undefined;
  /** Told that something happened. */
  called?(which: number): void;
  /** Asked by the element's code; the answer, 0 when absent, goes back to it. */
  asked?(which: number): number;
  /** Asked for the next frame: `null` when there is none ever again, `undefined` when there is none for now. */
  next?(): HostFrame | null | undefined;
  /** Whether it has no frame before something outside comes; it schedules the element then. */
  waiting?(): boolean;
  /** Handlers beside those of the class. */
  readonly handlers?: Readonly<Record<string, ServiceHandler>>;
  /** Handlers of names that are not known beforehand; asked after all others. */
  handler?(name: string): ServiceHandler | undefined;
  /** Called once all elements are there, before the first packet. Throws a `string` where the router cannot run so. */
  start?(): void;
  /** Opens what cannot be opened at once, such as a socket; the router runs when that is done. Rejects with a `string`. */
  open?(): Promise<void> | undefined;
  /** Asked when the driver is about to stop; `true` takes up one request to stop. */
  driverStops?(): boolean;
  /** What the element of the same name and class kept, when a configuration takes another's place. */
  readonly kept?: unknown;
  /** Takes over what the element of the same name and class `kept`. */
  takeOver?(kept: unknown): void;
  /** What went wrong with what it reads, if anything did. */
  problem?(): string | undefined;
  /** Writes what it has kept back. */
  flush?(): void;
  close?(): void;
}

/** What a service element may ask of the router it is in. */
export interface ServiceContext<C, P> extends ElementReport {
  readonly config: C;
  readonly plan: P;
  readonly name: string;
  /** Where it stands: file and line. */
  readonly landmark: string;
  readonly ninputs: number;
  readonly noutputs: number;
  readonly arguments: readonly string[];
  readonly host: ServiceHost;
  /** What the element keeps whose place this one takes, of the same name and class; `takeOver` gets it. */
  readonly former: unknown;
}

export interface ServiceHost {
  /** The router's time in nanoseconds. */
  now(): bigint;
  /** Calls `run` once at a time; the result cancels it. */
  at(nanoseconds: bigint, run: () => void): () => void;
  /** Makes the element's own task run again, and the tasks that sleep because a pull from the element found nothing. */
  schedule(): void;
  /** Ends the tasks' turn early, so that timers run: for an element that packets make more work for than a turn's. */
  yield(): void;
  /** Handlers by the names a configuration would use here: relative to the element's compound, or the router's. */
  readonly handlers: HandlerTree;
  /** The router's handlers, by their full names. */
  readonly router: HandlerTree;
  /** Writes a line of chatter; on a channel, to those who listen there. */
  chatter(text: string, channel?: string): void;
  /** Calls `run` with all chatter from now on, of a channel where one is named. Others hear a channel that is not `quiet`, too. */
  onChatter(run: (text: string) => void, channel?: string, quiet?: boolean): () => void;
  /** Writes to standard output. */
  output(text: string): void;
  /** The process that it is in, where there is one. */
  readonly process: HostProcess | undefined;
  /** Reads and writes files, where the router may. */
  readonly files: HostFiles | undefined;
  /** The terminal that people see messages on, where there is one. */
  readonly terminal: HostTerminal | undefined;
  /** 31 bits by chance, as Click draws them: of the draws that the elements' code makes, which RandomSeed seeds. */
  chance(): number;
  /** Asks the driver to stop, once or several times; a number below zero takes back requests, also those to come. */
  stop(times?: number): void;
}

/** A terminal: lines there may be drawn anew. */
export interface HostTerminal {
  /** Characters of a line. */
  readonly columns: number;
  /** Whether standard output goes to a terminal, too. */
  readonly showsOutput: boolean;
  /** Whether the process is in the foreground there, so that people look at what it writes. */
  isForeground(): boolean;
  write(text: string): void;
}

/** The process that a router runs in, and signals between processes: by name, as `USR1`, or by number. */
export interface HostProcess {
  readonly id: number;
  /**
   * Calls `run` once, at the next such signal, which does nothing else then; unless none that are called say that they have
   * handled it.
   */
  onSignal(signal: string, run: () => boolean): () => void;
  /** @throws {Error} when it cannot. */
  kill(process: number, signal: string): void;
  /** Makes the effective user and group the real ones. @throws {Error} when it cannot. */
  dropPrivileges(): void;
}

/** The bytes of a file, front to back. */
export interface HostInput {
  /** The next `n` bytes, or fewer at the end; valid until the next call. @throws {Error} when it cannot. */
  take(n: number): Uint8Array;
  /** Goes on from there. */
  seek(position: number): void;
  /** Bytes in all, where that is known. */
  readonly size: number | undefined;
  close(): void;
}

/** Files, for elements that keep to text: `-` is standard input and standard output. */
export interface HostFiles {
  /** @throws {Error} when it cannot. */
  read(file: string): Uint8Array;
  /** Opens a file to be read in pieces; without it, files are read whole. @throws {Error} when it cannot. */
  open?(file: string): HostInput;
  /** The name of the machine. */
  hostName?(): string;
  /** The name of a file with `~/` at its start put for what it means. */
  resolve?(file: string): string;
  write(file: string, data: Uint8Array | string, append: boolean): void;
  /** Makes a folder, unless there is one, or a file, of that name. @throws {Error} when it cannot. */
  makeFolder?(folder: string): void;
  /** Puts a file in its own place compressed by gzip, with `.gz` behind its name. @throws {Error} when it cannot. */
  compress?(file: string): void;
  /** @throws {Error} when it cannot. */
  remove?(file: string): void;
}

/** A file that an element reads from or writes to. */
export interface FileUse {
  readonly reads?: string;
  readonly writes?: string;
}
