"use strict";
// Starts what is built of a command from the code that V8 made of it before, where this V8 takes it. Scripts start the commands
// thousands of times, and reading programs of this size takes longer than a short run.
//
// The code is beside the program when it is built, else in the user's cache folder after the first run. V8 checks that it is
// of its own version and flags; what it refuses is made again.
const { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { basename, dirname, join } = require("node:path");
const { constants, Script } = require("node:vm");

/** Where the code of a command may be. The user's is known by the program it was made of. */
function* places(file) {
  yield `${file}.code`;
  const home = process.env.XDG_CACHE_HOME || (process.env.HOME && join(process.env.HOME, ".cache"));
  if (!home) return;
  const { size, mtimeMs } = statSync(file);
  yield join(home, "clickos", `${basename(file, ".cjs")}-${size}-${Math.floor(mtimeMs)}-${process.versions.v8}.code`);
}

function codeIn(place) {
  try {
    return readFileSync(place);
  } catch {
    return undefined;
  }
}

function discard(part) {
  try {
    rmSync(part, { force: true });
  } catch {
    // There is none.
  }
}

/** Keeps the code for the next run, where that is possible; never a part of it, whoever reads or writes meanwhile. */
function keep(script, file) {
  const code = script.createCachedData();
  for (const place of places(file)) {
    const part = `${place}.${process.pid}`;
    try {
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(part, code, { mode: 0o644 });
      renameSync(part, place);
      return;
    } catch {
      // Another place may be writable.
      discard(part);
    }
  }
}

function compile(source, file) {
  const wrapped = `(function (exports, require, __filename, __importFile) {${source}\n})`;
  const options = { filename: file, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  for (const place of places(file)) {
    const cachedData = codeIn(place);
    if (!cachedData) continue;
    const script = new Script(wrapped, { ...options, cachedData });
    if (!script.cachedDataRejected) return script;
  }
  const script = new Script(wrapped, options);
  // At the end it has what the run needed, too.
  if (!process.env.NODE_DISABLE_COMPILE_CACHE) process.once("exit", () => keep(script, file));
  return script;
}

/** Node's own modules are loaded when something of them is first used: most runs need few. */
function lazily(name) {
  let module;
  const load = () => {
    module ??= require(name);
    return module;
  };
  return new Proxy(Object.create(null), { get: (_, key) => load()[key] });
}

/** Imports a module that is built beside the commands. */
const importFile = (name) => import(`../dist/${name}`);

/** Runs the command of that name with this process' arguments. */
exports.start = (name) => {
  const file = join(__dirname, `../dist/${name}.cjs`);
  if (existsSync(file)) compile(readFileSync(file, "utf8"), file).runInThisContext()({}, lazily, file, importFile);
  else {
    console.error(`${name}: not built yet; in a clone of the repository, run: npm run build`);
    process.exitCode = 1;
  }
};
