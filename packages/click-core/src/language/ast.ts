/** The syntax tree of a configuration. Every node knows its place. */
import type { Place } from "./diagnostics.ts";

/** The text between the parentheses after a class name. */
export interface ConfigText {
  readonly text: string;
  readonly place: Place;
}

export type ClassExpression =
  | { readonly kind: "named"; readonly name: string; readonly place: Place }
  | { readonly kind: "compound"; readonly body: CompoundBody; readonly place: Place };

export interface CompoundBody {
  readonly parameters: readonly Parameter[];
  readonly statements: readonly Statement[];
}

/** A formal parameter: `$x`, or `KEYWORD $x`. */
export interface Parameter {
  readonly keyword: string | undefined;
  readonly variable: string;
}

/** One element in a chain, with the ports written on either side. */
export interface Endpoint {
  readonly inputPort: number | undefined;
  readonly outputPort: number | undefined;
  readonly element:
    | { readonly kind: "name"; readonly name: string; readonly place: Place }
    | {
        readonly kind: "declaration";
        readonly names: readonly Name[];
        readonly class: ClassExpression;
        readonly config: ConfigText | undefined;
        readonly place: Place;
      };
}

export interface Name {
  readonly text: string;
  readonly place: Place;
}

export type Statement =
  | { readonly kind: "chain"; readonly endpoints: readonly Endpoint[]; readonly place: Place }
  | { readonly kind: "elementclass"; readonly name: string; readonly class: ClassExpression; readonly place: Place }
  | { readonly kind: "require"; readonly place: Place };

export interface Configuration {
  readonly statements: readonly Statement[];
}
