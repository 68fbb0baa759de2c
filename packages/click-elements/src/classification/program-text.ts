/** How programs are written out, and the form in which IPFilter and IPClassifier keep theirs. */
import { swapBytes } from "./ip-primitive.ts";
import { type Instruction, MatchProgram, nowhere } from "./match-program.ts";
import { type MatchTree, wordPlaces } from "./match-tree.ts";

/** The protocol is tested before the fragment's offset. */
const order = new Map([[wordPlaces.network + 8, wordPlaces.network + 3]]);

/** From this many values on, they are sorted to be searched. */
const sortedFrom = 7;

export interface ProgramRule {
  readonly when: MatchTree | undefined;
  /** `-nowhere` where packets are dropped. */
  readonly output: number;
}

/** Classifier's program. `align` is how many bytes before the packet's data words are counted from. */
export function classifierProgram(rules: readonly ProgramRule[], align = 0): MatchProgram {
  const program = new MatchProgram(align);
  program.addRules(rules, nowhere);
  program.optimize();
  return program;
}

/** IPFilter's: a program for each rule, put together two by two. */
export function filterProgram(rules: readonly ProgramRule[]): MatchProgram {
  const programs = rules.map(({ when, output }) => {
    const program = new MatchProgram();
    if (when) program.add(when, -output, nowhere + 1);
    return program;
  });
  const [first = new MatchProgram()] = programs;
  if (programs.length <= 1) first.optimize(order);
  for (let step = 1; step < programs.length; step *= 2)
    for (let i = 0; i + step < programs.length; i += 2 * step) {
      const program = programs[i] as MatchProgram;
      program.append(programs[i + step] as MatchProgram);
      program.optimize(order);
    }
  first.finish(nowhere);
  first.sort(order);
  return first;
}

/** Where an instruction goes. */
function target(to: number): string {
  if (to <= nowhere + 2) return `[${"X-+"[to - nowhere]}]`;
  return to <= 0 ? `[${0 - to}]` : `step ${to}`;
}

function line(
  step: number,
  { offset, value, mask, short }: Instruction,
  yes: number,
  no: number,
  align: number,
): string {
  const hex = (n: number): string => n.toString(16).padStart(8, "0");
  const at = String((offset - align) & 0xffff).padStart(3);
  const way = `yes->${target(yes)}  no->${target(no)}${short ? "  short->yes" : ""}`;
  return `${String(step).padStart(2)} ${at}/${hex(value)}%${hex(mask)}  ${way}\n`;
}

function written(lines: readonly string[], { everything, safeLength, align }: MatchProgram): string {
  const all = lines.length === 0 ? `all->[${everything}]\n` : lines.join("");
  return `${all}safe length ${safeLength}\nalignment offset ${align}\n`;
}

export function formatProgram(program: MatchProgram): string {
  return written(
    program.instructions.map((one, i) => line(i, one, one.yes, one.no, program.align)),
    program,
  );
}

/**
 * The same where tests that follow one another, of the same bits, with one way for those that pass, are one test for several
 * values. They are written out in the order in which they are searched.
 */
export function formatMerged(program: MatchProgram): string {
  const { instructions } = program;
  /** How many ways lead to each instruction that is still to be written. */
  const wanted: number[] = new Array(instructions.length + 1).fill(0);
  wanted[0] = 1;
  const want = (i: number, n: number): void => {
    wanted[i] = (wanted[i] as number) + n;
  };
  instructions.forEach(({ yes, no }, i) => {
    if (!wanted[i]) return;
    for (const to of [no, yes]) if (to > 0) want(to, 1);
  });
  const steps: number[] = [];
  const groups: { readonly one: Instruction; readonly values: number[]; readonly no: number }[] = [];
  let step = 0;
  instructions.forEach((one, i) => {
    steps.push(step);
    if (!wanted[i]) return;
    let { no } = one;
    const values = [one.value];
    while (no > 0 && wanted[no] === 1) {
      const next = instructions[no] as Instruction;
      if (next.yes !== one.yes || next.offset !== one.offset || next.mask !== one.mask) break;
      want(no, -1);
      values.push(next.value);
      no = next.no;
    }
    // As numbers of a little-endian machine, which Click searches them as.
    if (values.length >= sortedFrom) values.sort((a, b) => swapBytes(a) - swapBytes(b));
    groups.push({ one, values, no });
    step += values.length;
  });
  const to = (target: number): number => (target > 0 ? (steps[target] as number) : target);
  let at = 0;
  const lines = groups.flatMap(({ one, values, no }) =>
    values.map((value, j) => {
      const next = j + 1 < values.length ? at + 1 : to(no);
      const shown = one.copy(one.yes, one.no);
      shown.value = value;
      return line(at++, shown, to(one.yes), next, program.align);
    }),
  );
  return written(lines, program);
}
