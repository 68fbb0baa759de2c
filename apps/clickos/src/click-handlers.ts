/** What `click` reads when the driver has stopped: the handlers of `-h`, and that of `-x`. */
import { HandlerError, type HandlerReport, type HandlerTree } from "@clickos/click-core";
import { arg, emptyScope, readText } from "@clickos/click-core/element";

/** Where values and complaints go. */
export interface Sink {
  print(text: string): void;
  complain(message: string): void;
}

/** Classes that count as others, as Click's `cast` has it. */
const alsoIs: Readonly<Record<string, readonly string[]>> = {
  Queue: ["FullNoteQueue", "NotifierQueue", "SimpleQueue", "Storage"],
  FullNoteQueue: ["Queue", "NotifierQueue", "SimpleQueue", "Storage"],
  NotifierQueue: ["SimpleQueue", "Queue", "Storage"],
  ThreadSafeQueue: ["FullNoteQueue", "NotifierQueue", "SimpleQueue", "Queue", "Storage"],
  SimpleQueue: ["Queue", "Storage"],
  AdaptiveRED: ["RED"],
  PullSwitch: ["SimplePullSwitch"],
};

/**
 * Prints handlers: the bare value of one; of several, each below its name. `ELEMENT.HANDLER` is that of the element, or else of
 * all that the name matches as a pattern, or of that class, which have it; a name without a dot is the router's. Whether all
 * was there.
 */
export function printHandlers(router: HandlerTree, wanted: readonly string[], sink: Sink): boolean {
  let fine = true;
  const complain = (message: string): void => {
    sink.complain(message);
    fine = false;
  };
  const several = wanted.length > 1;
  for (const path of wanted) {
    const dot = path.indexOf(".");
    if (dot < 0) {
      printOne(router, path, `.${path}`, several, sink, complain);
      continue;
    }
    const [element, handler] = [path.slice(0, dot), path.slice(dot + 1)];
    const elements = elementsOf(router);
    if (elements.includes(element)) {
      printOne(router, path, path, several, sink, complain);
      continue;
    }
    const isPattern = /[?*[]/.test(element);
    const pattern = isPattern ? globPattern(element) : undefined;
    const found = elements.filter((name) =>
      pattern ? pattern.test(name) : isOfClass(router.read(`${name}.class`), element),
    );
    if (found.length === 0) complain(`no element ${isPattern ? "matching " : ""}'${element}'`);
    for (const name of found)
      if (isReadable(router, `${name}.${handler}`))
        printOne(router, `${name}.${handler}`, `${name}.${handler}`, true, sink, complain);
  }
  return fine;
}

function printOne(
  router: HandlerTree,
  shown: string,
  path: string,
  named: boolean,
  sink: Sink,
  complain: (message: string) => void,
): void {
  let raw: boolean;
  try {
    const { access, hidden, flags } = router.describe(path);
    if (hidden) throw new HandlerError("NO_HANDLER", "");
    if (access === "w") {
      complain(`'${shown}' is a write handler`);
      return;
    }
    raw = flags?.includes("%") ?? false;
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
    complain(`no '${shown}' handler`);
    return;
  }
  const value = router.read(path, "", unheard());
  const ended = raw || value === "" || value.endsWith("\n") ? value : `${value}\n`;
  sink.print(named ? `${shown}:\n${ended}\n` : ended);
}

/** What a handler has to say beside its value is not told. */
function unheard(): HandlerReport {
  return { status: 0, error() {}, warn() {}, tell() {} };
}

function elementsOf(router: HandlerTree): string[] {
  return router.read("list").split("\n").slice(1, -1);
}

function isOfClass(className: string, wanted: string): boolean {
  return className === wanted || (alsoIs[className]?.includes(wanted) ?? false);
}

function isReadable(router: HandlerTree, path: string): boolean {
  try {
    const { access, hidden } = router.describe(path);
    return access !== "w" && !hidden;
  } catch (e) {
    if (e instanceof HandlerError) return false;
    throw e;
  }
}

/**
 * Patterns of names as Click matches them. A bracket never looks at its first character, and at its closing one as well; that is
 * how it is.
 */
export function globPattern(pattern: string): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] as string;
    if (c === "*") source += "[^]*";
    else if (c === "?") source += "[^]";
    else if (c === "[") {
      const negated = pattern[i + 1] === "^";
      const first = i + (negated ? 2 : 1);
      const end = first < pattern.length ? pattern.indexOf("]", first + 1) : -1;
      if (end < 0) source += "\\[";
      else {
        source += `[${negated ? "^" : ""}${pattern.slice(first + 1, end + 1).replace(/[\\\]^-]/g, "\\$&")}]`;
        i = end;
      }
    } else {
      const literal = c === "\\" && i + 1 < pattern.length ? (pattern[++i] as string) : c;
      source += literal.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
    }
  }
  return new RegExp(`^${source}$`);
}

/** The exit status that a handler says: a number, or 0 for true and 1 for false; -1 where it says none. */
export function exitStatus(router: HandlerTree, call: string, sink: Sink): number {
  const [, path = "", parameter = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(call) ?? [];
  let value: string;
  try {
    value = router.read(path, parameter, unheard()).trim();
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
    sink.complain(e.reason);
    return -1;
  }
  const number = readText(arg.i32, value, emptyScope);
  if (typeof number === "number") return number;
  const flag = readText(arg.bool, value, emptyScope);
  if (typeof flag === "boolean") return flag ? 0 : 1;
  sink.complain("exit handler value should be integer");
  return -1;
}
