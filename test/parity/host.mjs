// Runs the command for one probe after another, in a process that stays: to start a program takes longer than most probes.
// The program is compiled once, and made anew for each run, so that nothing of it is left from the run before. What ends this
// process, or is thrown past the program, is the parent's to see: it runs that probe in a process of its own.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import { constants, Script } from "node:vm";

const [, , file] = process.argv;
const require = createRequire(file);
const program = new Script(`(function (require, __filename, process) {${readFileSync(file, "utf8")}\n})`, {
  filename: file,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}).runInThisContext();

/** What a program writes to a standard stream. */
function stream() {
  const chunks = [];
  const writable = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(writable, { taken: () => Buffer.concat(chunks).toString("utf8") });
}

/** The process as a run of the program sees it: arguments, streams and an end of its own. */
function processOf(args, ended) {
  const [stdout, stderr] = [stream(), stream()];
  const own = {
    argv: [process.execPath, file, ...args],
    stdout,
    stderr,
    exitCode: undefined,
    exit(code = own.exitCode) {
      ended({ status: (code ?? 0) & 255, stdout: stdout.taken(), stderr: stderr.taken() });
    },
  };
  return new Proxy(own, {
    get: (_, key) => {
      if (Object.hasOwn(own, key)) return own[key];
      const value = process[key];
      return typeof value === "function" ? value.bind(process) : value;
    },
    set: (_, key, value) => {
      own[key] = value;
      return true;
    },
  });
}

process.on("message", ({ args, folder, env }) => {
  process.chdir(folder);
  process.env = env;
  program(
    require,
    file,
    processOf(args, (outcome) => process.send(outcome)),
  );
});
