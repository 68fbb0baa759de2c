/**
 * AggregateFirst([keyword NOTIFIER]) — lets the first packet of each aggregate through.
 *
 * The aggregate annotation says which aggregate a packet belongs to. Later packets of one that has had its first leave on output 1
 * if it is connected, and are dropped otherwise. NOTIFIER names an element that numbers aggregates, such as AggregateIPFlows; then what
 * is known of an aggregate is forgotten when that has ended.
 *
 *   ... -> af :: AggregateIPFlows -> AggregateFirst(NOTIFIER af) -> ...
 */
import { annotation, arg, type ElementClass, element, hashTable, keyword } from "@clickos/click-core/element";
import { AggregateListener, notifierProblem } from "../lib/aggregate-notifier.ts";

export const AggregateFirst: ElementClass = element({
  name: "AggregateFirst",
  ports: "1/1-2",
  processing: "a/ah",
  config: { NOTIFIER: keyword(arg.elementName(), undefined) },
  prepare({ config, error }) {
    const problem = notifierProblem(config.NOTIFIER);
    if (problem) error(problem);
  },
  state: { seen: hashTable({ keyWords: 1, queues: 0, value: {} }) },
  offers: (offer) => [
    offer(
      AggregateListener,
      (c, { state: { seen } }) => ({
        ended(aggregate) {
          const entry = seen.find([aggregate]);
          c.if(entry, () => seen.remove(entry));
        },
      }),
      undefined,
      ({ config }) => config.NOTIFIER?.name,
    ),
  ],
  action(c, packet, { state: { seen }, output }) {
    const fresh = c.var("i32", 0, "fresh");
    // Where there is no memory for another, its packets are not let through, as in Click.
    seen.findOrAdd([packet.annotation32(annotation.aggregate).get()], () => fresh.set(1));
    c.if(fresh.get().eqz(), () => output(1).push(packet, "not the first of its aggregate"));
  },
});
