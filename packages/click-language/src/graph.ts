/** The flat graph: elements and connections, no compounds. */
import type { Argument } from "./arguments.ts";
import type { Place } from "./diagnostics.ts";

/** An element of the flat graph. Its name has the names of the compounds around it before it, with slashes. */
export interface GraphElement {
  readonly name: string;
  readonly className: string;
  /** What stands between its parentheses, with the values of variables. */
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

/** What a configuration says it needs, by `require(package NAME)` or `require(compact_config)`. */
export interface Requirement {
  readonly type: "package" | "compact_config";
  /** Of a package; otherwise empty. */
  readonly name: string;
  readonly place: Place;
}

export interface Graph {
  readonly elements: readonly GraphElement[];
  /** By the element and port that they lead to, then by those that they come from; none twice. */
  readonly connections: readonly Connection[];
  readonly requirements: readonly Requirement[];
}
