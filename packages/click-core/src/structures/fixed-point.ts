/** Numbers with binary fractions as text, digit for digit as Click's `cp_unparse_real2` writes them. */

/**
 * `value / 2^fractionBits` with as few decimals as tell it from its neighbours.
 *
 * The digits are found as TeX's `print_scaled` finds them (Knuth, TeX: The Program, section 103), in 32 bits.
 */
export function fixedPointText(value: bigint, fractionBits: number): string {
  if (value < 0n) return `-${fixedPointText(-value, fractionBits)}`;
  const whole = value >> BigInt(fractionBits);
  const one = 2 ** fractionBits;
  let rest = Number(value & BigInt(one - 1));
  if (rest === 0) return String(whole);
  const half = Math.floor(one / 2);
  let rounder = 5;
  while (rounder < half) rounder *= 10;
  let text = `${whole}.`;
  rest = 10 * rest + 5;
  let inaccuracy = 10;
  do {
    if (inaccuracy > one) rest = (rest + half - rounder) >>> 0;
    text += String.fromCharCode(48 + Math.floor(rest / one));
    rest = 10 * (rest % one);
    inaccuracy *= 10;
  } while (rest > inaccuracy);
  return text;
}
