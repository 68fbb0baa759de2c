/** Calls of handlers by scripts, by the names that scripts have for them. */
import { findHandler, HandlerError, type HandlerReport, type ServiceHost } from "@clickos/click-core/element";
import { shiftWord, unquote } from "@clickos/click-language/arguments";
import { type Complaints, under } from "./complaints.ts";
import { turn } from "./turn.ts";

/** A handler that was found, and what it is called with. */
export interface HandlerCall {
  /** Its full name. */
  readonly path: string;
  readonly value: string;
}

export class HandlerCalls {
  private readonly host: ServiceHost;
  /** The script's own element. */
  private readonly self: string;

  constructor(host: ServiceHost, self: string) {
    this.host = host;
    this.self = self;
  }

  /** The call that a text describes; what is wrong with it is told. */
  find(
    text: string,
    access: "r" | "w",
    errors: Pick<Complaints, "error">,
    { unquoting = false }: { readonly unquoting?: boolean } = {},
  ): HandlerCall | undefined {
    const [word, rest] = shiftWord(text);
    const name = unquote(word);
    const value = unquoting ? unquote(rest) : rest;
    const dot = name.indexOf(".");
    if (name === "" || (dot > 0 && dot === name.length - 1)) {
      errors.error("syntax error");
      return undefined;
    }
    const element = dot > 0 ? this.elementNamed(name.slice(0, dot)) : undefined;
    const own =
      element === undefined && dot !== 0 ? findHandler(this.host.handlers, `${this.self}.${name}`) : undefined;
    if (own === undefined && element === undefined && dot > 0) {
      errors.error(`no element named '${name.slice(0, dot)}'`);
      return undefined;
    }
    const path = own?.path ?? (element === undefined ? name.slice(dot + 1) : `${element}.${name.slice(dot + 1)}`);
    const entry = own ?? findHandler(this.host.handlers, path);
    if (entry === undefined || !entry.access.includes(access)) {
      errors.error(`no '${path}' ${access === "w" ? "write" : "read"} handler`);
      return undefined;
    }
    if (access === "r" && value !== "" && !entry.flags?.includes("+")) {
      errors.error(`read handler '${path}' does not take parameters`);
      return undefined;
    }
    return { path, value };
  }

  private elementNamed(name: string): string | undefined {
    return findHandler(this.host.handlers, `${name}.name`)?.path.slice(0, -".name".length);
  }

  /** The value; empty where there is none, and what is wrong is told. */
  read({ path, value }: HandlerCall, errors: Complaints): string {
    let result = "";
    this.telling(errors, (report) => {
      result = this.host.handlers.read(path, value, report);
    });
    turn.read(result.length);
    return result;
  }

  /** How it ended: below 0 where something is wrong, which is told. */
  write({ path, value }: HandlerCall, errors: Complaints): number {
    if (/(?:^|\.)(?:hot)?config$/.test(path)) turn.compiled();
    return this.telling(errors, (report) => this.host.handlers.write(path, value, report));
  }

  /** The complaints of a call, under a heading of its own. */
  static complaints({ path, value }: HandlerCall, errors: Complaints): Complaints {
    return under(`While calling '${path}${value === "" ? "" : ` ${value}`}':`, errors);
  }

  private telling(errors: Complaints, call: (report: HandlerReport) => void): number {
    const report: HandlerReport = {
      status: 0,
      error: (message) => errors.error(message),
      warn: (message) => errors.warn(message),
      tell: (text) => errors.tell(text),
    };
    try {
      call(report);
    } catch (e) {
      if (!(e instanceof HandlerError)) throw e;
      report.error(e.reason);
      report.status = -22;
    }
    return report.status;
  }
}
