/** The syntax tree of a configuration. Every node knows its place. */
import type { Diagnostic, Place } from "./diagnostics.ts";

/**
 * A moment of the reading: where the reader stands, and how many problems it has met. What is found out of a node later is
 * then reported with the place and in the order of one that reads and understands at once, as Click does.
 */
export interface Point extends Place {
  readonly problems: number;
}

/** The text between the parentheses after a class name. Line directives in it are left out. */
export interface ConfigText {
  readonly text: string;
  readonly place: Place;
  /** At the opening parenthesis. */
  readonly start?: Point;
}

/** What stands for a class: a name, or a compound written out. */
export type ClassExpression = NamedClass | CompoundClass;

export interface NamedClass {
  readonly kind: "named";
  readonly name: string;
  readonly place: Point;
}

/** `{ ... || ... }`: one body for each number of arguments and ports. */
export interface CompoundClass {
  readonly kind: "compound";
  readonly bodies: readonly CompoundBody[];
  readonly place: Point;
}

export interface CompoundBody {
  readonly parameters: readonly Parameter[];
  readonly statements: readonly Statement[];
  /** `...` stands before this body, which is mostly empty: what the name meant before still counts. */
  readonly extends: Point | undefined;
  readonly place: Point;
  readonly end: Point;
}

/** A formal parameter: `$x`, `KEYWORD $x`, or `__REST__ $x`. */
export interface Parameter {
  readonly keyword: string | undefined;
  readonly variable: string;
  readonly place: Point;
}

/** `[0, 2-4]`; open as in `[0,]`: from the last one on, as many as the other side needs. */
export interface PortList {
  readonly ports: readonly number[];
  readonly open: boolean;
}

/** What an element of a chain starts with. */
export type Head =
  | { readonly kind: "name"; readonly name: string }
  | CompoundClass
  | Group
  /** Nothing: `input` at the start of a chain, `output` at its end. */
  | { readonly kind: "implicit"; readonly name: "input" | "output" };

/** `( ... )`: elements of the compound around, with an input and an output of their own. */
export interface Group {
  readonly kind: "group";
  readonly statements: readonly Statement[];
  readonly place: Point;
  readonly end: Point;
}

/** An element in a chain: `[in] head :: class (config) [out]`, most of it optional. */
export interface Endpoint {
  readonly head: Head;
  /** What is written after `::`. */
  readonly class: ClassExpression | undefined;
  readonly config: ConfigText | undefined;
  readonly inputPorts: PortList | undefined;
  readonly outputPorts: PortList | undefined;
  readonly place: Point;
}

/** `->` connects ports one by one or one to all; `=>` also many to many. */
export type Arrow = "->" | "=>";

/** Endpoints between commas: what stands at one side of an arrow. */
export interface EndpointList {
  readonly endpoints: readonly Endpoint[];
  /** What stands before it: nothing, at the start of a chain. */
  readonly arrow: Arrow | undefined;
  readonly end: Point;
}

export type Statement =
  | {
      readonly kind: "chain";
      readonly lists: readonly EndpointList[];
      /** It ends in an arrow that nothing follows. */
      readonly dangling: boolean;
      readonly place: Place;
      readonly end: Point;
    }
  | {
      readonly kind: "elementclass";
      readonly name: string;
      /** `undefined` where there is none that can be understood. */
      readonly class: ClassExpression | undefined;
      readonly place: Place;
    }
  | Requires
  | Defines;

export interface Requires {
  readonly kind: "require";
  readonly config: ConfigText;
  readonly place: Place;
  readonly end: Point;
}

export interface Defines {
  readonly kind: "define";
  readonly config: ConfigText;
  readonly place: Place;
  readonly end: Point;
}

export interface Configuration {
  readonly source: { readonly file: string; readonly text: string };
  readonly statements: readonly Statement[];
  /** What is wrong with the syntax, in order, where `parse` had nowhere to report it. */
  readonly problems: readonly Diagnostic[];
  readonly end: Point;
}
