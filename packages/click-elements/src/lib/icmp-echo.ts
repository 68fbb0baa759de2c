/** ICMP echo messages in staged code: RFC 792. */
import type { FunctionBuilder, I32, I32Like, Ref } from "@clickos/codegen";
import type { Span } from "@clickos/wire";
import { sumFunction } from "@clickos/wire/checksum";
import { icmp, icmpEcho } from "@clickos/wire/icmp";

/** Bytes of an echo message's header. */
export const echoSize: number = icmp.size + icmpEcho.size;

/** Writes the header of an echo request or reply over the message, whose `length` bytes its checksum covers. */
export function emitEcho(
  c: FunctionBuilder,
  message: Span,
  length: I32,
  { type, identifier, sequenceNumber }: { type: number; identifier: I32Like; sequenceNumber: I32Like },
): void {
  const header = message.header(icmp);
  header.emit({ type });
  header.payload().header(icmpEcho).emit({ identifier, sequenceNumber });
  header.checksum.stored.set(c.call(sumFunction(c), header.address, length).xor(0xffff));
}

/** The number after an identification: never 0. */
export function nextNonzero(c: FunctionBuilder, number: I32): I32 {
  const next = number.add(1).and(0xffff);
  return c.select(next, next, c.i32(1));
}

/**
 * Sets a checksum that was brought up to date to all ones where it is 0 and so is every other byte that it covers: sums of
 * other words are never 0, and a change does not show which of the two zeros is meant (RFC 1624 section 3).
 */
export function fixZeroSum(c: FunctionBuilder, checksum: Ref<I32, I32Like>, message: Span): void {
  c.if(checksum.get().eqz(), () =>
    c.if(c.call(sumFunction(c), message.address, message.length).eqz(), () => checksum.set(0xffff)),
  );
}
