import { Router } from "@clickos/click-core";
import type { HostFiles } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numberAt } from "../src/lib/number-prefix.ts";
import { CapSequence } from "../src/traces/cap-sequence.ts";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (ch) => ch.charCodeAt(0));

/** The lines about packets that an element makes of a text, and what is said. */
function packets(source: string, text: string, fields = "tcp_seq tcp_ack ip_len"): { lines: string[]; said: string } {
  let written = "";
  let said = "";
  const files: HostFiles = {
    read: () => bytesOf(text),
    write(_file, data) {
      written += typeof data === "string" ? data : String.fromCharCode(...data);
    },
  };
  const r = Router.compileSync(`${source} -> ToIPSummaryDump(out, FIELDS ${fields}, HEADER false)`, {
    elements,
    files,
    chatter: (line) => (said += line),
  });
  for (let turn = 0; turn < 20; turn++) r.run(1);
  r[Symbol.dispose]();
  return { lines: written.split("\n").slice(0, -1), said };
}

describe("FromTcpdump", () => {
  const [a, b] = ["10.0.0.1.1000", "10.0.0.2.80"];
  const session = (...lines: string[]): string =>
    lines.map((line, i) => `${i + 1} ${i % 2 ? `${b} > ${a}` : `${a} > ${b}`}: ${line}\n`).join("");

  it("makes sequence numbers absolute again", () => {
    const { lines } = packets(
      "FromTcpdump(in)",
      session("S 100:100(0) win 5", "S 500:500(0) ack 101", ". ack 1", "P 1:11(10) ack 1", "P 1:21(20) ack 11"),
    );
    expect(lines).toEqual(["100 0 40", "500 101 40", "101 501 40", "501 101 50", "101 511 60"]);
  });

  it("keeps those that are absolute", () => {
    const { lines } = packets("FromTcpdump(in)", session("P 9000:9010(10) ack 90000", "P 90000:90005(5) ack 9010"));
    expect(lines).toEqual(["9000 90000 50", "90000 9010 45"]);
  });

  it("passes over lines that it cannot read, and reports the first", () => {
    const { lines, said } = packets(
      "FromTcpdump(in)",
      `1 ${a} > ${b}: S 5:5(0) win 1\nfoo\nbar\n2 ${a} > ${b}: S 6:6(0) win 1\n`,
    );
    expect(lines).toEqual(["5 0 40", "6 0 40"]);
    expect(said).toBe("in:2: packet parse error\n");
  });

  it("takes any line for a packet or none", () => {
    const word = fc.constantFrom(
      "<",
      ">",
      "S",
      "ack 5",
      "win 7",
      "<mss 5>",
      "(len 60)",
      "(DF)",
      "1:2(1)",
      "{",
      "udp 9",
      "[bad",
    );
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 8 }), { maxLength: 5 }), (list) => {
        const text = list.map((words) => `1 ${a} > ${b}: ${words.join(" ")}\n`).join("");
        expect(packets("FromTcpdump(in, CHECKSUM true)", `${text}1 ${a} > ${b}: S 5:5(0) win 1\n`).lines.at(-1)).toBe(
          "5 0 40",
        );
      }),
      { numRuns: 20 },
    );
  });
});

describe("FromNetFlowSummaryDump", () => {
  const flow = (more: Record<number, string> = {}): string =>
    `${"1.0.0.1|2.0.0.2|0|1|2|5|1000|10|20|3|4|0|18|6|0"
      .split("|")
      .map((field, i) => more[i] ?? field)
      .join("|")}\n`;
  const read = (args: string, text: string) =>
    packets(`FromNetFlowSummaryDump(in${args})`, text, "timestamp count ip_len");

  it("makes a packet that stands for its flow, or all of them", () => {
    expect(read("", flow()).lines).toEqual(["20.000000 5 1000"]);
    const { lines } = read(", MULTIPACKET true", flow());
    expect(lines).toEqual(["10", "12.500000", "15", "17.500000", "20"].map((t) => `${Number(t).toFixed(6)} 1 200`));
  });

  it("takes a flow of no packets for one packet", () => {
    expect(read(", MULTIPACKET true", flow({ 5: "0" })).lines).toEqual(["20.000000 1 1000"]);
  });

  it("stops at a line that it cannot read", () => {
    const { lines, said } = read("", `${flow()}foo\n${flow()}`);
    expect(lines).toHaveLength(1);
    expect(said).toBe("in:2: bad format\n");
  });
});

describe("FromCapDump", () => {
  it("goes on where a segment has another length than before", () => {
    const { lines, said } = packets(
      "FromCapDump(in)",
      "DAT > 1 1 1 1 100\nDAT > 1 2 2 1 100\nDAT > 1 3 1 1 70\nDAT > 1 3 2 1 100\n",
    );
    expect(said).toBe("   in:3 >> 2 1560 1530\n   in:4 >> 3 1660 1630\n");
    expect(lines).toEqual(["1460 1 140", "1560 1 140", "1460 1 110", "1530 1 140"]);
  });

  it("passes over segments of numbers that no file has", () => {
    expect(
      packets("FromCapDump(in)", "DAT > 1 1 4294967295 1 100\nDAT > 1 1 4194304 1 100\nDAT > 1 1 0 1 100\n").lines,
    ).toEqual(["0 1 140"]);
  });

  it("takes segments that were not told of for as long as those before them", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(3000)), { maxLength: 20 }), (list) => {
        const sequence = new CapSequence();
        const model = new Map([[0, 0]]);
        const start = (segment: number): number => {
          let known = segment;
          while (!model.has(known)) known--;
          const length = known > 0 ? (model.get(known) ?? 0) - (model.get(known - 1) ?? 0) : 1460;
          for (let i = known + 1; i <= segment; i++) model.set(i, ((model.get(i - 1) ?? 0) + length) >>> 0);
          return model.get(segment) ?? 0;
        };
        for (const [segment, length] of list) {
          expect(sequence.start(segment)).toBe(start(segment));
          sequence.note(segment, length);
          model.set(segment + 1, (start(segment) + length) >>> 0);
        }
      }),
    );
  });
});

describe("numbers at a place in a text", () => {
  it("are read in the bases that are marked, and end where they end", () => {
    for (const [text, value, end] of [
      ["12x", 12, 2],
      ["0x1F!", 31, 4],
      ["0b101", 5, 5],
      ["017", 15, 3],
      ["08", 0, 1],
      ["+5", 5, 2],
      ["1_000", 1000, 5],
      ["1__0", 1, 1],
      ["99999999999", 0xffffffff, 11],
      ["0x", 0, 1],
      ["x", 0, 0],
      ["", 0, 0],
    ] as const)
      expect([text, numberAt(text, 0, text.length)]).toEqual([text, { value, end }]);
    expect(numberAt("017", 0, 3, 10)).toEqual({ value: 17, end: 3 });
    expect(numberAt("ff,", 0, 3, 16)).toEqual({ value: 255, end: 2 });
  });
});
