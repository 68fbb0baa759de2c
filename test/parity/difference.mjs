// What is different between two outcomes, to be read.

/**
 * Nothing where they are the same.
 * @param {import("./probe.mjs").Outcome} native
 * @param {import("./probe.mjs").Outcome} ours
 * @returns {string | undefined}
 */
export function difference(native, ours) {
  const parts = [
    ["status", String(native.status), String(ours.status)],
    ["stdout", native.stdout, ours.stdout],
    ["stderr", native.stderr, ours.stderr],
    ...Object.keys(native.files ?? {}).map((file) => [file, native.files?.[file] ?? null, ours.files?.[file] ?? null]),
  ];
  const different = parts.filter(([, a, b]) => a !== b).map(([what, a, b]) => `${what}\n${lines(a, b)}`);
  return different.length > 0 ? different.join("\n") : undefined;
}

/** The lines from the first that differs to the last: native's with `-`, ours with `+`. */
function lines(a, b) {
  const [x, y] = [a, b].map((text) => (text === null ? ["(no file)"] : text.split("\n")));
  let start = 0;
  while (start < x.length && start < y.length && x[start] === y[start]) start++;
  let end = 0;
  while (end < x.length - start && end < y.length - start && x.at(-1 - end) === y.at(-1 - end)) end++;
  const show = (sign, text) => text.slice(start, text.length - end).map((line) => `  ${sign} ${line}`);
  const all = [...show("-", x), ...show("+", y)];
  return (all.length > 40 ? [...all.slice(0, 40), `    … ${all.length - 40} lines more`] : all).join("\n");
}
