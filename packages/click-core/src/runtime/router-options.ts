/** What a router in process is given. */
import type { Diagnostic, FlattenOptions } from "@clickos/click-language";
import type { MachineNames } from "../arguments/machine-names.ts";
import type { AddedElement } from "../compile/compile.ts";
import type { Platform } from "../compile/platform.ts";
import type { ElementSet } from "../element/element.ts";
import type { FileUse, HostFiles, HostProcess, HostTerminal } from "../element/service.ts";

export interface RouterOptions {
  readonly elements: ElementSet;
  /** Name of the configuration in messages. */
  readonly file?: string;
  /** Nanoseconds since 1970; the system's by default. */
  readonly clock?: () => bigint;
  /**
   * Simulated time, from so many nanoseconds since 1970 on, in place of a `clock`: each reading takes a nanosecond, and when no task is
   * scheduled it goes on to the next timer, as with Click's `--simtime`.
   */
  readonly simulation?: bigint;
  /** What hash tables mix into their keys, and random numbers start from: drawn anew, or fixed where a `clock` is given, by default. */
  readonly seed?: bigint;
  /** Receives the text that elements print. */
  readonly chatter?: (text: string) => void;
  /** Receives what scripts print to standard output; like `chatter` when absent. */
  readonly output?: (text: string) => void;
  /** Files that elements may read and write by name. */
  readonly files?: HostFiles;
  /** Told of the files that the configuration's elements open, before any is; it throws to refuse. */
  readonly opening?: (files: readonly (FileUse & { readonly element: string })[]) => void;
  /** Lets scripts run at signals to the process, and send some. */
  readonly process?: HostProcess;
  /** Lets elements draw on the terminal that people see messages on. */
  readonly terminal?: HostTerminal | undefined;
  /**
   * Whether somebody plays to the devices that the configuration uses, or the numbers of those; where nobody does, their elements
   * fail. Somebody plays to all when absent.
   */
  readonly devices?: boolean | ReadonlySet<number>;
  /** Packet buffers beyond those that queues are known to hold; 65,536 when absent. */
  readonly buffers?: number;
  /** Allows elements that use the host; the default. */
  readonly services?: boolean;
  /** Values for the configuration's variables. */
  readonly variables?: ReadonlyMap<string, string>;
  readonly library?: FlattenOptions["library"];
  /** Names of the machine that it runs on. */
  readonly machine?: MachineNames;
  /** Elements that this configuration, and each that replaces it, has besides its own. */
  readonly added?: (replaces: boolean) => readonly AddedElement[];
  /** What it is compiled for, where its code is run by entry points of its own (`Router.enter`); a router in process by default. */
  readonly platform?: (options: RouterOptions) => Platform;
  /** Gives the router a handler `hotconfig`, which replaces the configuration. */
  readonly reconfigurable?: boolean;
  /** Receives warnings about the configuration, and notes. */
  readonly warn?: (warnings: readonly Diagnostic[]) => void;
}
