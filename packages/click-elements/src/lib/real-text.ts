/** Numbers with a decimal point, as C's `%.12g` writes them, which is how Click shows them. */

const digits = 12;

export function realText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  const exponent = value === 0 ? 0 : Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) {
    const [mantissa, power] = value.toExponential(digits - 1).split("e") as [string, string];
    const sign = power.startsWith("-") ? "-" : "+";
    return `${shorter(mantissa)}e${sign}${power.slice(1).padStart(2, "0")}`;
  }
  return shorter(value.toFixed(digits - 1 - exponent));
}

/** Without zeros at its end. */
const shorter = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
