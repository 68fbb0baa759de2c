/** Arguments that an element reads by another specification: what Click's elements do whose first argument says what follows. */
import { assignArguments } from "../arguments/assign-arguments.ts";
import type { ConfigOf, ConfigSpec } from "../arguments/config-spec.ts";
import { type AboutArgument, readArguments } from "../arguments/read-arguments.ts";
import type { PrepareContext } from "./element.ts";
import type { ElementReport } from "./element-report.ts";

/**
 * Reads what is the rest of the arguments by `whole`, the class's own specification; every mistake is reported, and nothing is
 * given back where there is one.
 */
export function readRest<C extends ConfigSpec>(
  spec: C,
  whole: ConfigSpec,
  reading: ElementReport & Pick<PrepareContext<unknown>, "arguments" | "scope">,
): ConfigOf<C> | undefined {
  const left = assignArguments(whole, reading.arguments).rest;
  const about = ({ argument }: AboutArgument, subject?: string) => {
    const place = argument === undefined ? undefined : left[argument]?.argument;
    return { ...(place === undefined ? {} : { argument: place }), ...(subject ? { subject } : {}) };
  };
  let failed = false;
  const read = readArguments(spec, left, reading.scope, {
    error(argument, subject, message, hint) {
      failed = true;
      reading.error(message, about(argument, subject), hint);
    },
    warning: (argument, subject, message) => reading.warning(message, about(argument, subject)),
    note: (argument, subject, message) => reading.note(message, about(argument, subject)),
  });
  return failed ? undefined : read;
}
