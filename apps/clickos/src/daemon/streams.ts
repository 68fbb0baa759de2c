/** What each stream tells, until it is closed. */
import type { Item, StreamName, StreamParams } from "@clickos/client";
import type { Machine } from "./machine.ts";
import { tapPort } from "./tap.ts";
import { tapElement, traceRouter } from "./trace.ts";
import { watchHandlers } from "./watch-handlers.ts";

export interface StreamSink<I> {
  item(item: I): void;
  /** Nothing more comes; with an error, because of it. */
  end(error?: string): void;
}

/** Each begins with its parameters, and gives what ends it. */
export type MachineStreams = {
  readonly [S in StreamName]: (params: StreamParams<S>, sink: StreamSink<Item<S>>) => () => void;
};

/** How often a console that is followed is looked at. */
const lookMs = 50;

export function machineStreams({ events, domains, switches, recordings }: Machine): MachineStreams {
  return {
    "daemon.events": (_params, sink) => events.listen((event) => sink.item(event)),

    "domain.follow": ({ name }, sink) => {
      const why = domains.failure(name);
      if (why !== undefined) {
        sink.item({ text: `${why}\n` });
        sink.end();
        return () => {};
      }
      const { domain } = domains.get(name);
      let seen = 0;
      const look = (): void => {
        const { console, consoleBytes } = domain;
        if (consoleBytes > seen) {
          // It keeps the last of what was printed: what is older than that is lost to who comes late.
          const fresh = Buffer.from(console);
          sink.item({ text: fresh.subarray(Math.max(0, fresh.length - (consoleBytes - seen))).toString() });
          seen = consoleBytes;
        }
        if (domain.state === "destroyed") {
          clearInterval(timer);
          sink.end();
        }
      };
      const timer = setInterval(look, lookMs);
      look();
      return () => clearInterval(timer);
    },

    "port.tap": (params, sink) => tapPort(switches.get(params.switch), params, sink),

    "router.trace": (params, sink) => traceRouter(recordings, domains.get(params.domain), params, sink),

    "element.tap": (params, sink) => tapElement(recordings, domains.get(params.domain), params, sink),

    "handler.watch": (params, sink) => watchHandlers(domains, events, params, sink),
  };
}
