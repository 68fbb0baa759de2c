/** What the host knows of a compiled router's memory. */

/** Where an element's state is, for the host. */
export interface ElementLayout {
  readonly name: string;
  readonly className: string;
  readonly configText: string;
  /** Address and size of the state. */
  readonly state: number;
  readonly stateSize: number;
  /** Number of the element's task: its bit in the runnable words, its entry in the table of tickets. */
  readonly task?: number;
  /** Address of the time its timer is due. */
  readonly due?: number;
}

/** Where a count of drops is: a 64-bit number at `address`. */
export interface DropCounter {
  readonly element: string;
  readonly reason: string;
  readonly address: number;
}

/** What the host needs to know of a compiled router's memory. Plain data. */
export interface RouterLayout {
  readonly pages: number;
  /** The router's memory: from `base` to before `end`. */
  readonly base: number;
  readonly end: number;
  /** Address of the `routerControl` words. */
  readonly control: number;
  readonly elements: readonly ElementLayout[];
  readonly drops: readonly DropCounter[];
  readonly devices: readonly number[];
  /** Addresses of the runnable words, a bit a task, and of the tickets: 8 bytes a task, tickets and credit. */
  readonly tasks: { readonly runnable: number; readonly tickets: number; readonly count: number };
  readonly pool: { readonly base: number; readonly count: number };
}
