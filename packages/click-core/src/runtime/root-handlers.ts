/** Handlers of the router itself. */
import { ConfigurationError, type Diagnostic, formatDiagnostics, graphText } from "@clickos/click-language";
import type { CheckedConfiguration } from "../compile/compile.ts";
import { HandlerRefusal, refused, type ServiceHandler } from "../element/handler.ts";
import type { HandlerTree } from "../element/handler-tree.ts";
import { readInteger } from "./integer.ts";
import { handlerLines } from "./router-handlers.ts";
import type { RouterOptions } from "./router-options.ts";
import type { TimeWarp } from "./time-warp.ts";

/** The version of the language and its handlers. */
export const clickVersion = "2.1";

/** What these handlers work with. */
export interface RootRouter extends Pick<HandlerTree, "list" | "describe" | "read"> {
  readonly configuration: CheckedConfiguration;
  stop(times: number): void;
  hotswap(text: string, warn: (warnings: readonly Diagnostic[]) => void): void;
  /** Its time was changed. */
  warped(): void;
}

/** In the order in which Click adds them, which is that of its list. */
export function rootHandlers(
  router: RootRouter,
  options: RouterOptions,
  warp: TimeWarp,
): Record<string, ServiceHandler> {
  const { clock, elements, reconfigurable, simulation } = options;
  const graph = (): CheckedConfiguration["graph"] => router.configuration.graph;
  return {
    version: { read: () => clickVersion },
    driver: { read: () => "userlevel" },
    config: {
      read: () =>
        graph().requirements.some((r) => r.type === "compact_config")
          ? graphText(graph())
          : router.configuration.source.text,
    },
    flatconfig: { read: () => graphText(shown(router)) },
    requirements: {
      read: () =>
        graph()
          .requirements.map((r) => `${r.type}\n${r.name}\n`)
          .join(""),
    },
    handlers: {
      read: () =>
        handlerLines(
          router
            .list()
            .filter((path) => !path.includes("."))
            .map((path) => [path, router.describe(path)]),
        ),
    },
    list: {
      read: () =>
        `${graph().elements.length}\n${graph()
          .elements.map((e) => `${e.name}\n`)
          .join("")}`,
    },
    stop: { kind: "text", write: (value) => router.stop(readInteger(value) ?? 1) },
    classes: { read: () => [...Object.keys(elements)].sort().join("\n").concat("\n") },
    packages: { read: () => "" },
    ...(reconfigurable
      ? {
          hotconfig: {
            kind: "text",
            flags: "%",
            write: (text, report) => {
              const tell = (said: readonly Diagnostic[]): void =>
                report.tell(
                  formatDiagnostics(said, { plain: true }),
                  said.some(({ severity }) => severity === "warning") ? "warning" : "note",
                );
              refusing(
                () => router.hotswap(text, tell),
                (e) => e.report(),
              );
            },
          },
        }
      : {}),
    timewarp:
      clock || simulation !== undefined
        ? { read: () => "simulation" }
        : {
            read: () => warp.text,
            write: (text) => {
              warp.text = text;
              router.warped();
            },
          },
  };
}

/** The graph, with what elements show as their configuration. */
function shown({ configuration, read }: RootRouter): CheckedConfiguration["graph"] {
  const { graph, checked } = configuration;
  const ownText = (index: number): boolean => Object.hasOwn(checked.elements[index]?.class.handlers ?? {}, "config");
  return {
    ...graph,
    elements: graph.elements.map((e, i) => (ownText(i) ? { ...e, configText: read(`${e.name}.config`) } : e)),
  };
}

/** A handler refuses a configuration as it refuses any value: by throwing its text. */
export function refusing<T>(
  configure: () => T,
  text: (e: ConfigurationError) => string,
  status: (e: ConfigurationError) => number = () => refused,
): T {
  try {
    return configure();
  } catch (e) {
    if (e instanceof ConfigurationError) throw new HandlerRefusal(text(e), status(e));
    throw e;
  }
}
