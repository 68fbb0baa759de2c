// Runs the command for one probe after another, in a process that stays: to start a program takes longer than most probes, and
// so does a program that V8 has not seen run. The program is evaluated once; what a run would leave behind for the next, or what
// ends this process, is seen as a difference by the parent: it runs that probe in a process of its own.

import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { devNull } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { constants, Script } from "node:vm";

const [, , file] = process.argv;

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

/** The process as the program sees it: arguments, streams and an end of its own, other ones for each run. */
let own;

/** Has the program see a new process. */
function start(args, ended) {
  const [stdout, stderr] = [stream(), stream()];
  own = {
    argv: [process.execPath, file, ...args],
    stdout,
    stderr,
    exitCode: undefined,
    exit(code = own.exitCode) {
      ended({ status: (code ?? 0) & 255, stdout: stdout.taken(), stderr: stderr.taken() });
    },
  };
}

const seen = new Proxy(process, {
  get(_, key) {
    if (Object.hasOwn(own, key)) return own[key];
    const value = process[key];
    return typeof value === "function" ? value.bind(process) : value;
  },
  set(_, key, value) {
    own[key] = value;
    return true;
  },
});

const program = {};
const evaluated = new Promise((resolve) => {
  start(["--version"], resolve);
  new Script(`(function (exports, require, __filename, process) {${readFileSync(file, "utf8")}\n})`, {
    filename: file,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext()(program, createRequire(file), file, seen);
});

/** Has standard input be a file: what is opened next has the lowest number that is free. */
function readFrom(path) {
  closeSync(0);
  openSync(path, "r");
}

process.on("message", async ({ args, folder, env, stdin }) => {
  await evaluated;
  process.chdir(folder);
  process.env = env;
  if (stdin !== undefined) {
    const path = join(folder, ".stdin");
    writeFileSync(path, Buffer.from(stdin, "base64"));
    readFrom(path);
    rmSync(path);
  }
  start(args, (outcome) => {
    if (stdin !== undefined) readFrom(devNull);
    process.send(outcome);
  });
  own.exit(await program.run(args));
});
