/** A router as the lookup of a switch: it gets the frames of each batch, and its `ToDevice`s say where they go. */
import { ConfigurationError } from "@clickos/click-language";
import { maximumFrame, maximumLargeFrame } from "../element/packet.ts";
import { lookupPlatform } from "./lookup-platform.ts";
import { Router } from "./router.ts";
import type { RouterOptions } from "./router-options.ts";

export interface LookupOptions extends RouterOptions {
  /** Bytes of the longest frame that is looked up; longer ones are dropped by the switch. 1,840 by default. */
  readonly frameLimit?: number;
}

/**
 * A lookup module for a switch; `moduleLookup` of `@clickos/vale` takes it. What is in the block of `batch` is documented there.
 */
export interface LookupRouter extends Disposable {
  /** Its handlers; it may be replaced by `hotswap`, and keeps its state as any router does. */
  readonly router: Router;
  readonly memory: WebAssembly.Memory;
  batch(): number;
  lookup(count: number): number;
}

/**
 * Compiles a configuration to a lookup: `FromDevice(n)` receives copies of the frames that came in at port n of the switch, and where a copy
 * reaches `ToDevice(m)` the frame goes to port m. One that reaches several goes to each, and one that reaches none is dropped. The switch
 * forwards frames as they came, whatever the configuration writes to its copies; packets that it makes itself, and those that come out
 * after their batch is done, go nowhere and are counted among its drops.
 *
 * All of it happens within one call a batch, in which tasks and timers run until there is nothing left for them. Elements that need the
 * host's files or sockets are refused.
 *
 * @throws {ConfigurationError} with everything that is wrong with the configuration.
 * @throws {RangeError} for a `frameLimit` that no packet can have.
 */
export async function compileLookup(text: string, options: LookupOptions): Promise<LookupRouter> {
  const { frameLimit = maximumFrame } = options;
  if (!Number.isInteger(frameLimit) || frameLimit < 1 || frameLimit > maximumLargeFrame)
    throw new RangeError(`a frame limit of ${frameLimit}; it is a whole number from 1 to ${maximumLargeFrame}`);
  const router = await Router.compile(text, {
    ...options,
    services: false,
    platform: (routerOptions) => lookupPlatform(routerOptions, frameLimit),
  });
  if (!router.entry("lookup"))
    throw new ConfigurationError([
      {
        severity: "error",
        message: "a lookup has a FromDevice for each port whose frames it looks up, and this configuration has none",
        place: undefined,
      },
    ]);
  return {
    router,
    get memory() {
      return router.memory;
    },
    batch: () => router.entry("batch")?.() ?? 0,
    lookup: (count) => router.enter("lookup", count),
    [Symbol.dispose]: () => router.close(),
  };
}
