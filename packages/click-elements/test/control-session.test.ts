import { Router } from "@clickos/click-core";
import { type Allowance, ControlSession, type ControlTarget, elements } from "@clickos/click-elements/node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** A target that remembers what was written. */
function target(): ControlTarget & { written: [string, string][] } {
  const written: [string, string][] = [];
  return {
    written,
    describe: (path) => ({ path, access: "rw", kind: "text", flags: "+" }),
    read: (path, parameter = "") => `${path}<${parameter}>`,
    write: (path, value) => void written.push([path, value]),
  };
}

function session(options: { readOnly?: boolean; allowance?: Allowance } = {}) {
  const t = target();
  let out = "";
  const s = new ControlSession(t, (text) => (out += text), options);
  const say = (...pieces: string[]): string => {
    out = "";
    for (const piece of pieces) {
      s.receive(piece);
      while (s.step());
    }
    return out;
  };
  return { s, t, say };
}

/** An allowance, and how much of it is taken. */
function allowance(limit: number): Allowance & { taken: number } {
  return {
    taken: 0,
    take(bytes) {
      if (this.taken + bytes > limit) return false;
      this.taken += bytes;
      return true;
    },
    give(bytes) {
      this.taken -= bytes;
    },
  };
}

const conversation =
  "READ a 1 2\r\nREADDATA b 4\r\nx\r\ny\rWRITEUNTIL c END  \nline\r\n\r\nmore\rEND \t\r\nWRITEDATA d 0\nWRITE e v\nbogus\nHELP\nQUIT\n";

describe("a control session", () => {
  it("says the same however the stream is cut", () => {
    const whole = session();
    const expected = whole.say(conversation);
    expect(whole.t.written).toEqual([
      ["c", "line\r\n\r\nmore\r"],
      ["d", ""],
      ["e", "v"],
    ]);
    expect(expected).toContain("DATA 6\r\na<1 2>200 Read handler 'b' OK\r\nDATA 7\r\nb<x\r\ny>");
    fc.assert(
      fc.property(fc.array(fc.nat(conversation.length), { maxLength: 20 }), (cuts) => {
        const { s, t, say } = session();
        const at = [0, ...cuts.sort((a, b) => a - b), conversation.length];
        expect(say(...at.slice(1).map((to, i) => conversation.slice(at[i], to)))).toBe(expected);
        expect(t.written).toEqual(whole.t.written);
        expect([s.ended, s.unfinished, s.backlog]).toEqual([true, false, 0]);
      }),
      { numRuns: 200 },
    );
    expect(session().say(...conversation)).toBe(expected);
  });

  it("serves one request a step", () => {
    const { s, say } = session();
    say("");
    s.receive("READ a\n".repeat(5));
    let steps = 0;
    while (s.step()) steps++;
    expect(steps).toBe(5);
  });

  it("bounds lines, parameters, values and configurations, and stays in step where data is refused", () => {
    expect(session().say("x".repeat(70_000))).toBe("500 A line of more than 65536 bytes\r\n");
    const { say, t } = session();
    expect(say(`READDATA a 65537\n${"x".repeat(65537)}READ b\n`)).toBe(
      "500 More than 65536 bytes of data\r\n200 Read handler 'b' OK\r\nDATA 3\r\nb<>",
    );
    expect(say(`WRITEDATA a 1048577\n${"READ c\n".repeat(149797).slice(0, 1048577)}READ b\n`)).toContain(
      "200 Read handler 'b'",
    );
    expect(t.written).toEqual([]);
    say(`WRITEDATA hotconfig 2000000\n${"y".repeat(2_000_000)}`);
    expect(t.written[0]?.[1].length).toBe(2_000_000);
    expect(session().say("READUNTIL a .\n", ...new Array(2000).fill(`${"x".repeat(50)}\n`))).toBe(
      "500 More than 65536 bytes of data\r\n",
    );
    expect(session().say("WRITEUNTIL a .\n", "x".repeat(1 << 20), "x")).toBe("500 More than 1048576 bytes of data\r\n");
    for (const length of ["99999999999", "-1", "1e3", "08", "1.5"])
      expect(session().say(`WRITEDATA a ${length}\n`)).toBe("500-Syntax error in '%s'\r\n");
    expect(session().say("WRITEDATA a \n")).toBe("500 Wrong number of arguments\r\n");
  });

  it("keeps nothing of what a client that may only read wants to write", () => {
    const shared = allowance(0);
    const { say, t, s } = session({ readOnly: true, allowance: shared });
    expect(say(`WRITEDATA hotconfig 15000000\n${"x".repeat(1_000_000)}`)).toBe("");
    expect(s.backlog).toBe(0);
    const denied = (name: string): string => `530 Permission denied for '${name}'\r\n`;
    expect(say("x".repeat(14_000_000), "WRITE a b\nCHECKWRITE a\nWRITEUNTIL a .\n", "x\n".repeat(1000))).toBe(
      denied("hotconfig") + denied("a").repeat(2),
    );
    expect(say(".\nREAD b\n")).toBe(`${denied("a")}200 Read handler 'b' OK\r\nDATA 3\r\nb<>`);
    expect(s.ended).toBe(false);
    expect(t.written).toEqual([]);
  });

  it("takes what unfinished requests hold from what all sessions share, and gives it back", () => {
    const shared = allowance(1 << 20);
    const a = session({ allowance: shared });
    const b = session({ allowance: shared });
    a.say("WRITEDATA x.config 900000\n", "x".repeat(500_000));
    expect(shared.taken).toBeGreaterThanOrEqual(900_000);
    expect(b.say("WRITEDATA y.config 900000\n")).toContain("500 Other clients' data");
    expect(b.say("y".repeat(900_000), "READ a\n")).toContain("200 Read");
    a.say("x".repeat(400_000));
    expect([shared.taken, a.t.written.length]).toEqual([0, 1]);
    b.say("WRITEUNTIL y .\n", ...new Array(4000).fill(`${"y".repeat(99)}\n`));
    expect(shared.taken).toBeGreaterThanOrEqual(400_000);
    b.s.close();
    expect(shared.taken).toBe(0);
  });

  it("takes a last line without an end, and what there is of data that is not all there for lines", () => {
    const ended = (text: string): string => {
      const { s, say } = session();
      const before = say(text);
      s.end();
      const after = say("");
      expect(s.backlog).toBe(0);
      return before + after;
    };
    expect(ended("READ a")).toBe("200 Read handler 'a' OK\r\nDATA 3\r\na<>");
    expect(ended("WRITEDATA a 50\nREAD b\rREAD c")).toBe(
      "500 Not enough data\r\n200 Read handler 'b' OK\r\nDATA 3\r\nb<>200 Read handler 'c' OK\r\nDATA 3\r\nc<>",
    );
    expect(ended("WRITEUNTIL a .\nREADDATA b 9\n.")).toBe(
      "500 Not enough data\r\n500 Not enough data\r\n501 Command '.' unimplemented\r\n",
    );
    expect(ended("")).toBe("");
  });

  it("does not take a web page's request for commands", () => {
    const { say, t } = session();
    say("POST / HTTP/1.1\r\nHost: 127.0.0.1:7777\r\n\r\nWRITE hotconfig Idle\r\n");
    expect(t.written).toEqual([]);
    const got = session();
    got.say("GET / HTTP/1.1\r\nHost: 127.0.0.1:7777\r\n\r\nWRITE a b\r\n");
    expect(got.t.written).toEqual([]);
  });

  it("answers anything that is sent to a router, and never throws", () => {
    using router = Router.compileSync(
      "c :: Counter; s :: Script(TYPE PROXY, return $args); q :: Queue; Idle -> c -> q -> Unqueue -> Discard",
      { elements, reconfigurable: true },
    );
    const word = fc.constantFrom(
      ..."READ WRITE READDATA WRITEDATA READUNTIL WRITEUNTIL CHECKREAD CHECKWRITE LLRPC HELP SETDATA GET".split(" "),
      ..."c.count c.reset c.config q.config q.capacity s.x s.sprintf s.add s.step s.goto s.set hotconfig list handlers".split(
        " ",
      ),
      ..."-1 5 99999999999 %.200f 1e999 0x 1.5 . END DATA $ \" '".split(" "),
      "\r\n",
      "\n",
      "\r",
      " ",
      "\0",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: word }, fc.string({ maxLength: 20 })), { maxLength: 40 }),
        (words) => {
          let out = "";
          const s = new ControlSession(router, (text) => (out += text));
          s.receive(`${words.join(" ")}\r\n`);
          while (s.step());
          s.close();
          expect(out.startsWith("Click::ControlSocket/1.3\r\n")).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a handler that changes the configuration", () => {
  it("can be written for classes that reconfigure live", () => {
    const text = "p :: Paint(1); m :: MarkIPHeader(0); s :: Script(TYPE PASSIVE, end); Idle -> p -> m -> Discard";
    using open = Router.compileSync(text, { elements });
    open.write("p.config", "2");
    expect(open.read("p.color")).toBe("2");
    for (const path of ["m.config", "s.config"])
      expect(() => open.write(path, "14")).toThrow(`no '${path}' write handler`);
  });

  it("is no way to a file: elements that hold files do not reconfigure live", () => {
    const files = [
      "ToDump",
      "FromDump",
      "ToIPSummaryDump",
      "FromIPSummaryDump",
      "Script",
      "PokeHandlers",
      "DriverManager",
    ];
    const sockets = ["Socket", "ControlSocket", "ChatterSocket"];
    for (const name of [...files, ...sockets]) expect([name, elements[name]?.live ?? false]).toEqual([name, false]);
  });
});
