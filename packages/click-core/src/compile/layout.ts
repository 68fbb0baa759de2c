/** What the host knows of a compiled router's memory. */

/** Where an element's state is, for the host. */
export interface ElementLayout {
  readonly name: string;
  readonly className: string;
  readonly configText: string;
  /** Address and size of the state. */
  readonly state: number;
  readonly stateSize: number;
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
  /** Address of the `routerControl` words. */
  readonly control: number;
  readonly elements: readonly ElementLayout[];
  readonly drops: readonly DropCounter[];
  readonly devices: readonly number[];
  readonly pool: { readonly base: number; readonly count: number };
}
