/** Watches of handlers, which go on when their router is replaced, or its domain started anew. */
import type { Item, StreamParams } from "@clickos/client";
import type { Domains } from "./domains.ts";
import type { Events } from "./events.ts";
import type { StreamSink } from "./streams.ts";

type Params = StreamParams<"handler.watch">;

/** Tells the values of now, and each that changes; what it returns ends it. @throws {HandlerError} @throws {DaemonError} */
export function watchHandlers(
  domains: Domains,
  events: Events,
  { paths, domain, router = 0 }: Params,
  sink: StreamSink<Item<"handler.watch">>,
): () => void {
  let vm = domains.get(domain);
  const watches: Disposable[] = [];
  const drop = (): void => {
    for (const watch of watches.splice(0)) watch[Symbol.dispose]();
  };
  const begin = (): void => {
    drop();
    try {
      const tree = vm.handlers(router);
      for (const given of paths) {
        const { path } = tree.describe(given);
        sink.item({ path, value: tree.read(path) });
        watches.push(tree.watch(path, (value) => sink.item({ path, value })));
      }
    } catch (e) {
      drop();
      throw e;
    }
  };
  begin();
  const deaf = events.listen(({ event, subject }) => {
    if (event === "domain.destroyed" && subject === vm.name) {
      close();
      sink.end();
      return;
    }
    const isNew = event === "domain.restarted" && subject === vm.name;
    if (!isNew && !(event === "router.running" && subject === `${vm.name}/${router}`)) return;
    try {
      if (isNew) vm = domains.get(subject);
      begin();
    } catch (e) {
      close();
      sink.end((e as Error).message);
    }
  });
  const close = (): void => {
    deaf();
    drop();
  };
  return close;
}
