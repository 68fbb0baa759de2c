/**
 * Runs a program as Click runs it, from a table in memory: for packets that are too short for some of its tests, where those two
 * of which are made one do not always say of such packets what they said apart. Others go by a decision tree, which is faster.
 *
 * Budget: about 3 ns an instruction.
 */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type MatchProgram, nowhere } from "./match-program.ts";
import { wordPlaces } from "./match-tree.ts";
import type { PlaceData } from "./range-table.ts";

/** Where words are: in the packet's data, or in headers. `length` counts as the offsets of words do. */
export interface ProgramInput {
  readonly length: I32;
  readonly data?: I32;
  readonly headers?: { readonly ether: I32; readonly network: I32; readonly transport: I32 };
}

const columns = ["offset", "needed", "mask", "value", "yes", "no", "short"] as const;
const rowSize = columns.length * 4;
const at = (column: (typeof columns)[number]): number => columns.indexOf(column) * 4;

/** What `result` says for the output that a packet goes to, or for none. */
export function stageProgram(
  c: FunctionBuilder,
  { name, data: place }: { readonly name: string; readonly data: PlaceData },
  program: MatchProgram,
  input: ProgramInput,
  result: (output: number | undefined) => number,
): I32 {
  /** Rows by their places; results below 0. */
  const target = (to: number): number => (to > 0 ? to * rowSize : -2 - result(to === nowhere ? undefined : 0 - to));
  if (program.everything >= 0) return c.i32(-2 - target(0 - program.everything));
  const bytes = new DataView(new ArrayBuffer(program.instructions.length * rowSize));
  program.instructions.forEach((one, i) => {
    const { offset, requiredLength: needed, mask, value, yes, no } = one;
    const row = { offset, needed, mask, value, yes: target(yes), no: target(no), short: target(one.short ? yes : no) };
    columns.forEach((column, j) => {
      bytes.setInt32(i * rowSize + j * 4, row[column], true);
    });
  });
  const table = place(new Uint8Array(bytes.buffer), 4);
  const { headers } = input;
  const params: Record<string, "i32"> = headers
    ? { length: "i32", ether: "i32", network: "i32", transport: "i32" }
    : { length: "i32", data: "i32" };
  const run = c.module.func(`${name} program`, params, "i32", (inner, p) => {
    const row = inner.var("i32", 0, "row");
    const read = (column: (typeof columns)[number]): I32 => inner.load32(row.get(), table + at(column));
    inner.while(
      () => row.get().geS(0),
      () => {
        const offset = inner.var("i32", read("offset"), "offset");
        inner.if(
          read("needed").gtS(p.length as I32),
          () => row.set(read("short")),
          () => {
            const word = inner.var("i32", 0, "address");
            if (headers) {
              const { network, transport } = wordPlaces;
              const header = (from: number, base: I32 | undefined): void =>
                word.set((base as I32).add(offset.get()).sub(from));
              inner.if(
                offset.get().geS(transport),
                () => header(transport, p.transport),
                () =>
                  inner.if(
                    offset.get().geS(network),
                    () => header(network, p.network),
                    () => header(2, p.ether),
                  ),
              );
            } else word.set((p.data as I32).add(offset.get()));
            const bits = inner.load32(word.get(), undefined, "be").and(read("mask"));
            inner.if(
              bits.eq(read("value")),
              () => row.set(read("yes")),
              () => row.set(read("no")),
            );
          },
        );
      },
    );
    inner.return(inner.i32(-2).sub(row.get()));
  });
  const args = headers
    ? [input.length, headers.ether, headers.network, headers.transport]
    : [input.length, input.data as I32];
  return c.call(run, ...args);
}
