/**
 * Classifier(PATTERN, ...) — sends packets to the output of the first pattern whose bytes match.
 *
 * There is one pattern for each output. A pattern is `-`, which matches all packets, or clauses with spaces between them, all of
 * which must match:
 *
 *   OFFSET/VALUE           the bytes from OFFSET on are VALUE: hexadecimal digits, two a byte; `?` is any digit
 *   OFFSET/VALUE%MASK      the same in the bits that are set in MASK
 *   !OFFSET/VALUE          they are not
 *
 * OFFSET is decimal and counts from the first byte of the data. A packet that is too short for a clause does not match it. A packet
 * that no pattern matches is dropped.
 *
 * Handlers: program (read: the program that Click would compile the patterns to), lookup (read: what packets are looked up in, as of IPFilter).
 *
 * ARP requests, ARP replies, IP packets, and others:
 *
 *   FromDevice(0) -> c :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
 *   c [0] -> ARPResponder(10.0.0.1 02:00:00:00:00:01) -> ...; c [1] -> ...; c [2] -> Strip(14) -> CheckIPHeader -> ...; c [3] -> Discard
 */

import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { readClassifierPattern } from "./classifier-pattern.ts";
import { describeDecision, laterDecision, stageDecision } from "./decision.ts";
import type { Expression } from "./expression.ts";
import { dataWords, expressionOf } from "./match-expression.ts";
import { patternReport, type Report, readPattern, rulesFor } from "./patterns.ts";
import { classifierProgram, formatProgram } from "./program-text.ts";
import { stageProgram } from "./stage-program.ts";

/** Parses a pattern. @throws {PatternError} */
export function parseClassifierPattern(text: string): Expression {
  return readPattern((report: Report) => expressionOf(readClassifierPattern(text.trim(), 0, report), dataWords));
}

export const Classifier: ElementClass = element({
  name: "Classifier",
  ports: "1/-",
  processing: "h/h",
  live: true,
  config: { PATTERN: rest(arg.raw) },
  prepare(context) {
    const { arguments: texts, noutputs, error, warning } = context;
    if (texts.length !== noutputs) error(`need ${noutputs} arguments, one per output port`);
    let sound = texts.length === noutputs;
    const rules = (sound ? texts : []).map((text, output) => {
      const report = patternReport(context, output);
      const when = readClassifierPattern(text, 0, {
        ...report,
        error(...mistake) {
          sound = false;
          report.error(...mistake);
        },
      });
      return { when, output };
    });
    const program = classifierProgram(sound ? rules : []);
    if (sound)
      for (let output = 0; output < noutputs; output++)
        if (!program.reaches(output)) warning(`output ${output} matches no packets`);
    return { decision: laterDecision(rulesFor(rules, dataWords)), program };
  },
  handlers: {
    program: { kind: "table", flags: ".", constant: ({ plan }) => formatProgram(plan.program) },
    lookup: { kind: "table", read: (_s, { plan }) => describeDecision(plan.decision()) },
  },
  push(c, _port, packet, { plan, output, noutputs, name, data }) {
    const { data: address, length } = packet;
    const { program } = plan;
    const decide = (): I32 => stageDecision(c, { name, data }, plan.decision(), { data: { address, length } });
    const result = program.blurred ? c.var("i32", -1, "result") : undefined;
    if (result)
      c.if(
        length.ltS(program.safeLength),
        () => result.set(stageProgram(c, { name, data }, program, { length, data: address }, (output = -1) => output)),
        () => result.set(decide()),
      );
    c.switch(
      result?.get() ?? decide(),
      Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
      () => packet.drop("no pattern matches"),
    );
  },
});
