/** Types of references: elements by name, handlers by path, output ports by number. */
import { unquote } from "@clickos/click-language/arguments";
import { closest } from "@clickos/click-language/closest";
import type { U32Field } from "@clickos/layout";
import { type ArgumentType, Mistake } from "./argument-type.ts";
import type { StoredType } from "./live.ts";
import { integer, parseInteger } from "./numbers.ts";
import type { NamedElement, Scope } from "./scope.ts";

function noElement(name: string, scope: Scope): Mistake {
  return new Mistake("does not name an element", () => {
    const near = closest(name, scope.elementNames());
    return near === undefined ? `there is no element '${name}' here` : `did you mean '${near}'?`;
  });
}

/** What an element must be to be named. */
export interface ElementKind {
  /** For messages: "ARPTable". */
  readonly type: string;
  is(element: NamedElement): boolean;
}

/** An element, by its name in the compound that the argument stands in or in one around it. */
export function elementName(kind?: ElementKind): ArgumentType<NamedElement> {
  return {
    expects: kind ? `an element of type ${kind.type}` : "an element",
    parse(text, scope) {
      const found = scope.element(text);
      if (!found) return noElement(text, scope);
      if (!kind || kind.is(found)) return found;
      return new Mistake(`element type mismatch, expected ${kind.type}`, () => `'${text}' is a ${found.className}`);
    },
  };
}

/** A handler that an argument names. */
export interface HandlerPath {
  /** The element; none for the router's own handlers. */
  readonly element: NamedElement | undefined;
  readonly handler: string;
  /** `element.handler` with the element's full name. */
  readonly path: string;
  /** The same as it was given: what it is called where the element stands. */
  readonly given: string;
}

/** `ELEMENT.HANDLER`, or the name of one of the router's own handlers. The element must be there. */
export const handlerPath: ArgumentType<HandlerPath> = {
  expects: "a handler such as element.count",
  parse(text, scope) {
    const path = unquote(text);
    const dot = path.indexOf(".");
    if (path === "" || /\s/.test(path) || dot === path.length - 1) return undefined;
    // A dot in front, too, says that the handler is the router's.
    if (dot <= 0) {
      const handler = path.slice(dot + 1);
      return { element: undefined, handler, path: handler, given: handler };
    }
    const [name, handler] = [path.slice(0, dot), path.slice(dot + 1)];
    const element = scope.element(name);
    return element ? { element, handler, path: `${element.name}.${handler}`, given: path } : noElement(name, scope);
  },
};

function portNumber(what: "input" | "output", lowest: 0 | -1): StoredType<number, U32Field> {
  return {
    stored: integer(lowest, 0xffff).stored,
    expects: `an ${what} port${lowest < 0 ? ", or -1" : ""}`,
    parse(text, scope) {
      const number = Number(parseInteger(text) ?? Number.NaN);
      const count = what === "input" ? scope.ninputs : scope.noutputs;
      if (Number.isNaN(number)) return undefined;
      return number >= lowest && number < count
        ? number
        : new Mistake(`${what} '${text}' is not connected; there ${count === 1 ? "is 1" : `are ${count}`}`);
    },
  };
}

/** The number of an output that is connected. */
export const outputPort: StoredType<number, U32Field> = portNumber("output", 0);
/** The same, or -1 for none. */
export const outputPortOrNone: StoredType<number, U32Field> = portNumber("output", -1);
export const inputPortOrNone: StoredType<number, U32Field> = portNumber("input", -1);
