/** How a class says which arguments it takes. */
import type { FieldType } from "@clickos/layout";
import type { ArgumentType } from "./argument-type.ts";
import type { LiveType } from "./live.ts";

/** How an argument is given. `T` is what the element gets. */
export interface ArgumentSpec<T> {
  readonly kind: "required" | "positional" | "keyword" | "rest";
  readonly type: ArgumentType<any>;
  readonly fallback: T | undefined;
  /** Who gives it is warned: there is something better. */
  readonly deprecated?: boolean;
  /** It takes its position only where the text there is of its type. */
  readonly fitting?: boolean;
  /** The name of the argument whose text it is read from where it is not given. */
  readonly orFrom?: string;
}

/** An argument that can be changed while the router runs: `F` is the field of the state that has its value. */
export interface LiveSpec<T, F extends FieldType<any>> extends ArgumentSpec<T> {
  readonly type: LiveType<any, F>;
}

/** An argument that is read, and that changes nothing. */
export interface AcceptedSpec {
  readonly kind: "accepted";
  readonly type: ArgumentType<any>;
  readonly reason: string;
  readonly deprecated?: undefined;
  readonly fitting?: undefined;
  readonly orFrom?: undefined;
}

/** A positional argument that must be given; its keyword may be used instead. */
export function required<T, F extends FieldType<any>>(type: LiveType<T, F>): LiveSpec<T, F>;
export function required<T>(type: ArgumentType<T>): ArgumentSpec<T>;
export function required<T>(type: ArgumentType<T>): ArgumentSpec<T> {
  return { kind: "required", type, fallback: undefined };
}
/** A positional argument with a default. */
export function positional<T, F extends FieldType<any>, D = T>(type: LiveType<T, F>, fallback: D): LiveSpec<T | D, F>;
export function positional<T>(type: ArgumentType<T>, fallback: T): ArgumentSpec<T>;
export function positional<T>(type: ArgumentType<T>, fallback: T): ArgumentSpec<T> {
  return { kind: "positional", type, fallback };
}
/** An argument given only by its keyword. */
export function keyword<T, F extends FieldType<any>, D = T>(type: LiveType<T, F>, fallback: D): LiveSpec<T | D, F>;
export function keyword<T>(type: ArgumentType<T>, fallback: T): ArgumentSpec<T>;
export function keyword<T>(type: ArgumentType<T>, fallback: T): ArgumentSpec<T> {
  return { kind: "keyword", type, fallback };
}
/** A positional argument that is not taken where the text in its position is of another type: that is one argument too many. */
export function fitting<S extends ArgumentSpec<any>>(spec: S): S {
  return { ...spec, fitting: true };
}
/** An argument that is read from another's text where it is not given: a name may stand for both. */
export function orFrom<S extends ArgumentSpec<any>>(other: string, spec: S): S {
  return { ...spec, orFrom: other };
}
/** An argument that still works, though there is something better: who gives it is warned. */
export function deprecated<S extends ArgumentSpec<any>>(spec: S): S {
  return { ...spec, deprecated: true };
}
/** All positional arguments that are left. */
export function rest<T>(type: ArgumentType<T>): ArgumentSpec<T[]> {
  return { kind: "rest", type, fallback: [] };
}
/**
 * A keyword that is accepted and does nothing here. Who gives it is told the reason, in a note: "packets here may be read at
 * any alignment".
 */
export function accepted(type: ArgumentType<unknown>, reason: string): AcceptedSpec {
  return { kind: "accepted", type, reason };
}

export type ConfigSpec = Readonly<Record<string, ArgumentSpec<any> | AcceptedSpec>>;

/** The name as it is shown. One that ends in an asterisk is a position only: no keyword is written like that. */
export function shownName(name: string): string {
  return name.replace(/\*$/, "");
}

/** What an element gets before it runs. */
export type ConfigOf<C extends ConfigSpec> = {
  readonly [K in keyof C as C[K] extends AcceptedSpec ? never : K]: C[K] extends ArgumentSpec<infer T> ? T : never;
};

/** What stays as it is while the router runs: the arguments but for those that are live. */
export type FixedConfigOf<C extends ConfigSpec> = {
  readonly [K in keyof ConfigOf<C> as C[K] extends LiveSpec<any, any> ? never : K]: ConfigOf<C>[K];
};

/** The fields of the state that the live arguments are. */
export type LiveFields<C extends ConfigSpec> = {
  -readonly [K in keyof C as C[K] extends LiveSpec<any, any> ? Lowercase<K & string> : never]: C[K] extends LiveSpec<
    any,
    infer F
  >
    ? F
    : never;
};

/** The arguments as a manual page writes them. */
export function signature(spec: ConfigSpec): string {
  const parts = Object.entries(spec).map(([key, { kind }]) => {
    const name = shownName(key);
    if (kind === "required") return name;
    return kind === "rest" ? `${name}...` : kind === "positional" ? `[${name}]` : `[${name} ...]`;
  });
  return parts.length === 0 ? "takes no arguments" : `takes ${parts.join(", ")}`;
}
