/**
 * SYN cookies: sequence numbers that say what a half-open connection would have been kept for. Of 32 bits the highest 5 count time, the next 3
 * choose a segment size, and 24 are of a keyed hash of all that and of the connection.
 *
 * RFC 4987 section 3.6; Bernstein, SYN cookies, 1996.
 */
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { sipHash } from "../lib/siphash.ts";

/** A cookie is good in the time that it was made in and in the next one. */
const timeNs = 64_000_000_000n;
const timeBits = 5;
const sizeBits = 3;
const hashBits = 32 - timeBits - sizeBits;
const timeMask = (1 << timeBits) - 1;
/** Maximum segment sizes: the largest that is no larger than what a client asks for is used. */
export const segmentSizes = [536, 1220, 1300, 1360, 1400, 1440, 1460, 8960] as const;

/** What a cookie is for: addresses and ports as they are stored, and the client's initial sequence number. */
export interface Connection {
  readonly source: I32;
  readonly destination: I32;
  readonly ports: I32;
  readonly sequence: I32;
}

function hashOf(c: FunctionBuilder, key: I32, { source, destination, ports, sequence }: Connection, mark: I32): I32 {
  const pair = (a: I32, b: I32): I64 => a.toI64().or(b.toI64().shl(32n));
  const hash = sipHash(c, key, [pair(source, destination), pair(ports, sequence), mark.toI64()]);
  return hash.toI32().shrU(32 - hashBits);
}

export function makeCookie(c: FunctionBuilder, key: I32, connection: Connection, now: I64, mss: I32): I32 {
  const time = now.divU(timeNs).toI32().and(timeMask);
  let size = c.i32(0);
  segmentSizes.forEach((most, i) => {
    if (i > 0) size = c.select(mss.geU(most), c.i32(i), size);
  });
  const mark = time.shl(sizeBits).or(size);
  return mark.shl(hashBits).or(hashOf(c, key, connection, mark));
}

/** The segment size that a cookie says, or 0 where it is none, or too old. */
export function checkCookie(c: FunctionBuilder, key: I32, connection: Connection, now: I64, cookie: I32): I32 {
  const mark = cookie.shrU(hashBits);
  const age = now.divU(timeNs).toI32().sub(mark.shrU(sizeBits)).and(timeMask);
  const isOurs = cookie.and(2 ** hashBits - 1).eq(hashOf(c, key, connection, mark));
  let mss = c.i32(segmentSizes[0]);
  const size = mark.and((1 << sizeBits) - 1);
  segmentSizes.forEach((most, i) => {
    if (i > 0) mss = c.select(size.eq(i), c.i32(most), mss);
  });
  return c.select(isOurs.and(age.leU(1)), mss, c.i32(0));
}
