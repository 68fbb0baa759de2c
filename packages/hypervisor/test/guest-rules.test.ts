/** Modules that somebody wrote by hand: what an engine takes and a guest may not have is refused, with the byte. */
import { type FunctionBuilder, moduleBuilder, wasmBackend } from "@clickos/codegen";
import { checkKernel, compileKernel, hypercalls, KernelError } from "@clickos/hypervisor";
import { describe, expect, it } from "vitest";
import { guestBytes } from "./guests.ts";

type Bytes = readonly number[];

function leb(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest];
    out.push((rest % 128) | 0x80);
  }
}
const sized = (content: Bytes): number[] => leb(content.length).concat(content);
const name = (text: string): number[] => sized([...Buffer.from(text)]);
const vector = (items: readonly Bytes[]): number[] => leb(items.length).concat(items.flat());

const bootType = [0x60, 0, 0];
const vcpuType = [0x60, 2, 0x7e, 0x7f, 1, 0x7f];
const memory = [...name("xen"), ...name("memory"), 2, 3, 1, 1];
const entryPoints = [
  [...name("boot"), 0, 0],
  [...name("vcpu"), 0, 1],
];
/** Gives 0. */
const idle = [0, 0x41, 0, 0x0b];
const returnsNothing = [0, 0x0b];

/** Sections by number; those of the smallest guest, unless others are given; `undefined` leaves one out. */
function handmade(sections: Readonly<Record<number, Bytes | undefined>> = {}, order?: Bytes): Uint8Array<ArrayBuffer> {
  const all: Record<number, Bytes | undefined> = {
    1: vector([bootType, vcpuType]),
    2: vector([memory]),
    3: vector([[0], [1]]),
    7: vector(entryPoints),
    10: vector([sized(returnsNothing), sized(idle)]),
    ...sections,
  };
  // The order that engines want.
  let out = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  for (const id of order ?? [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11, 0]) {
    const content = all[id];
    if (content) out = out.concat(id, sized(content));
  }
  return Uint8Array.from(out);
}
/** With this as the code of `vcpu`, locals before it, and the end and a result after it. */
const withCode = (code: Bytes, locals: Bytes = [0]): Uint8Array<ArrayBuffer> =>
  handmade({ 10: vector([sized(returnsNothing), sized(locals.concat(code, [0x41, 0, 0x0b]))]) });

function refusal(bytes: Uint8Array): string {
  try {
    checkKernel(bytes);
    return "";
  } catch (e) {
    if (!(e instanceof KernelError)) throw e;
    return e.message;
  }
}

const times = (n: number, bytes: Bytes): number[] => Array.from({ length: n }, () => bytes).flat();

describe("a guest's module", () => {
  it("is taken as our compiler writes it", async () => {
    expect(refusal(guestBytes(() => 0))).toBe("");
    expect(refusal(handmade())).toBe("");
    expect(await compileKernel(handmade())).toBeInstanceOf(WebAssembly.Module);
    expect(refusal(withCode([0x02, 0x40, 0x0c, 0, 0x0b]))).toBe("");
  });

  it("that keeps to the list and is not valid is refused by the engine", async () => {
    const bytes = withCode([0x6a]);
    expect(refusal(bytes)).toBe("");
    await expect(compileKernel(bytes)).rejects.toMatchObject({ name: "KernelError", code: "BAD_KERNEL" });
  });

  const arrayType = [0x5e, 0x7f, 1];
  const shared = [...name("xen"), ...name("memory"), 2, 3];
  const odd: readonly (readonly [what: string, bytes: Uint8Array, reason: RegExp])[] = [
    // array.new $0 of 256 Mi words: what aborts an engine with garbage-collected types.
    [
      "arrays of a collected heap",
      handmade({
        1: vector([arrayType, bootType, vcpuType]),
        3: vector([[1], [2]]),
        10: vector([
          sized(returnsNothing),
          sized([0, 0x41, 0, 0x41, ...leb(0x3fffffff), 0xfb, 0x06, 0, 0x1a, 0x41, 0, 0x0b]),
        ]),
      }),
      /form 0x5e/,
    ],
    ["their instructions", withCode([0xfb, 0x06, 0]), /instruction 0xfb/],
    ["groups of types", handmade({ 1: vector([[0x4e, 2, ...bootType, ...vcpuType]]) }), /form 0x4e/],
    ["a start function", handmade({ 8: [0] }), /section 8/],
    ["a table", handmade({ 4: vector([[0x70, 0, 1]]) }), /section 4/],
    ["elements", handmade({ 9: vector([[0, 0x41, 0, 0x0b, 1, 0]]) }), /section 9/],
    ["an indirect call", withCode([0x41, 0, 0x11, 0, 0]), /instruction 0x11/],
    ["globals", handmade({ 6: vector([[0x7f, 1, 0x41, 0, 0x0b]]) }), /section 6/],
    ["exceptions", handmade({ 13: vector([[0, 0]]) }), /section 13/],
    ["their instructions", withCode([0x06, 0x40, 0x0b]), /instruction 0x06/],
    ["their instructions, as of 2023", withCode([0x1f, 0x40, 0, 0x0b]), /instruction 0x1f/],
    ["tail calls", withCode([0x12, 0]), /instruction 0x12/],
    ["a reference", withCode([0xd0, 0x70, 0x1a]), /instruction 0xd0/],
    ["a memory of its own", handmade({ 5: vector([[1, 1, 1]]) }), /section 5/],
    ["a second memory", handmade({ 2: vector([memory, memory]) }), /no hypercall/],
    ["accesses to a second memory", withCode([0x41, 0, 0x28, 0x40, 1, 0, 0x1a]), /memory 0/],
    ["64-bit addresses", handmade({ 2: vector([[...name("xen"), ...name("memory"), 2, 7, 1, 1]]) }), /flags 0x07/],
    ["a memory that is not shared", handmade({ 2: vector([[...name("xen"), ...name("memory"), 2, 1, 1, 1]]) }), /0x01/],
    ["a memory without a maximum", handmade({ 2: vector([[...name("xen"), ...name("memory"), 2, 0, 1]]) }), /0x00/],
    ["too many pages", handmade({ 2: vector([[...shared, ...leb(1), ...leb(16385)]]) }), /16385 pages; 16384 at most/],
    ["more pages than its maximum", handmade({ 2: vector([[...shared, 2, 1]]) }), /2 pages, and 1/],
    ["no memory", handmade({ 2: vector([]) }), /the memory 'xen.memory'/],
    ["memory of another name", handmade({ 2: vector([[...name("xen"), ...name("m"), 2, 3, 1, 1]]) }), /the memory/],
    ["memory.grow", withCode([0x41, 0, 0x40, 0, 0x1a]), /instruction 0x40/],
    ["waiting", withCode([0x41, 0, 0x41, 0, 0x42, 0, 0xfe, 0x01, 2, 0, 0x1a]), /instruction 0xfe 0x01/],
    ["floating point", withCode([0x43, 0, 0, 0, 0, 0x1a]), /instruction 0x43/],
    ["a local of another type", withCode([], [1, 1, 0x7b]), /type 0x7b/],
    ["a block with a result", withCode([0x02, 0x7f, 0x41, 0, 0x0b, 0x1a]), /a block with a type/],
    ["relaxed SIMD", withCode([0xfd, 0x80, 0x02]), /instruction 0xfd 0x80/],
    ["several results", handmade({ 1: vector([bootType, vcpuType, [0x60, 0, 2, 0x7f, 0x7f]]) }), /2 results/],
    [
      "an import that is no hypercall",
      handmade({ 2: vector([memory, [...name("xen"), ...name("x"), 0, 0]]) }),
      /no hyper/,
    ],
    [
      "a hypercall of another module",
      handmade({ 2: vector([memory, [...name("env"), ...name("evtchn_send"), 0, 0]]) }),
      /no hypercall/,
    ],
    [
      "a hypercall of another type",
      handmade({ 2: vector([memory, [...name("xen"), ...name("evtchn_send"), 0, 0]]) }),
      /'evtchn_send' is imported with another type/,
    ],
    [
      "an imported global",
      handmade({ 2: vector([memory, [...name("xen"), ...name("evtchn_send"), 3, 0x7f, 0]]) }),
      /no h/,
    ],
    ["an export more", handmade({ 7: vector([...entryPoints, [...name("x"), 0, 0]]) }), /3 exports/],
    [
      "an export of another name",
      handmade({ 7: vector([...entryPoints.slice(1), [...name("x"), 0, 0]]) }),
      /exports some/,
    ],
    [
      "the memory as an export",
      handmade({ 7: vector([[...name("boot"), 2, 0], entryPoints[1]!]) }),
      /exports something/,
    ],
    ["an export of another type", handmade({ 7: vector([[...name("boot"), 0, 1], entryPoints[1]!]) }), /'boot' is not/],
    ["an export too few", handmade({ 7: vector(entryPoints.slice(1)) }), /does not export 'boot'/],
    ["no exports", handmade({ 7: undefined }), /no section export/],
    ["sections in another order", handmade({}, [1, 3, 2, 7, 10]), /section import is not where/],
    ["a section twice", handmade({}, [1, 1, 2, 3, 7, 10]), /section type is not where/],
    ["a custom section in front", handmade({ 0: name("clickos.x") }, [0, 1, 2, 3, 7, 10]), /not where it belongs/],
    ["a custom section of an engine", handmade({ 0: name("compilationHints") }), /a custom section that no guest has/],
    ["data at what is no constant", handmade({ 11: vector([[0, 0x23, 0, 0x0b, 0]]) }), /not at a constant/],
    ["data for another memory", handmade({ 11: vector([[2, 0, 0x41, 0, 0x0b, 0]]) }), /mode 0x02/],
    ["50,000 locals", withCode([], [1, ...leb(50_000), 0x7f]), /more than \d+ locals/],
    ["4,294,967,295 locals in runs", withCode([], [2, ...leb(0xffffffff), 0x7f, 1, 0x7f]), /more than \d+ locals/],
    [
      "locals of no length without end",
      withCode([], [...leb(20_000), ...times(20_000, [0, 0x7f])]),
      /more than \d+ locals/,
    ],
    [
      "100,000 blocks in each other",
      withCode([...times(100_000, [0x02, 0x40]), ...times(100_000, [0x0b])]),
      /blocks inside/,
    ],
    ["a br_table of 65,000", withCode([0x41, 0, 0x0e, ...leb(65_000), ...times(65_001, [0])]), /65000 targets/],
    ["a br_table that promises more than there is", withCode([0x41, 0, 0x0e, ...leb(1000)]), /bytes? |middle|function/],
    [
      "many locals at many branches",
      withCode(times(2000, [0x20, 1, 0x0d, 0]), [1, ...leb(1000), 0x7f]),
      /too many locals at too many branches/,
    ],
    ["100,000 types", handmade({ 1: vector(times(100_000, [0]).map(() => bootType)) }), /100000 types/],
    ["100,000 functions", handmade({ 3: vector(times(100_000, [0]).map(() => [0])) }), /100000 functions/],
    ["code behind a function's end", withCode([0x41, 0, 0x0b]), /code behind the end/],
    [
      "a function without an end",
      handmade({ 10: vector([sized(returnsNothing), sized([0, 0x01])]) }),
      /instruction 0x01/,
    ],
    ["a function cut off", handmade({ 10: vector([sized(returnsNothing), sized([0, 0x41, 0])]) }), /without an end/],
    ["a branch out of its function", withCode([0x0c, 1]), /a branch out/],
    ["a number with bytes to spare", withCode([0x0c, 0x80, 0x00]), /more bytes than it needs/],
    ["a constant with bytes to spare", withCode([0x41, 0x80, 0x00, 0x1a]), /more bytes than it needs/],
    ["a number of six bytes", withCode([0x0c, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), /more than 32 bits/],
    ["a constant of 33 bits", withCode([0x41, 0xff, 0xff, 0xff, 0xff, 0x1f, 0x1a]), /more than 32 bits/],
    ["a constant of 65 bits", withCode([0x42, ...times(9, [0xff]), 0x02, 0x1a]), /more than 64 bits/],
    ["another version", Uint8Array.from([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), /not a WebAssembly 1 module/],
    ["a component", Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), /not a WebAssembly 1 module/],
    ["nothing", new Uint8Array(0), /not a WebAssembly 1 module/],
    ["too many bytes", new Uint8Array((8 << 20) + 1), /8388609 bytes; 8388608 at most/],
  ];
  it.each(odd)("is refused with %s", async (_, bytes, reason) => {
    expect(refusal(bytes)).toMatch(reason);
    expect(refusal(bytes)).toMatch(/, at byte \d+$/);
    await expect(compileKernel(Uint8Array.from(bytes))).rejects.toBeInstanceOf(KernelError);
  });

  it("says at which byte", () => {
    const bytes = withCode([0x1a, 0x40, 0]);
    const at = bytes.lastIndexOf(0x1a) + 1;
    expect(refusal(bytes)).toBe(`not code that a guest may have: an instruction 0x40, at byte ${at}`);
  });

  it("is refused wherever it is cut off", () => {
    const bytes = handmade({
      10: vector([sized(returnsNothing), sized([0, 0x42, ...times(9, [0xff]), 0, 0x1a, ...idle.slice(1)])]),
    });
    expect(refusal(bytes)).toBe("");
    for (let length = 0; length < bytes.length; length++) expect(refusal(bytes.subarray(0, length))).not.toBe("");
  });

  it("has the constants that there are, at their limits", async () => {
    const values = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 0x7fffffff, -0x80000000];
    const longs = [0n, -1n, 63n, 64n, -64n, -65n, 2n ** 62n, -(2n ** 62n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const bytes = guestBytes((c) => {
      for (const v of values) c.store32(0, c.load32(v >>> 0).add(v));
      for (const v of longs) c.store64(0, c.load64(0).add(v));
      return 0;
    });
    expect(refusal(bytes)).toBe("");
    expect(WebAssembly.validate(bytes)).toBe(true);
  });
});

describe("the list of instructions", () => {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  /** WebAssembly Core 2.0, section 5.4: those with integers, without tables, globals, references and growth. */
  const plain = new Set([
    ...[0x00, 0x02, 0x03, 0x04, 0x05, ...range(0x0b, 0x10), 0x1a, 0x1b, ...range(0x20, 0x22)],
    ...[0x28, 0x29, ...range(0x2c, 0x37), ...range(0x3a, 0x3e), 0x41, 0x42],
    ...[...range(0x45, 0x5a), ...range(0x67, 0x8a), 0xa7, 0xac, 0xad],
  ]);
  const prefixed: Readonly<Record<number, readonly number[]>> = {
    252: [8, 10, 11],
    253: [0x00, 0x0b, 0x0c],
    254: [0x10, 0x17, 0x1e, 0x2c, 0x33, 0x41, 0x48],
  };
  const isForeign = (code: Bytes): boolean => /an instruction 0x/.test(refusal(withCode(code)));

  it("has those of the compiler and no others", () => {
    for (let code = 0; code < 256; code++)
      if (!prefixed[code])
        expect([code.toString(16), isForeign([code])]).toEqual([code.toString(16), !plain.has(code)]);
    for (const [prefix, allowed] of Object.entries(prefixed))
      for (let code = 0; code < 0x180; code++)
        expect([prefix, code, isForeign([Number(prefix), ...leb(code)])]).toEqual([
          prefix,
          code,
          !allowed.includes(code),
        ]);
  });

  it("has everything that staged code can say", () => {
    const m = moduleBuilder({ memory: { import: ["xen", "memory"], pages: 1, shared: true }, name: "everything" });
    const calls = hypercalls.map((h) =>
      m.import("xen", h.name, Object.fromEntries(h.params.map((type, i) => [`p${i}`, type])), h.result),
    );
    m.data(4096, Uint8Array.of(1, 2, 3));
    const everything = (c: FunctionBuilder): void => {
      const a = c.load32(0);
      const b = c.load32(4);
      const x = c.load64(8);
      const y = c.load64(16);
      const two = [
        "add",
        "sub",
        "mul",
        "divU",
        "divS",
        "remU",
        "remS",
        "and",
        "or",
        "xor",
        "shl",
        "shrU",
        "shrS",
        "rotl",
      ];
      const compare = ["eq", "ne", "ltU", "ltS", "gtU", "gtS", "leU", "leS", "geU", "geS"];
      for (const op of [...two, "rotr"] as "add"[]) {
        c.store32(32, a[op](b));
        if (op in x) c.store64(32, x[op](y));
      }
      for (const op of compare as "eq"[]) c.store32(32, op in x ? a[op](b).add(x[op](y)) : a[op](b));
      for (const op of ["clz", "ctz", "popcnt"] as const) {
        c.store32(32, a[op]());
      }
      c.store32(32, a.eqz().add(x.eqz()));
      for (const order of ["le", "be"] as const) {
        for (const width of [8, 16, 32] as const)
          c[`store${width}`](40, c[`load${width}`](40, 0, order as "le"), 0, order as "le");
        c.store64(40, c.load64(48, 0, order), 0, order);
      }
      c.atomicStore(64, c.atomicLoad(64));
      for (const op of ["add", "and", "or", "xchg"] as const) c.store32(72, c.atomic(op, 64, 1));
      c.copy(0, 64, a);
      c.fill(0, 0, b);
      c.copy16(128, 0, 256, 0);
      c.store32(80, c.select(a, b, c.i32(1)));
      c.for(0, 10, 1, (i) => c.if(i.eq(5), () => c.break()));
    };
    m.export("boot", m.func("boot", {}, undefined, everything));
    m.export(
      "vcpu",
      m.func("vcpu", { now: "i64", rounds: "i32" }, "i32", (c, { now }) => {
        for (const [i, call] of calls.entries())
          c.call(call, ...((hypercalls[i]?.params ?? []).map((p) => (p === "i64" ? now : c.i32(1))) as []));
        return 0;
      }),
    );
    const bytes = wasmBackend.encode(m.toIr());
    expect(refusal(bytes)).toBe("");
    expect(WebAssembly.validate(bytes)).toBe(true);
  });
});
