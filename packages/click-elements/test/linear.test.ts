import { arg, Router } from "@clickos/click-core";
import { emptyScope, Mistake } from "@clickos/click-core/element";
import { elements, PatternError, parseIpPattern } from "@clickos/click-elements";
import { ArchiveError, archiveMember, connectControl, parseControlAddress } from "@clickos/click-elements/node";
import { expand, quote, splitText, splitWords, takeWord, unquote } from "@clickos/click-language/arguments";
import { tcpFlagLetters } from "@clickos/wire/names";
import { describe, expect, it } from "vitest";
import { PacketBuilder } from "../src/analysis/packet-builder.ts";
import { summaryField } from "../src/analysis/summary-columns.ts";
import { parseField } from "../src/analysis/summary-field.ts";

/**
 * What somebody else's text is read with takes time that grows with its length: each is given 100 KB of what would make a
 * careless pattern or loop look at the same bytes again and again: minutes, where this takes seconds.
 */
const pieces = [
  ..."10aA -+.:/,[](){}$\"'\\\n\0*=&",
  "1.",
  "1e",
  "0x",
  "a[",
  "1:",
  "1/",
  "\\<",
  "/*",
  "//",
  "$(",
  "${x:-",
  "a ",
  "!=",
].concat(["() ", "sack1-", "1=1:", "%0", "%*", "\\x", "\\<41", "a."]);
const size = 100_000;
const ends = ["", "!"];
const hostile = pieces.flatMap((piece) => ends.map((end) => piece.repeat(Math.ceil(size / piece.length)) + end));

describe("what reads other people's text takes time in proportion to its length", () => {
  it("words, quotes and variables", () => {
    for (const text of hostile) {
      splitWords(text);
      takeWord(text);
      splitText(text);
      for (const quoted of [text, `"${text}`, `\\<${text}`]) quote(unquote(quoted));
      expand(text, { variable: (name) => (name === "x" ? "1" : undefined), call: (inner) => inner });
      expand(`"${text}`, { variable: () => undefined, call: () => undefined });
    }
  }, 60_000);

  it("arguments of every type", () => {
    const plain = Object.values(arg).filter((type) => typeof type !== "function");
    const types = [
      ...plain,
      arg.choice("A", "B"),
      arg.literal("A", 1),
      arg.port("tcp", "udp"),
      arg.elementName(),
      arg.either(arg.ipPrefix, arg.etherAddress),
      arg.listOf(arg.ipPrefix),
      arg.words({ A: arg.optional(arg.u32), B: arg.listOf(arg.time), C: arg.real }),
    ];
    for (const text of hostile) for (const type of types) type.parse(text, emptyScope);
    expect(arg.time.parse("9".repeat(400), emptyScope)).toBe(2n ** 32n * 10n ** 9n - 1n);
    expect(arg.bandwidth.parse("9".repeat(400), emptyScope)).toEqual(new Mistake("out of range"));
    expect(arg.u64.parse("18446744073709551615", emptyScope)).toBe(2n ** 64n - 1n);
  }, 60_000);

  it("values of a summary", () => {
    const names = "timestamp ip_src ip_len ip_fragoff tcp_flags tcp_opt ip_opt payload direction eth_src".split(" ");
    const packet = new PacketBuilder({ protocol: 6, hasFlow: false, minorVersion: 3 });
    for (const text of hostile) {
      summaryField(text);
      for (const name of names) {
        const field = summaryField(name);
        if (field) parseField(field, text, packet, emptyScope);
      }
    }
    expect(tcpFlagLetters.length).toBe(9);
  }, 60_000);

  it("the functions of scripts", () => {
    using r = Router.compileSync("s :: Script(TYPE PASSIVE, end)", { elements });
    const names = "add sprintf htonl in catq length readable".split(" ");
    for (const text of hostile)
      for (const name of names) {
        try {
          r.read(`s.${name}`, text);
        } catch (e) {
          expect((e as Error).name).toBe("HandlerError");
          expect((e as Error).message.length, (e as Error).message.slice(0, 100)).toBeLessThan(300);
        }
      }
  }, 60_000);

  it("names of handlers that are not there", () => {
    using r = Router.compileSync(Array.from({ length: 500 }, (_, i) => `element${i} :: Idle -> Discard`).join(";"), {
      elements,
    });
    for (const text of hostile) expect(() => r.read(text)).toThrow();
    for (const text of hostile) expect(() => r.read(`element1.${text}`)).toThrow();
  }, 60_000);

  it("patterns, addresses and archives", async () => {
    // Groups are another matter: they are parsed, each in the one before.
    for (const text of hostile.filter((t) => !t.startsWith("("))) {
      try {
        parseIpPattern(text.slice(0, 20_000));
      } catch (e) {
        expect(e).toBeInstanceOf(PatternError);
      }
      parseControlAddress(text);
      await expect(connectControl({ path: text })).rejects.toThrow();
      const name = text.replace(/\n/g, "x");
      const header = `#1/${name.length}`.padEnd(48) + String(name.length).padEnd(10);
      expect(() => archiveMember(Buffer.from(`!<arch>\n${header}\`\n${name}`, "latin1"), "config")).toThrow(
        "no member",
      );
    }
    for (const bytes of ["!<arch>\n/", `!<arch>\n${"".padEnd(48)}9999999999\`\n`])
      expect(() => archiveMember(Buffer.from(bytes, "latin1"), "config")).toThrow(ArchiveError);
  }, 60_000);
});
