/**
 * Classifier(PATTERN, ...) — sends packets to the output of the first pattern whose bytes match.
 *
 * A pattern is `-`, which matches all, or clauses OFFSET/VALUE or OFFSET/VALUE%MASK between spaces, all of which
 * must match: VALUE and MASK are hexadecimal digits, `?` in VALUE matches any digit, `!` before a clause negates
 * it. A packet too short for a clause does not match it. A packet that no pattern matches is dropped.
 *
 * Handlers: program (read: the patterns).
 *
 *   c :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
 */
import { type ElementClass, element, rest } from "@clickos/click-core/element";
import { always, and, type Expression, masked, not } from "./expression.ts";
import { PatternError, patternTree, patternType } from "./patterns.ts";
import { stageLookup } from "./stage-tree.ts";

/** Parses a pattern. @throws {PatternError} */
export function parseClassifierPattern(text: string): Expression {
  const clauses = text.trim().split(/\s+/).filter(Boolean);
  if (clauses.length === 1 && clauses[0] === "-") return always;
  if (clauses.length === 0) throw new PatternError("empty pattern");
  return and(...clauses.map(parseClause));
}

function parseClause(clause: string): Expression {
  const match = /^(!?)(\d+)\/([0-9A-Fa-f?]+)(?:%([0-9A-Fa-f?]+))?$/.exec(clause);
  if (!match) throw new PatternError(`'${clause}' is not OFFSET/VALUE or OFFSET/VALUE%MASK`);
  const [, negated, offsetText, value, maskText] = match as unknown as [
    string,
    string,
    string,
    string,
    string | undefined,
  ];
  const offset = Number(offsetText);
  if (value.length % 2 !== 0) throw new PatternError(`'${clause}': the value has an odd number of digits`);
  if (maskText !== undefined && maskText.length !== value.length)
    throw new PatternError(`'${clause}': the mask is not as long as the value`);
  if (offset + value.length / 2 > 2000) throw new PatternError(`'${clause}': beyond any packet`);
  const digits = [...value].map((d) => (d === "?" ? 0 : Number.parseInt(d, 16)));
  const masks = [...value].map((d, i) =>
    d === "?" ? 0 : maskText ? Number.parseInt(maskText[i] === "?" ? "0" : (maskText[i] as string), 16) : 15,
  );
  const tests: Expression[] = [];
  for (let i = 0; i < digits.length; ) {
    const left = (digits.length - i) / 2;
    const width = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const join = (list: readonly number[]): number => list.slice(i, i + width * 2).reduce((n, d) => n * 16 + d, 0);
    const full = 2 ** (width * 8) - 1;
    tests.push(masked({ base: "data", offset: offset + i / 2, width, mask: full }, join(digits), join(masks)));
    i += width * 2;
  }
  return negated ? not(and(...tests)) : and(...tests);
}

const classifierPattern = patternType("a pattern such as 12/0800", parseClassifierPattern);

export const Classifier: ElementClass = element({
  name: "Classifier",
  ports: "1/-",
  processing: "h/h",
  live: true,
  config: { PATTERN: rest(classifierPattern) },
  prepare: (context) => ({ tree: patternTree(context.config.PATTERN, context), program: context.arguments.join("\n") }),
  handlers: { program: { constant: ({ plan }) => plan.program } },
  push(c, _port, packet, { plan, output, noutputs, name, data }) {
    const result = stageLookup(c, { name, data }, plan.tree(), {
      data: { address: packet.data, length: packet.length },
    });
    c.switch(
      result,
      Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
      () => packet.drop("no pattern matches"),
    );
  },
});
