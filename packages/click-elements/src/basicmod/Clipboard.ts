/**
 * Clipboard(OFFSET/LENGTH, ...) — copies bytes from packets of one input to those of the other.
 *
 * Of a packet that passes from input 0 to output 0, the ranges are copied; into one that passes from input 1 to output 1, they are put, at
 * the same places. A packet that is too short for all ranges passes as it is, and nothing is copied from it.
 *
 *   ... -> [0] c :: Clipboard(0/14) -> ...; ... -> [1] c; c [1] -> ...
 */
import { arg, type ElementClass, element, Mistake, type Packet, readText, rest } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { bytes } from "@clickos/layout";

/** Bytes that all ranges may have. */
const mostBytes = 1 << 20;

interface Range {
  readonly offset: number;
  readonly length: number;
  /** Where it is in the state. */
  readonly at: number;
}

export const Clipboard: ElementClass = element({
  name: "Clipboard",
  ports: "2/2",
  processing: "a/a",
  flow: "#/#",
  live: true,
  config: { RANGE: rest(arg.raw) },
  prepare({ arguments: texts, scope, error }) {
    const ranges: Range[] = [];
    let size = 0;
    let least = 0;
    for (const [i, text] of texts.entries()) {
      const slash = text.indexOf("/");
      if (slash <= 0 || slash >= text.length - 1) {
        error(`range ${i}: expected '/' between offset and length`);
        break;
      }
      const [offset, length] = [text.slice(0, slash), text.slice(slash + 1)].map((part) =>
        readText(arg.u32, part, scope),
      );
      if (offset instanceof Mistake) error(`OFFSET: ${offset.message}`);
      if (length instanceof Mistake) error(`LENGTH: ${length.message}`);
      if (typeof offset !== "number" || typeof length !== "number") {
        error(`range ${i}: invalid offset or length`);
        break;
      }
      ranges.push({ offset, length, at: size });
      size += length;
      least = Math.max(least, offset + length);
    }
    if (size > mostBytes || least > 0xffffffff) error("out of memory");
    return size > mostBytes || least > 0xffffffff ? { ranges: [], size: 0, least: 0 } : { ranges, size, least };
  },
  state: ({ plan }) => ({ copied: bytes(Math.max(plan.size, 1), 16) }),
  push(c, port, packet, { state, plan, output }) {
    exchange(c, port, packet, state.copied, plan);
    output(port).push(packet);
  },
  pull(c, port, { state, plan, input, output }) {
    input(port).pull((packet) => {
      exchange(c, port, packet, state.copied, plan);
      output(port).push(packet);
    });
  },
});

/** Copies the ranges from a packet of port 0, or into one of port 1. */
function exchange(
  c: FunctionBuilder,
  port: number,
  packet: Packet,
  copied: I32,
  { ranges, least }: { readonly ranges: readonly Range[]; readonly least: number },
): void {
  c.if(packet.length.geU(least), () => {
    for (const { offset, length, at } of ranges) {
      const [there, here] = [packet.data.add(offset), copied.add(at)];
      if (port === 0) c.copy(here, there, length);
      else c.copy(there, here, length);
    }
  });
}
