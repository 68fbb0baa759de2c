/** Numbers for tables. */

/** A number with three digits and a prefix. */
export function scaled(value: number): string {
  const prefixes = ["", "k", "M", "G", "T"];
  let [number, at] = [value, 0];
  while (number >= 999.5 && at < prefixes.length - 1) {
    number /= 1000;
    at++;
  }
  const digits = at === 0 || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  return `${number.toFixed(digits)} ${prefixes[at]}`;
}
