/** Opens the host sides of a router's elements, as they are initialized. */
import { ConfigurationError, type Diagnostic, Diagnostics, landmark } from "@clickos/click-language";
import { elementTitle } from "@clickos/click-language/ports";
import type { CheckedGraph, ElementInstance } from "../compile/check.ts";
import { needsService } from "../compile/compile.ts";
import { elementReport } from "../element/element-report.ts";
import { Refusal } from "../element/refusal.ts";
import type { HostService, ServiceHost } from "../element/service.ts";

export interface OpenedServices {
  /** By element; `undefined` where it has none. */
  readonly services: readonly (HostService | undefined)[];
  readonly warnings: readonly Diagnostic[];
}

/** What the router gives a host side: itself, and what a former element of that name and class keeps. */
interface Given {
  readonly host: ServiceHost;
  readonly former: unknown;
}

/**
 * Opens them in the order of initialization; those in `reuse` are taken as they are.
 *
 * @throws {ConfigurationError} for the first that fails; those opened before it are closed.
 */
export function openServices(
  { elements, order }: CheckedGraph,
  reuse: ReadonlyMap<string, HostService>,
  given: (element: ElementInstance) => Given,
): OpenedServices {
  const diagnostics = new Diagnostics();
  diagnostics.parsed = true;
  const services: (HostService | undefined)[] = elements.map(() => undefined);
  const opened: HostService[] = [];
  try {
    for (const index of order) {
      const e = elements[index] as ElementInstance;
      if (!e.class.service || !needsService(e)) continue;
      const known = reuse.get(e.source.name);
      const service = known ?? open(e, given(e), diagnostics);
      services[index] = service;
      if (service && !known) opened.push(service);
      diagnostics.throwIfFailed();
    }
  } catch (e) {
    for (const service of opened) service.close?.();
    throw e;
  }
  return { services, warnings: diagnostics.list };
}

/** An element's host side that cannot be opened. */
export function initializeError({ source }: ElementInstance, problem: string): ConfigurationError {
  const section = { stage: "initializing", element: elementTitle(source), place: source.place } as const;
  return new ConfigurationError([{ severity: "error", message: problem, place: source.place, section }]);
}

/** Fails for the first element that works with a device, where there is none. @throws {ConfigurationError} */
export function refuseDevices({ elements, order }: CheckedGraph, there: boolean | ReadonlySet<number> = true): void {
  if (there === true) return;
  const numbers = there === false ? new Set<number>() : there;
  for (const index of order) {
    const e = elements[index] as ElementInstance;
    if (e.device !== undefined && !numbers.has(e.device))
      throw initializeError(e, e.class.withoutDevice?.(e.config as never) ?? "no such device");
  }
}

function open(e: ElementInstance, { host, former }: Given, diagnostics: Diagnostics): HostService | undefined {
  const section = { stage: "initializing", element: elementTitle(e.source), place: e.source.place } as const;
  const report = elementReport(diagnostics, section, e.source.arguments);
  try {
    return e.class.service?.({
      ...report,
      config: e.config,
      plan: e.plan,
      name: e.source.name,
      ninputs: e.inputs.length,
      noutputs: e.outputs.length,
      arguments: e.source.arguments.map((a) => a.text),
      landmark: landmark(e.source.place),
      host,
      former,
    });
  } catch (problem) {
    if (problem instanceof Refusal) {
      const titled = { ...section, element: elementTitle(e.source) + (problem.shown ? `(${problem.shown})` : "") };
      elementReport(diagnostics, titled).error(problem.message, { landmark: problem.landmark });
    } else if (typeof problem === "string") report.error(problem);
    else throw problem;
    return undefined;
  }
}
