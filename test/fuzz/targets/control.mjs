/**
 * The control protocol: a client's bytes, whole and in pieces. Its answers must be the same for both, and each must be
 * one that a client can read.
 */
import { HandlerError } from "@clickos/click-core";
import { ControlSession } from "@clickos/click-elements/node";
import { randomOf } from "../inputs.mjs";
import { bytesOfLatin1, mutateBytes, mutateText, numbers, textOfLatin1 } from "../mutate.mjs";

const commands =
  "READ GET READDATA READUNTIL WRITE SET WRITEDATA SETDATA WRITEUNTIL CHECKREAD CHECKWRITE LLRPC HELP QUIT CLOSE POST read Host:".split(
    " ",
  );
const paths = [
  "a.b",
  "a.echo",
  "a.none",
  "nowhere",
  "list",
  "config",
  "hotconfig",
  "a.config",
  "*",
  "",
  "a b",
  '"a.b"',
  "a.\\",
  "\0",
];
const words = [...commands, ...paths, "\r\n", "\n", "\r", " ", "END", ...numbers];

/** Handlers that keep what is written, and give it back. */
function handlers() {
  const values = new Map([
    ["a.b", "1"],
    ["a.echo", ""],
    ["list", "2\na\nb\n"],
    ["config", "Idle;"],
  ]);
  const find = (path) => {
    if (!values.has(path)) throw new HandlerError("NO_HANDLER", `no handler named '${path}'`);
    return path;
  };
  return {
    read: (path, parameter) => (find(path) === "a.echo" ? parameter : values.get(path)),
    write(path, value) {
      if (find(path) === "list") throw new HandlerError("NOT_WRITABLE", "it cannot be written");
      if (path === "config") throw new HandlerError("REFUSED", "not\nnow\n");
      values.set(path, value);
    },
    describe: (path) => ({ path: find(path), access: path === "list" ? "r" : "rw", kind: "text" }),
  };
}

/** What a session answers to pieces. */
function answers(pieces) {
  let out = "";
  let held = 0;
  const session = new ControlSession(handlers(), (text) => (out += text), {
    allowance: {
      take(bytes) {
        if (held + bytes > 1 << 17) return false;
        held += bytes;
        return true;
      },
      give(bytes) {
        held -= bytes;
      },
    },
  });
  for (const piece of pieces) {
    session.receive(piece);
    let steps = 0;
    while (session.step()) if (++steps > piece.length + 1) throw new Error("more requests than bytes");
    if (session.backlog > 0) throw new Error("bytes are left that were not looked at");
  }
  session.close();
  if (held !== 0) throw new Error(`an ended session holds ${held} bytes`);
  return out;
}

/** Reads answers as a client does. */
function check(text) {
  const greeting = "Click::ControlSocket/1.3\r\n";
  if (!text.startsWith(greeting)) throw new Error("no greeting");
  for (let at = greeting.length; at < text.length; ) {
    const end = text.indexOf("\r\n", at);
    const line = text.slice(at, end < 0 ? text.length : end);
    const [, length] = /^DATA (\d+)$/.exec(line) ?? [];
    if (end < 0 || (length === undefined && !/^\d{3}[- ]/.test(line)))
      throw new Error(`not an answer: ${JSON.stringify(line.slice(0, 80))}`);
    at = end + 2 + Number(length ?? 0);
    if (at > text.length) throw new Error("less data than was said");
  }
}

export const target = {
  name: "control",
  errors: [],
  seeds: () =>
    [
      "READ a.b\r\nWRITE a.b 5\r\nREAD a.b\r\nQUIT\r\n",
      "WRITEDATA a.b 5\r\nhello\r\nREADDATA a.echo 3\r\nabc",
      "WRITEUNTIL a.b END\nx\ny\nEND\nREADUNTIL a.echo END\nx\nEND\n",
      "CHECKREAD a.b\nCHECKWRITE list\nLLRPC a#0\nHELP\n",
    ].map(bytesOfLatin1),
  heavy: () =>
    [`READ ${"a".repeat(70_000)}\n`, "WRITEDATA a.b 1048577\n", `WRITEUNTIL a.b END\n${"x\n".repeat(200_000)}`].map(
      bytesOfLatin1,
    ),
  generate(r) {
    let text = "";
    for (let n = 1 + r.below(8); n > 0; n--) {
      const command = r.pick(commands);
      const newline = r.pick(["\r\n", "\n", "\r"]);
      const data = "x".repeat(r.below(20));
      const length = r.once(5) ? r.pick(numbers) : data.length;
      if (/DATA$/.test(command)) text += `${command} ${r.pick(paths)} ${length}${newline}${data}`;
      else if (/UNTIL$/.test(command))
        text += `${command} ${r.pick(paths)} END${newline}${data}${newline}${r.once(6) ? "" : `END${newline}`}`;
      else text += `${command} ${r.pick(paths)} ${r.pick(["", "1", "a b", "\t", "\x80\xff"])}${newline}`;
    }
    return bytesOfLatin1(text);
  },
  mutate: (input, r) => (r.once(2) ? mutateBytes(input, r) : mutateText(input, r, words)),
  run(input) {
    const text = textOfLatin1(input);
    const r = randomOf(input);
    const pieces = [];
    for (let at = 0; at < text.length; ) {
      const end = at + 1 + r.below(r.pick([1, 4, 40, 4000]));
      pieces.push(text.slice(at, end));
      at = end;
    }
    const whole = answers([text]);
    check(whole);
    if (answers(pieces) !== whole) throw new Error("answers depend on how the stream is cut");
  },
};
