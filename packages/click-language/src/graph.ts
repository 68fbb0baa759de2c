/** The flat graph: elements and connections, no compounds. */
import type { Argument } from "./arguments.ts";
import type { Place } from "./diagnostics.ts";

/** An element of the flat graph. Its name has the names of the compounds around it before it, with slashes. */
export interface GraphElement {
  readonly name: string;
  readonly className: string;
  readonly configText: string;
  readonly arguments: readonly Argument[];
  readonly place: Place;
}

export interface Port {
  readonly element: number;
  readonly port: number;
}

/** How many ports an element, or a compound, has. */
export interface PortCounts {
  readonly inputs: number;
  readonly outputs: number;
}

export interface Connection {
  readonly from: Port;
  readonly to: Port;
  readonly place: Place;
}

/** What a configuration says it needs, by `require(package NAME)`. */
export interface Requirement {
  readonly name: string;
  readonly place: Place;
}

export interface Graph {
  readonly elements: readonly GraphElement[];
  readonly connections: readonly Connection[];
  readonly requirements: readonly Requirement[];
}
