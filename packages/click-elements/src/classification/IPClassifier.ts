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
import { type ElementClass, element, rest } from "@clickos/click-core/element";
import { stageIpLookup } from "./ip-lookup.ts";
import { ipPattern } from "./ip-pattern.ts";
import { patternTree } from "./patterns.ts";

export const IPClassifier: ElementClass = element({
  name: "IPClassifier",
  ports: "1/-",
  processing: "h/h",
  live: true,
  config: { PATTERN: rest(ipPattern) },
  prepare: (context) => ({ tree: patternTree(context.config.PATTERN, context), program: context.arguments.join("\n") }),
  handlers: { program: { constant: ({ plan }) => plan.program } },
  push(c, _port, packet, { plan, output, noutputs, name, data }) {
    c.switch(
      stageIpLookup(c, { name, data }, packet, plan.tree()),
      Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
      () => packet.drop("no pattern matches"),
    );
  },
});
