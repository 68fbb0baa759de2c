/** What live arguments add to a class: a field of the state for each, its first value, and a handler. */
import type { Fields, FieldType } from "@clickos/layout";
import { Mistake, readText } from "../arguments/argument-type.ts";
import { assignArguments } from "../arguments/assign-arguments.ts";
import type { ConfigSpec } from "../arguments/config-spec.ts";
import type { LiveType } from "../arguments/live.ts";
import type { ElementClass } from "./element.ts";
import type { Handler, HandlerContext } from "./handler.ts";
import { ElementDefinitionError } from "./ownership.ts";

interface Live {
  readonly argument: string;
  readonly field: string;
  readonly type: LiveType<any, FieldType<any>>;
}

/** The class with all that its live arguments are. */
export function withLiveArguments(cls: ElementClass): ElementClass {
  const lives: Live[] = [];
  const { config } = cls as { readonly config?: ConfigSpec };
  for (const argument in config) {
    const { type } = config[argument] as ConfigSpec[string];
    if ("live" in type) lives.push({ argument, field: argument.toLowerCase(), type: type as Live["type"] });
  }
  if (lives.length === 0) return cls;
  const fields: Fields = Object.fromEntries(lives.map(({ field, type }) => [field, type.stored.field]));
  const handlers = Object.fromEntries(
    lives.map(({ field, type }) => [type.live.handler ?? field, liveHandler(field, type)]),
  );
  for (const name of Object.keys(handlers))
    if (Object.hasOwn(cls.handlers ?? {}, name))
      throw new ElementDefinitionError(`${cls.name}: the handler '${name}' is that of a live argument`);
  const together = (own: Fields): Fields => {
    for (const { field } of lives)
      if (Object.hasOwn(own, field))
        throw new ElementDefinitionError(`${cls.name}: the field '${field}' is that of a live argument`);
    return { ...fields, ...own };
  };
  const { state = {}, initial } = cls;
  return {
    ...cls,
    state: typeof state === "function" ? (context: any) => together(state(context)) : together(state),
    // What an argument that was not given comes to, the class says itself.
    initial: (context: { readonly config: any; readonly plan: any }) => ({
      ...Object.fromEntries(
        lives.flatMap(({ argument, field, type }) => {
          const value: unknown = context.config[argument];
          return value === undefined ? [] : [[field, type.stored.store(value)]];
        }),
      ),
      ...initial?.(context),
    }),
    handlers: { ...cls.handlers, ...handlers },
  };
}

function liveHandler(field: string, type: LiveType<any, FieldType<any>>): Handler<any, any, any> {
  const { stored, live } = type;
  const kind = live.kind ?? stored.kind;
  const unit = live.unit ?? stored.unit;
  return {
    ...(kind === "text" ? { read: (state: any) => stored.show?.(state[field]) ?? "" } : { [kind]: field }),
    ...(stored.signed ? { signed: true } : {}),
    ...(unit === undefined ? {} : { unit }),
    ...(live.flags === undefined ? {} : { flags: live.flags }),
    write(state: any, text: string, context: HandlerContext<any, any>) {
      const value = readText(type, text.trim(), context.scope);
      if (value instanceof Mistake) throw live.refusal ?? stored.refusal ?? value.message;
      state[field] = stored.store(value);
      if (live.written) live.written(context, state);
      else context.schedule();
    },
  };
}

/** An argument of an element that is changed by its handler. */
export interface WritableArgument {
  readonly handler: string;
  /** The argument's text, without its keyword. */
  readonly text: string;
}

/** By their places, the arguments of an element of a class that can be changed while the router runs. */
export function writableArguments(
  { config = {} }: { readonly config?: ConfigSpec },
  texts: readonly string[],
): ReadonlyMap<number, WritableArgument> {
  const found = new Map<number, WritableArgument>();
  for (const [name, { argument, text }] of assignArguments(config, texts).given) {
    const type = config[name]?.type;
    if (type && "live" in type)
      found.set(argument, { handler: (type as Live["type"]).live.handler ?? name.toLowerCase(), text });
  }
  return found;
}
