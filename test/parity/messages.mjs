// What is said of a configuration, without what our program adds: columns, the text around a place, hints, and how it ends.

/** @param {string} text */
export function messagesOf(text) {
  const lines = text
    .split("\n")
    .filter((line) => line !== "Router could not be initialized!" && !/^ {2}hint: /.test(line));
  const caret = lines.map((line, i) => /^\s*\^$/.test(line) || /^\s*\^$/.test(lines[i + 1] ?? ""));
  let landmark = "";
  return lines
    .filter((_, i) => !caret[i])
    .map((line) => {
      const [, place, message] = /^(\S+:\d+):\d+: (.*)$/.exec(line) ?? [];
      if (place !== undefined) landmark = place;
      else if (landmark === "" || line === "" || /^\S+:\d+: /.test(line) || !/^[ (]/.test(line)) return line;
      // A message of several lines has its place before each.
      return `${landmark}: ${message ?? line}`;
    })
    .join("\n");
}
