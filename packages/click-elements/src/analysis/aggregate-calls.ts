/** What an AggregateCounter does when it knows so many aggregates, or has counted so much. */
import { arg, emptyScope, Mistake, type PrepareContext, readText } from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import type { HandlerCall } from "../lib/handler-call.ts";

export interface AggregateCall extends HandlerCall {
  readonly at: bigint;
  /** The element does the first two by itself. */
  readonly does: "freeze" | "stop" | "call";
  /** The handler's name in full. */
  readonly shown: string;
}
export interface CallPlan {
  readonly aggregates: AggregateCall | undefined;
  readonly total: AggregateCall | undefined;
}
/** Numbers that are never reached: there is nothing to be done. */
export const never = { aggregates: 0xffffffff, total: 0xffffffffffffffffn } as const;

interface CallConfig {
  readonly AGGREGATE_FREEZE: number;
  readonly AGGREGATE_STOP: number;
  readonly AGGREGATE_CALL: string;
  readonly COUNT_FREEZE: bigint;
  readonly COUNT_STOP: bigint;
  readonly COUNT_CALL: string;
}
type Which = "AGGREGATE" | "COUNT";
type Call = Omit<AggregateCall, "shown">;
const types = { AGGREGATE: arg.u32, COUNT: arg.u64 } as const;

export function readCalls(context: PrepareContext<CallConfig>, own: (handler: string) => boolean): CallPlan {
  const call = (which: Which): AggregateCall | undefined => {
    const found = readCall(which, context);
    return found && { ...found, shown: fullName(found.path, context, own) };
  };
  return { aggregates: call("AGGREGATE"), total: call("COUNT") };
}

/** The name of a handler as the router has it. */
function fullName(
  path: string,
  { name, scope }: PrepareContext<CallConfig>,
  own: (handler: string) => boolean,
): string {
  const dot = path.indexOf(".");
  if (dot < 0) return own(path) ? `${name}.${path}` : path;
  return `${scope.element(path.slice(0, dot))?.name ?? path.slice(0, dot)}${path.slice(dot)}`;
}

function readCall(which: Which, { config, name, error }: PrepareContext<CallConfig>): Call | undefined {
  const [freeze, stop] = [BigInt(config[`${which}_FREEZE`]), BigInt(config[`${which}_STOP`])];
  const none = BigInt(which === "AGGREGATE" ? never.aggregates : never.total);
  const text = config[`${which}_CALL`];
  if (Number(freeze !== none) + Number(stop !== none) + Number(text !== "") > 1) {
    error(`'${which}_FREEZE', '${which}_STOP', and '${which}_CALL' are mutually exclusive`);
    return undefined;
  }
  if (freeze !== none) return { at: freeze, does: "freeze", path: `${name}.freeze`, value: "true" };
  if (stop !== none) return { at: stop, does: "stop", path: `${name}.stop`, value: "" };
  if (text === "") return undefined;
  const call = splitCall(which, text);
  if (!call)
    error(`${which}_CALL first word should be unsigned (${which === "AGGREGATE" ? "number of aggregates" : "count"})`);
  return call;
}

/** `N HANDLER [VALUE]`; `undefined` where the first word is no number. */
function splitCall(which: Which, text: string): Call | undefined {
  const [number, rest] = takeWord(text);
  const at = readText<number | bigint>(types[which], number, emptyScope);
  if (at instanceof Mistake) return undefined;
  const [path, value] = takeWord(rest);
  return { at: BigInt(at), does: "call", path, value: value.trimEnd() };
}

/**
 * Has another call in the place of one, or of what else is done there; `when` notes at which number. Throws, as a `string`, what is wrong: then
 * it notes the former one again.
 */
export function overrideCall(
  which: Which,
  text: string,
  { config, override }: { readonly config: CallConfig; override(argument: string, text: string): void },
  when: (at: bigint | undefined) => void,
): void {
  const call = splitCall(which, text.trim());
  if (!call) throw `argument to '${which.toLowerCase()}_call' should be 'N HANDLER [VALUE]'`;
  const none = String(which === "AGGREGATE" ? never.aggregates : never.total);
  when(call.at);
  try {
    for (const other of [`${which}_FREEZE`, `${which}_STOP`] as const)
      if (String(config[other]) !== none) override(other, none);
    override(`${which}_CALL`, text.trim());
  } catch (e) {
    when(undefined);
    throw e;
  }
}
