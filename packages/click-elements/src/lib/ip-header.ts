/** What several elements do with IPv4 headers in staged code. */
import type { Func, FunctionBuilder } from "@clickos/codegen";
import type { StagedHeader } from "@clickos/wire";
import { headerSum } from "@clickos/wire/checksum";
import { type ipv4, ipv4OptionKinds } from "@clickos/wire/ipv4";

/** Computes the checksum of a header whose bytes are known to be there. */
export function setHeaderChecksum(c: FunctionBuilder, ip: StagedHeader<typeof ipv4.table>): void {
  ip.checksum.set(0);
  ip.checksum.stored.set(headerSum(c, ip.address, ip.headerLength).xor(0xffff));
}

/** The bit of an option's kind that says that every fragment has it, RFC 791 section 3.1. */
const copied = 0x80;

/**
 * A staged function `(options, length, to)`: copies those options that every fragment has, and fills up to a multiple of 4;
 * the result is how many bytes that makes. With `to` 0 nothing is written.
 */
export function copyFragmentOptions({ module }: FunctionBuilder): Func<"i32"> {
  const name = "copy fragment options";
  return module.once(name, () =>
    module.func(name, { options: "i32", length: "i32", to: "i32" }, "i32", (c, { options, length, to }) => {
      const at = c.var("i32", 0, "at");
      const made = c.var("i32", 0, "made");
      c.loop(() => {
        const left = length.sub(at.get());
        c.if(left.leS(0), () => c.break());
        const option = options.add(at.get());
        const kind = c.load8(option);
        c.if(kind.eq(ipv4OptionKinds.end), () => c.break());
        const size = c.var("i32", 1, "size");
        c.if(kind.ne(ipv4OptionKinds.noOperation), () => {
          c.if(left.ltS(2), () => c.break());
          size.set(c.load8(option, 1));
          c.if(size.get().ltU(2).or(size.get().gtU(left)), () => c.break());
          c.if(kind.and(copied), () => {
            c.if(to, () => c.copy(to.add(made.get()), option, size.get()));
            made.inc(size.get());
          });
        });
        at.inc(size.get());
      });
      const whole = made.get().add(3).and(-4);
      c.if(to, () => c.fill(to.add(made.get()), ipv4OptionKinds.end, whole.sub(made.get())));
      return whole;
    }),
  );
}
