/** What several elements do with IPv4 headers in staged code. */
import type { Func, FunctionBuilder, I32 } from "@clickos/codegen";
import { type StagedHeader, span, stored16 } from "@clickos/wire";
import { headerSum, updatedChecksum } from "@clickos/wire/checksum";
import { type ipv4, ipv4OptionKinds, ipv4Options } from "@clickos/wire/ipv4";

/** Computes the checksum of a header whose bytes are known to be there. */
export function setHeaderChecksum(c: FunctionBuilder, ip: StagedHeader<typeof ipv4.table>): void {
  ip.checksum.set(0);
  ip.checksum.stored.set(headerSum(c, ip.address, ip.headerLength).xor(0xffff));
}

/** What a TTL that is one less, the high byte of its word, adds to the complement of the checksum: ~m + m' for m' = m - 0x0100. */
const ttlChange = 0xffff - 0x0100;

/** Decrements a time to live that is not 0, and brings the checksum up to date (RFC 1624). */
export function decrementTtl(ip: StagedHeader<typeof ipv4.table>, ttl: I32 = ip.ttl.get()): void {
  ip.ttl.set(ttl.sub(1));
  const checksum = ip.checksum.stored;
  checksum.set(updatedChecksum(checksum.get(), stored16(ttlChange)));
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
      const made = c.var("i32", 0, "made");
      ipv4Options.each(span(c, options, length), ({ kind, span: option }) => {
        c.if(kind.and(copied).eqz(), () => c.continue());
        c.if(to, () => c.copy(to.add(made.get()), option.address, option.length));
        made.inc(option.length);
      });
      const whole = made.get().add(3).and(-4);
      c.if(to, () => c.fill(to.add(made.get()), ipv4OptionKinds.end, whole.sub(made.get())));
      return whole;
    }),
  );
}
