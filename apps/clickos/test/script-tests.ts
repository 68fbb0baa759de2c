/**
 * Scripted tests of the commands. A file holds many; each is a title, files, commands, and what they print:
 *
 *     === a counter counts
 *     --- in.click
 *     InfiniteSource(LIMIT 5, STOP true) -> c :: Counter -> Discard;
 *     $ click in.click -h c.count
 *     5
 *
 * Lines after a command are its standard output; those that begin with `2> ` are its standard error, and `? 3` is
 * its exit status, 0 when not given. `{{regular expression}}` stands for any text that matches, `...` alone on a
 * line for any lines. A command goes on over lines that end with a backslash, or that begin with `> `.
 */

export interface ScriptCommand {
  readonly line: number;
  readonly command: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly status: number;
}

export interface ScriptTest {
  readonly title: string;
  readonly line: number;
  readonly files: ReadonlyMap<string, string>;
  readonly commands: readonly ScriptCommand[];
}

/** Reads a file of tests. */
export function parseScriptTests(text: string): ScriptTest[] {
  const tests: ScriptTest[] = [];
  let files = new Map<string, string>();
  let commands: (ScriptCommand & { stdout: string[]; stderr: string[]; status: number; command: string })[] = [];
  let file: string | undefined;
  text.split("\n").forEach((line, i) => {
    const title = /^=== (.*)$/.exec(line);
    const begin = /^--- (\S+)$/.exec(line);
    const command = /^\$ (.*)$/.exec(line);
    const current = commands.at(-1);
    if (title) {
      files = new Map();
      commands = [];
      file = undefined;
      tests.push({ title: title[1] as string, line: i + 1, files, commands });
    } else if (begin) {
      file = begin[1] as string;
      files.set(file, "");
    } else if (command) {
      file = undefined;
      commands.push({ line: i + 1, command: command[1] as string, stdout: [], stderr: [], status: 0 });
    } else if (file !== undefined) files.set(file, `${files.get(file)}${line}\n`);
    else if (current && line.startsWith("> ")) current.command += `\n${line.slice(2)}`;
    else if (current && line.startsWith("2> ")) current.stderr.push(line.slice(3));
    else if (current && line === "2>") current.stderr.push("");
    else if (current && /^\? \d+$/.test(line)) current.status = Number(line.slice(2));
    else if (current) current.stdout.push(line);
  });
  for (const test of tests) {
    // Files end before the blank line that follows them, and so does what is expected.
    for (const [name, content] of test.files)
      (test.files as Map<string, string>).set(name, content.replace(/\n+$/, "\n"));
    for (const c of test.commands) while (c.stdout.at(-1) === "") (c.stdout as string[]).pop();
  }
  return tests;
}

/** Whether lines are as expected; `...` stands for any, `{{...}}` for a pattern. */
export function matchLines(expected: readonly string[], actual: readonly string[]): boolean {
  const match = (i: number, j: number): boolean => {
    if (i === expected.length) return j === actual.length;
    if (expected[i] === "...") {
      for (let k = j; k <= actual.length; k++) if (match(i + 1, k)) return true;
      return false;
    }
    return j < actual.length && linePattern(expected[i] as string).test(actual[j] as string) && match(i + 1, j + 1);
  };
  return match(0, 0);
}

function linePattern(line: string): RegExp {
  const parts = line.split(/(\{\{.*?\}\})/);
  const source = parts
    .map((part) => (part.startsWith("{{") ? part.slice(2, -2) : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))
    .join("");
  return new RegExp(`^${source}$`);
}

/** Output as lines, without the blank ones at its end. */
export function outputLines(text: string): string[] {
  const lines = text.split("\n");
  while (lines.at(-1) === "") lines.pop();
  return lines;
}
