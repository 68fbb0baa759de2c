/** The syntax tree of a configuration. Every node knows its place. */
import type { Place } from "./diagnostics.ts";

/** The text between the parentheses after a class name. */
export interface ConfigText {
  readonly text: string;
  readonly place: Place;
}

/** What stands for a class: a name, a variable that holds one (`$x`), or a compound written out. */
export type ClassExpression =
  | { readonly kind: "named"; readonly name: string; readonly place: Place }
  | { readonly kind: "variable"; readonly name: string; readonly place: Place }
  | CompoundClass;

/** `{ ... || ... }`: one body for each number of arguments and ports. */
export interface CompoundClass {
  readonly kind: "compound";
  readonly bodies: readonly CompoundBody[];
  /** Ends in `...`: what the name meant before still counts. */
  readonly extends: boolean;
  readonly place: Place;
}

export interface CompoundBody {
  readonly parameters: readonly Parameter[];
  readonly statements: readonly Statement[];
}

/** A formal parameter: `$x`, `KEYWORD $x`, or `__REST__ $x`. */
export interface Parameter {
  readonly keyword: string | undefined;
  readonly variable: string;
}

export interface Name {
  readonly text: string;
  readonly place: Place;
}

/** What stands between two arrows. */
export type ElementExpression =
  | { readonly kind: "name"; readonly name: string; readonly place: Place }
  | {
      readonly kind: "declaration";
      readonly names: readonly Name[];
      readonly class: ClassExpression;
      readonly config: ConfigText | undefined;
      readonly place: Place;
    }
  /** `( ... )`: a compound element written in place, whose chains may begin and end at its ports. */
  | { readonly kind: "group"; readonly statements: readonly Statement[]; readonly place: Place }
  /** Nothing: `input` at the start of a chain, `output` at its end. */
  | { readonly kind: "implicit"; readonly place: Place };

/** An element in a chain, with the ports written on either side. */
export interface Endpoint {
  readonly inputPorts: readonly number[] | undefined;
  readonly outputPorts: readonly number[] | undefined;
  readonly element: ElementExpression;
}

/** `->` connects ports one by one or one to all; `=>` numbers the ports that are not written. */
export type Arrow = "->" | "=>";

export type Statement =
  | {
      readonly kind: "chain";
      /** One more than there are arrows; each a list of endpoints between commas. */
      readonly groups: readonly (readonly Endpoint[])[];
      readonly arrows: readonly Arrow[];
      readonly place: Place;
    }
  | { readonly kind: "elementclass"; readonly name: string; readonly class: ClassExpression; readonly place: Place }
  | {
      readonly kind: "require" | "provide" | "define";
      readonly config: ConfigText;
      readonly place: Place;
    };

export interface Configuration {
  readonly statements: readonly Statement[];
}
