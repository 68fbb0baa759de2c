/**
 * IPClassifier(PATTERN, ...) — sends IP packets to the output of the first pattern that matches.
 *
 * One pattern for each output, in IPFilter's expression language; `-` matches all. A packet that none matches is
 * dropped.
 *
 * Handlers: program (read: the patterns).
 *
 *   c :: IPClassifier(tcp dst port 80, udp, -);
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core";
import { decisionTree } from "./decision-tree.ts";
import { never } from "./expression.ts";
import { stageIpLookup } from "./ip-lookup.ts";
import { PatternError, parseIpPattern } from "./ip-pattern.ts";

export const IPClassifier: ElementClass = element({
  name: "IPClassifier",
  ports: "1/-",
  processing: "h/h",
  config: { PATTERN: rest(arg.raw) },
  prepare({ config, noutputs, error }) {
    if (config.PATTERN.length !== noutputs)
      error(`${config.PATTERN.length} patterns, but ${noutputs} outputs are connected; each pattern needs one`);
    const rules = config.PATTERN.map((text: string, result: number) => {
      try {
        return { when: parseIpPattern(text), result };
      } catch (e) {
        if (!(e instanceof PatternError)) throw e;
        error(`pattern ${result + 1}: ${e.message}`, result);
        return { when: never, result };
      }
    });
    return { tree: decisionTree(rules) };
  },
  handlers: { program: { read: (_s, { config }) => config.PATTERN.join("\n") } },
  push(c, _port, packet, { plan, output, noutputs, name }) {
    c.switch(
      stageIpLookup(c, name, packet, plan.tree),
      Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
      () => packet.drop("no pattern matches"),
    );
  },
});
