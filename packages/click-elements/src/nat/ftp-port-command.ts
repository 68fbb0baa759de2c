/** FTP's command PORT (RFC 959 section 4.1.2): six numbers below 256, of an address and a port, with commas between them. */
import type { Func, FunctionBuilder, I32 } from "@clickos/codegen";
import type { Span } from "@clickos/wire";

const code = (character: string): number => character.charCodeAt(0);
/** Four letters as they stand in memory. */
const letters = (text: string): number =>
  [...text].reduce((word, character, i) => (word | (code(character) << (8 * i))) >>> 0, 0);
const lowerCase = letters("    ");

export interface PortCommand {
  readonly address: I32;
  readonly port: I32;
  /** Where the first number starts, and the bytes up to the end of the last. */
  readonly start: I32;
  readonly length: I32;
}

/** The command that a text begins with; `otherwise` leaves. */
export function portCommand(c: FunctionBuilder, text: Span, otherwise: () => void): PortCommand {
  const name = text.need(5, otherwise);
  c.if(c.load32(name.address).or(lowerCase).ne(letters("port")), otherwise);
  c.if(c.load8(name.address.add("port".length)).ne(code(" ")), otherwise);
  const end = text.address.add(text.length);
  const at = c.var("i32", text.address.add(5), "at");
  c.loop(() => {
    c.if(at.get().geU(end), () => c.break());
    c.if(c.load8(at.get()).ne(code(" ")), () => c.break());
    at.inc();
  });
  const start = at.get();
  const numbers = c.var("i64", 0n, "numbers");
  const number = c.var("i32", 0, "number");
  const commas = c.var("i32", 0, "commas");
  const wrong = c.var("i32", 0, "wrong");
  const noteNumber = (): void => {
    wrong.set(wrong.get().or(number.get().gtU(255)));
    numbers.set(numbers.get().shl(8n).or(number.get().toI64()));
    number.set(0);
  };
  c.loop(() => {
    c.if(at.get().geU(end).or(commas.get().gtU(5)), () => c.break());
    const character = c.load8(at.get());
    const digit = character.sub(code("0"));
    c.if(
      digit.ltU(10),
      () => number.set(number.get().mul(10).add(digit)),
      () => {
        c.if(character.ne(code(",")), () => c.break());
        commas.inc();
        noteNumber();
      },
    );
    at.inc();
  });
  noteNumber();
  c.if(commas.get().ne(5).or(wrong.get()), otherwise);
  c.if(at.get().geU(end), otherwise);
  const last = c.load8(at.get());
  c.if(
    last
      .eq(code("\r"))
      .or(last.eq(code("\n")))
      .eqz(),
    otherwise,
  );
  const read = numbers.get();
  return { address: read.shrU(16n).toI32(), port: read.toI32().and(0xffff), start, length: at.get().sub(start) };
}

/** A function `(to, address, port)` that writes the six numbers, 23 characters at most, and gives how many there are. */
export function writeHostPort({ module }: FunctionBuilder): Func<"i32"> {
  return module.once("FTP host and port", () =>
    module.func("FTP host and port", { to: "i32", address: "i32", port: "i32" }, "i32", (c, { to, address, port }) => {
      const at = c.var("i32", to, "at");
      const put = (character: I32): void => {
        c.store8(at.get(), character);
        at.inc();
      };
      const parts = [24, 16, 8, 0].map((shift) => address.shrU(shift).and(255));
      [...parts, port.shrU(8), port.and(255)].forEach((part, i) => {
        if (i > 0) put(c.i32(code(",")));
        const digit = (n: I32): void => put(n.add(code("0")));
        c.if(part.geU(100), () => digit(part.divU(100)));
        c.if(part.geU(10), () => digit(part.divU(10).remU(10)));
        digit(part.remU(10));
      });
      return at.get().sub(to);
    }),
  );
}
