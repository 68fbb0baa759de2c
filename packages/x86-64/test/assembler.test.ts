/** Instructions are what another program reads in them: binutils' disassembler. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Assembler, condition, LinkError, link, type Memory } from "@clickos/x86-64";
import { describe, expect, it } from "vitest";

const hasObjdump = spawnSync("objdump", ["--version"]).status === 0;
const names64 = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
const names32 = names64.map((name, i) => (i < 8 ? name.replace("r", "e") : `${name}d`));
const names16 = names64.map((name, i) => (i < 8 ? name.slice(1) : `${name}w`));
const names8 = "al cl dl bl spl bpl sil dil r8b r9b r10b r11b r12b r13b r14b r15b".split(" ");
const named = { 8: names8, 16: names16, 32: names32, 64: names64 } as const;
type Width = keyof typeof named;
const reg = (width: Width, n: number): string => named[width][n] as string;
const pointer = { 8: "BYTE PTR ", 16: "WORD PTR ", 32: "DWORD PTR ", 64: "QWORD PTR ", 128: "XMMWORD PTR " } as const;
const all = Array.from({ length: 16 }, (_, n) => n);
const sizes = [32, 64] as const;

const hex = (n: number): string => `0x${n.toString(16)}`;
/** Modulo 2^64 or 2^32. */
const signedHex = (n: number, width: number): string => `0x${BigInt.asUintN(width, BigInt(n)).toString(16)}`;

/** Addresses of all forms, and as they are read. */
const addresses: (readonly [Memory, string])[] = [
  ...all.flatMap((base) =>
    [0, 1, -128, 127, 128, -129, 0x12345678].map((displacement) => {
      const text =
        displacement === 0
          ? base % 8 === 5
            ? "+0x0"
            : ""
          : displacement < 0
            ? `-${hex(-displacement)}`
            : `+${hex(displacement)}`;
      return [{ base, displacement }, `[${reg(64, base)}${text}]`] as const;
    }),
  ),
  ...all
    .filter((index) => index !== 4)
    .flatMap((index) =>
      [0, 4, 5, 12, 13, 15].flatMap((base) =>
        ([1, 4] as const).map((scale) => {
          const zero = base % 8 === 5 ? "+0x0" : "";
          return [{ base, index, scale }, `[${reg(64, base)}+${reg(64, index)}*${scale}${zero}]`] as const;
        }),
      ),
    ),
  [{ index: 1, scale: 8, displacement: 16 }, "[rcx*8+0x10]"],
  [{ displacement: 0x2001 }, "ds:0x2001"],
];

describe("the assembler", () => {
  it.skipIf(!hasObjdump)(`writes what objdump reads${hasObjdump ? "" : ", skipped: there is no objdump"}`, () => {
    const a = new Assembler();
    const expected: string[] = [];
    const say = (text: string): void => void expected.push(text);
    for (const size of sizes)
      for (const x of all)
        for (const y of [0, 3, 5, 7, 8, 12, 13, 15]) {
          const [d, s] = [reg(size, x), reg(size, y)];
          a.mov(size, x, y), say(`mov ${d},${s}`);
          for (const name of ["add", "or", "and", "sub", "xor", "cmp"] as const)
            a.arithmetic(name, size, x, y), say(`${name} ${d},${s}`);
          a.test(size, x, y), say(`test ${d},${s}`);
          a.multiply(size, x, y), say(`imul ${d},${s}`);
          a.multiplyConstant(size, x, y, 300), say(`imul ${d},${s},0x12c`);
          a.multiplyConstant(size, x, y, -3), say(`imul ${d},${s},${signedHex(-3, size)}`);
          a.cmov(size, condition.belowOrEqual, x, y), say(`cmovbe ${d},${s}`);
          a.bsf(size, x, y), say(`bsf ${d},${s}`);
          a.bsr(size, x, y), say(`bsr ${d},${s}`);
          a.movsx(size, 8, x, y), say(`movsx ${d},${reg(8, y)}`);
          a.movsx(size, 16, x, y), say(`movsx ${d},${reg(16, y)}`);
          if (size === 32) {
            a.movzx(8, x, y), say(`movzx ${d},${reg(8, y)}`);
            a.movzx(16, x, y), say(`movzx ${d},${reg(16, y)}`);
            a.loadVector(x, { base: y, displacement: 8 }), say(`movdqu xmm${x},${pointer[128]}[${reg(64, y)}+0x8]`);
            a.moveVector(x, y), say(`movaps xmm${x},xmm${y}`);
          } else a.movsx(64, 32, x, y), say(`movsxd ${d},${reg(32, y)}`);
        }
    for (const size of sizes)
      for (const x of all) {
        const d = reg(size, x);
        for (const name of ["add", "or", "and", "sub", "xor", "cmp"] as const) {
          a.arithmeticConstant(name, size, x, -100), say(`${name} ${d},${signedHex(-100, size)}`);
          // Of rax there is a shorter form, which is not used.
          a.arithmeticConstant(name, size, x, 0x12345), say(`${name} ${d},0x12345`);
        }
        for (const name of ["not", "neg", "mul", "imul", "div", "idiv"] as const)
          a.unary(name, size, x), say(`${name} ${d}`);
        for (const name of ["rol", "ror", "shl", "shr", "sar"] as const) {
          a.shift(name, size, x), say(`${name} ${d},cl`);
          a.shiftConstant(name, size, x, 7), say(`${name} ${d},0x7`);
        }
        a.bswap(size, x), say(`bswap ${d}`);
        a.testConstant(size, x, -2), say(`test ${d},${signedHex(-2, size)}`);
        a.testConstant(size, x, 3), say(`test ${reg(8, x)},0x3`);
        if (size === 32) {
          a.shiftConstant("rol", 16, x, 8), say(`rol ${reg(16, x)},0x8`);
          for (const [when, letters] of Object.entries({ 2: "b", 4: "e", 5: "ne", 7: "a", 12: "l", 15: "g" }))
            a.set(Number(when), x), say(`set${letters} ${reg(8, x)}`);
          a.constant(x, 0), say(`xor ${d},${d}`);
          a.constant(x, 0xffffffff), say(`mov ${d},0xffffffff`);
          a.constant(x, -1n), say(`mov ${reg(64, x)},0xffffffffffffffff`);
          a.constant(x, 0x123456789abcdef0n), say(`movabs ${reg(64, x)},0x123456789abcdef0`);
          a.push(x), say(`push ${reg(64, x)}`);
          a.pop(x), say(`pop ${reg(64, x)}`);
          a.clearVector(x), say(`xorps xmm${x},xmm${x}`);
          a.jumpTo(x), say(`jmp ${reg(64, x)}`);
          a.callTo(x), say(`call ${reg(64, x)}`);
        }
      }
    for (const [at, text] of addresses)
      for (const x of [0, 5, 6, 9]) {
        for (const width of [8, 16, 32, 64] as const) {
          a.store(width, at, x), say(`mov ${pointer[width]}${text},${reg(width, x)}`);
        }
        a.mov(64, x, at), say(`mov ${reg(64, x)},${pointer[64]}${text}`);
        a.movzx(8, x, at), say(`movzx ${reg(32, x)},${pointer[8]}${text}`);
        a.movsx(64, 32, x, at), say(`movsxd ${reg(64, x)},${pointer[32]}${text}`);
        a.lea(64, x, at), say(`lea ${reg(64, x)},${text}`);
        a.xchg(32, at, x), say(`xchg ${pointer[32]}${text},${reg(32, x)}`);
        a.lockXadd(at, x), say(`lock xadd ${pointer[32]}${text},${reg(32, x)}`);
        a.lockCmpxchg(at, x), say(`lock cmpxchg ${pointer[32]}${text},${reg(32, x)}`);
        a.lockArithmetic("or", at, x), say(`lock or ${pointer[32]}${text},${reg(32, x)}`);
        a.storeVector(at, x), say(`movdqu ${pointer[128]}${text},xmm${x}`);
        a.arithmetic("add", 64, at, x), say(`add ${pointer[64]}${text},${reg(64, x)}`);
      }
    for (const [at, text] of addresses) {
      a.storeConstant(8, at, -1), say(`mov ${pointer[8]}${text},0xff`);
      a.storeConstant(16, at, 0x1234), say(`mov ${pointer[16]}${text},0x1234`);
      a.storeConstant(32, at, -2), say(`mov ${pointer[32]}${text},0xfffffffe`);
      a.storeConstant(64, at, -2), say(`mov ${pointer[64]}${text},0xfffffffffffffffe`);
      a.arithmeticByte("or", at, 3), say(`or ${pointer[8]}${text},0x3`);
      a.arithmeticConstant("cmp", 64, at, 1), say(`cmp ${pointer[64]}${text},0x1`);
    }
    a.signIntoRdx(32), say("cdq");
    a.signIntoRdx(64), say("cqo");
    a.repMovsb(), say("rep movs BYTE PTR es:[rdi],BYTE PTR ds:[rsi]");
    a.repStosb(), say("rep stos BYTE PTR es:[rdi],al");
    a.cld(), say("cld");
    a.ret(), say("ret");
    a.ud2(), say("ud2");
    a.syscall(), say("syscall");
    a.iretq(), say("iretq");
    a.rdtsc(), say("rdtsc");
    a.pause(), say("pause");
    // Back, and on to the end.
    const [back, end] = [a.label(), a.label()];
    a.bind(back);
    const start = a.code.length;
    a.jump(end), say(`jmp ${hex(start + 5 + 6 + 5)}`);
    a.jumpIf(condition.less, back), say(`jl ${hex(start)}`);
    a.call(back), say(`call ${hex(start)}`);
    a.bind(end);
    const table = a.code.length;
    a.lea(64, 1, { label: back }), say(`lea rcx,[rip${signedHex(start - (table + 7), 64).replace("0x", "+0x")}]`);
    expect(disassembled(a)).toEqual(expected);
  });

  it("puts pieces together, and says what is missing, twice there, or too far away", () => {
    const caller = new Assembler();
    caller.callSymbol("far");
    caller.mov(64, 0, { symbol: "word", displacement: 8 });
    const callee = new Assembler();
    callee.define("far");
    callee.ret();
    const linked = link([caller, callee], 0x1000, new Map([["word", 0x2000]]));
    expect(linked.addresses).toEqual([0x1000, 0x1010]);
    expect([...linked.bytes.subarray(0, 12)]).toEqual([0xe8, 0x0b, 0, 0, 0, 0x48, 0x8b, 0x05, 0xfc, 0x0f, 0, 0]);
    const fault = (run: () => unknown): string | undefined => {
      try {
        run();
        return undefined;
      } catch (e) {
        return e instanceof LinkError ? e.code : String(e);
      }
    };
    expect(fault(() => link([caller, callee], 0))).toBe("UNDEFINED_SYMBOL");
    expect(fault(() => link([callee, callee], 0))).toBe("DUPLICATE_SYMBOL");
    expect(fault(() => link([caller, callee], 0, new Map([["word", 2 ** 40]])))).toBe("OUT_OF_REACH");
  });
});

function disassembled(a: Assembler): string[] {
  const folder = mkdtempSync(join(tmpdir(), "clickos-objdump-"));
  try {
    const file = join(folder, "code");
    writeFileSync(file, a.code.bytes());
    const text = execFileSync(
      "objdump",
      ["-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn", file],
      {
        encoding: "utf8",
        maxBuffer: 1 << 26,
      },
    );
    return [...text.matchAll(/^ *[0-9a-f]+:\t(.*)$/gm)].map(([, line]) =>
      (line as string).replace(/ *#.*/, "").replace(/\s+/g, " ").trim(),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
