// A probe: one construct, put to `click` as a program, and what the native program answered.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * @typedef {object} Probe
 * @property {string} name what it shows, unique in its area
 * @property {string} [config] a configuration, given with `-e`
 * @property {string[]} [args] other arguments, before it
 * @property {Record<string, string | Uint8Array>} [files] files in the working directory
 * @property {string | Uint8Array} [stdin] nothing unless given
 * @property {string[]} [outputs] files whose contents are compared
 * @property {Record<string, string>} [sessions] UNIX sockets, by name: what a client sends there; what it gets is compared
 * @property {number} [seconds] longest run, 10 unless given; a run that takes longer is ended, and has the status "timeout"
 * @property {(text: string) => string} [mask] hides what differs between two runs of one program, such as times
 * @property {string} [differs] why ours is different and is meant to be: then ours is compared with nothing
 *
 * @typedef {object} Outcome
 * @property {number | string} status exit status, or the signal's name, or "timeout"
 * @property {string} stdout
 * @property {string} stderr
 * @property {Record<string, string | null>} [files] as latin1; null where there is none
 */

/** No more than that is kept of one stream. */
const longest = 256 * 1024;

/**
 * Runs a program on a probe, in a folder of its own that is removed afterwards.
 * @param {readonly string[]} command
 * @param {Probe} probe
 * @returns {Promise<Outcome>}
 */
export function runProbe([program, ...before], probe) {
  return inFolder(probe, async (folder, args) => {
    const running = run(program, [...before, ...args], folder, probe);
    const clients = Object.entries(probe.sessions ?? {}).map(([name, text]) =>
      converse(join(folder, name), text, running),
    );
    const outcome = await running;
    const answers = await Promise.all(clients);
    Object.keys(probe.sessions ?? {}).forEach((name, i) => {
      outcome.files = { ...outcome.files, [`what ${name} answers`]: answers[i] };
    });
    return outcome;
  });
}

/**
 * Makes a probe's files in a folder of its own, which is removed afterwards, and gives back the outcome of what is run there with
 * the probe's arguments, as it is compared; nothing where there is none.
 * @param {Probe} probe
 * @param {(folder: string, args: string[]) => Promise<Outcome | undefined>} task
 * @returns {Promise<Outcome | undefined>}
 */
export async function inFolder(probe, task) {
  const folder = mkdtempSync(join(tmpdir(), "click-probe-"));
  const mask = probe.mask ?? ((text) => text);
  try {
    for (const [name, content] of Object.entries(probe.files ?? {})) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const outcome = await task(folder, [
      ...(probe.args ?? []),
      ...(probe.config === undefined ? [] : ["-e", probe.config]),
    ]);
    if (!outcome) return undefined;
    const { status, stdout, stderr, files: answers = {} } = outcome;
    const files = Object.fromEntries([
      ...(probe.outputs ?? []).map((name) => [name, contentOf(join(folder, name))]),
      ...Object.entries(answers).map(([name, answer]) => [name, mask(answer)]),
    ]);
    return {
      status,
      stdout: mask(stdout),
      stderr: mask(stderr),
      ...(probe.outputs || probe.sessions ? { files } : {}),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * What a program is told by its environment: both speak of quotes in UTF-8, and take no names and no options from it.
 * @param {string} home
 */
export function environment(home) {
  return { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", LC_ALL: "C.UTF-8" };
}

function contentOf(file) {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return null;
  }
}

/** Says something to a UNIX socket, once it is there, and gives back the answers; nothing when the program ends before. */
async function converse(path, text, running) {
  let over = false;
  void running.then(() => {
    over = true;
  });
  while (!over) {
    const answer = await new Promise((resolve) => {
      const socket = connect(path);
      const out = collect(socket);
      socket.on("connect", () => socket.end(Buffer.from(text, "latin1")));
      socket.on("error", () => {});
      socket.on("close", (failed) => resolve(failed ? undefined : out()));
    });
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return "";
}

function run(program, args, cwd, { stdin = "", seconds = 10 }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: environment(cwd), stdio: "pipe" });
    const [out, err] = [collect(child.stdout), collect(child.stderr)];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, seconds * 1000);
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ status: late ? "timeout" : (code ?? signal), stdout: out(), stderr: err() });
    });
  });
}

function collect(stream) {
  const chunks = [];
  let size = 0;
  stream.on("data", (chunk) => {
    if (size < longest) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, longest).toString("utf8");
}
