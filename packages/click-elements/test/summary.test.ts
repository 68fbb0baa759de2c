import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Router } from "@clickos/click-core";
import type { HostFiles } from "@clickos/click-core/element";
import { elements, hostFiles } from "@clickos/click-elements/node";
import { ConfigurationError } from "@clickos/click-language";
import { afterAll, describe, expect, it } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "summary-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** Files in memory: what is read, and what is written. */
function files(input: string): HostFiles & { written: string; writes: number } {
  return {
    written: "",
    writes: 0,
    read: () => Uint8Array.from(input, (ch) => ch.charCodeAt(0)),
    write(_file, data) {
      this.writes++;
      this.written += typeof data === "string" ? data : String.fromCharCode(...data);
    },
  };
}

const lines = (text: string): number => text.split("\n").length - 1;

describe("a summary line that stands for many packets", () => {
  it("is written in turns, and the driver hears in between", () => {
    const f = files("!data ip_src count\n1.0.0.1 4294967295\n1.0.0.2 2\n");
    using r = Router.compileSync(
      "FromIPSummaryDump(in, STOP true) -> c :: Counter -> ToIPSummaryDump(out, FIELDS ip_src, MULTIPACKET true, HEADER false)",
      { elements, files: f },
    );
    let before = 0;
    for (let turns = 0; turns < 20; turns++) {
      expect(r.run(1)).not.toBe("stopped");
      expect(lines(f.written) - before).toBeLessThanOrEqual(20_000);
      before = lines(f.written);
    }
    expect(before).toBeGreaterThan(10_000);
    expect(r.problems.join()).toMatch(/out: \d+ lines of packets that stand for several are not written/);
  });

  it("is written whole before a stop, in its place", () => {
    const f = files("!data ip_src count\n1.0.0.1 1\n1.0.0.2 50000\n1.0.0.3 1\n1.0.0.4 3\n");
    using r = Router.compileSync(
      "FromIPSummaryDump(in, STOP true) -> ToIPSummaryDump(out, FIELDS ip_src, MULTIPACKET true, HEADER false)",
      { elements, files: f },
    );
    while (r.run(1) !== "stopped");
    r.flush();
    const line = (n: number, times: number): string => `1.0.0.${n}\n`.repeat(times);
    expect(f.written === line(1, 1) + line(2, 50_000) + line(3, 1) + line(4, 3)).toBe(true);
    expect(r.problems).toEqual([]);
  });

  it("does not keep a driver manager from its stops", () => {
    const said: string[] = [];
    const f = files("!data ip_src count\n1.0.0.1 100000\n");
    using r = Router.compileSync(
      `DriverManager(wait_stop, print $(c.count));
       FromIPSummaryDump(in, STOP true) -> c :: Counter -> ToIPSummaryDump(out, FIELDS ip_src, MULTIPACKET true);
       InfiniteSource(LIMIT 100, BURST 1) -> d :: Counter -> Discard`,
      { elements, files: f, output: (text) => said.push(text) },
    );
    while (r.run(1) !== "stopped");
    r.flush();
    expect(said).toEqual(["1\n"]);
    expect(lines(f.written)).toBe(100_002);
  });

  it("makes a packet a turn", () => {
    using r = Router.compileSync("FromIPSummaryDump(in, MULTIPACKET true) -> c :: Counter -> Discard", {
      elements,
      files: files("!data ip_src count\n1.0.0.1 4294967295\n"),
    });
    for (let i = 1; i < 10; i++) {
      r.run(1);
      expect(Number(r.read("c.count"))).toBe(i);
    }
  });
});

describe("a summary without packets", () => {
  it("is read a bounded number of lines a turn", () => {
    const text = "# nothing\n".repeat(1_000_000);
    using r = Router.compileSync("f :: FromIPSummaryDump(in, STOP true) -> Discard", { elements, files: files(text) });
    r.run(1);
    const first = Number(r.read("f.filepos"));
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(10_000);
    while (r.run(64) !== "stopped");
    expect(Number(r.read("f.filepos"))).toBe(text.length);
  });

  it("is pulled likewise", () => {
    const text = `!data ip_src\n${"# nothing\n".repeat(5000)}1.0.0.1\n`;
    using r = Router.compileSync("f :: FromIPSummaryDump(in, STOP true) -> Unqueue -> c :: Counter -> Discard", {
      elements,
      files: files(text),
    });
    while (r.run(64) !== "stopped");
    expect(r.read("c.count")).toBe("1");
  });

  it("may hold lines and numbers of any length", () => {
    const long = "1".repeat(100_000);
    const hostile = [
      `!data timestamp ip_src ip_fragoff tcp_opt payload ip_proto`,
      `!flowid ${long}`,
      `!${"\0".repeat(60_000)}x`,
      `!proto ${long}`,
      ...[
        long,
        long.slice(0, 60_000),
        `${long.slice(0, 60_000)}x`,
        `"${"\\<".repeat(30_000)}`,
        "1=".padEnd(60_000, "1:"),
      ].flatMap((w) => [
        `${w} 1.0.0.1 0 . "" T`,
        `1 ${w} 0 . "" T`,
        `1 1.0.0.1 ${w} . "" T`,
        `1 1.0.0.1 0 ${w} "" T`,
        `1 1.0.0.1 0 . ${w} T`,
        `1 1.0.0.1 0 . "" ${w}`,
      ]),
      `1 1.0.0.1 0 . "" T`,
    ];
    using r = Router.compileSync("f :: FromIPSummaryDump(in, STOP true) -> c :: Counter -> Discard", {
      elements,
      files: files(`${hostile.join("\n")}\n`),
    });
    while (r.run(64) !== "stopped");
    expect(Number(r.read("c.count"))).toBeGreaterThanOrEqual(1);
  });
});

describe("a file that cannot be opened or written", () => {
  it("is part of the configuration's error", () => {
    for (const config of ["FromDump(nope.pcap) -> Discard", "Idle -> ToDump(/nope/x)", "FromDump(/) -> Discard"]) {
      expect(() => Router.compileSync(config, { elements, files: hostFiles })).toThrow(ConfigurationError);
    }
    const text = join(dir, "text");
    writeFileSync(text, "this is no capture, it is a text of some length");
    expect(() => Router.compileSync(`FromDump(${text}) -> Discard`, { elements })).toThrow(
      "not a tcpdump file (bad magic number)",
    );
    expect(readFileSync(text, "latin1")).toContain("no capture");
  });

  it("stops the driver, and is told", () => {
    const full: HostFiles = {
      read: () => new Uint8Array(),
      write(_file, _data, append) {
        if (append) throw new Error("no space left on the disk");
      },
    };
    for (const element of ["ToIPSummaryDump(out, FIELDS ip_src)", "IPPrint(OUTFILE out)"]) {
      using r = Router.compileSync(`InfiniteSource(LIMIT 10) -> MarkIPHeader(0) -> ${element} -> Discard`, {
        elements,
        files: full,
      });
      r.run();
      r.flush();
      expect(r.problems).toEqual(["out: no space left on the disk"]);
    }
  });
});
