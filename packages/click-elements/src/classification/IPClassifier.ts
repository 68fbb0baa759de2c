/**
 * IPClassifier(PATTERN, ...) — sends IP packets to the output of the first pattern that matches.
 *
 * There is one pattern for each output; `-` matches all packets. A packet that no pattern matches is dropped. A pattern is made of
 * primitives such as `src host 10.0.0.1`, `dst net 10.0.0.0/8`, `tcp dst port 80`, `icmp type echo`, `ip frag` and `ip[8:1] > 1`,
 * joined by `and`, `or`, `not` and parentheses: the page of IPFilter has all of them.
 *
 * Handlers: program (read: the program that Click would compile the patterns to), lookup (read: what
 * packets are looked up in, as of IPFilter), pattern0, pattern1, ... (read and write).
 *
 *   ... -> CheckIPHeader -> c :: IPClassifier(tcp dst port 80, udp, -); c [0] -> ...; c [1] -> ...; c [2] -> Discard
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { argumentHandlers } from "../lib/argument-handlers.ts";
import { stageIpLookup } from "./ip-lookup.ts";
import { readFilterRules } from "./ip-rules.ts";

export const IPClassifier: ElementClass = element({
  name: "IPClassifier",
  ports: "1/-",
  processing: "h/h",
  live: true,
  config: { PATTERN: rest(arg.raw) },
  prepare(context) {
    const { arguments: texts, noutputs } = context;
    let sound = true;
    const error: typeof context.error = (...mistake) => {
      sound = false;
      context.error(...mistake);
    };
    if (texts.length !== noutputs) error(`need ${noutputs} arguments, one per output port`);
    const rules = sound
      ? readFilterRules(
          texts.map((text, i) => `${i} ${text}`),
          { ...context, error },
        )
      : readFilterRules([], context);
    if (sound) for (const output of rules.unreached(noutputs)) context.warning(`output ${output} matches no packets`);
    return { rules, texts };
  },
  handlers: {
    program: { kind: "table", constant: ({ plan }) => plan.rules.program },
    lookup: { kind: "table", read: (_s, { plan }) => plan.rules.lookup },
  },
  furtherHandlers: ({ plan: { texts }, outputs }) => argumentHandlers("pattern", texts, outputs.length),
  push(c, _port, packet, { plan, output, name, data }) {
    const { rules, decisions } = plan.rules;
    c.switch(
      stageIpLookup(c, { name, data }, packet, decisions),
      rules.map(
        ({ when, output: to }) =>
          () =>
            when ? output(to).push(packet) : packet.kill(),
      ),
      () => packet.drop("no pattern matches"),
    );
  },
});
