/**
 * The WebAssembly back end: encodes the intermediate representation as a binary module.
 *
 * Spec: WebAssembly Core 2.0 section 5 (binary format), with the threads proposal's shared memory and atomics,
 * and fixed-width SIMD for 16-byte moves. The name section (appendix 7.4) carries function and parameter names.
 */
import type {
  AtomicOp,
  BinaryOp,
  Expression,
  FunctionRef,
  Label,
  ModuleIr,
  Statement,
  UnaryOp,
  ValueType,
  Width,
} from "./ir.ts";
import { walk } from "./optimize.ts";

const typeCode: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e };

const binaryCode: Record<ValueType, Record<BinaryOp, number>> = {
  i32: {
    eq: 0x46,
    ne: 0x47,
    ltS: 0x48,
    ltU: 0x49,
    gtS: 0x4a,
    gtU: 0x4b,
    leS: 0x4c,
    leU: 0x4d,
    geS: 0x4e,
    geU: 0x4f,
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    divS: 0x6d,
    divU: 0x6e,
    remS: 0x6f,
    remU: 0x70,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shrS: 0x75,
    shrU: 0x76,
    rotl: 0x77,
    rotr: 0x78,
  },
  i64: {
    eq: 0x51,
    ne: 0x52,
    ltS: 0x53,
    ltU: 0x54,
    gtS: 0x55,
    gtU: 0x56,
    leS: 0x57,
    leU: 0x58,
    geS: 0x59,
    geU: 0x5a,
    add: 0x7c,
    sub: 0x7d,
    mul: 0x7e,
    divS: 0x7f,
    divU: 0x80,
    remS: 0x81,
    remU: 0x82,
    and: 0x83,
    or: 0x84,
    xor: 0x85,
    shl: 0x86,
    shrS: 0x87,
    shrU: 0x88,
    rotl: 0x89,
    rotr: 0x8a,
  },
};

const unaryCode: Record<ValueType, Record<UnaryOp, number>> = {
  i32: { eqz: 0x45, clz: 0x67, ctz: 0x68, popcnt: 0x69, extendS: 0xac, extendU: 0xad, wrap: 0x01 },
  i64: { eqz: 0x50, clz: 0x79, ctz: 0x7a, popcnt: 0x7b, extendS: 0x01, extendU: 0x01, wrap: 0xa7 },
};

const atomicCode: Record<AtomicOp, number> = { add: 0x1e, and: 0x2c, or: 0x33, xchg: 0x41, cmpxchg: 0x48 };

/** A byte buffer that grows. */
class Bytes {
  private buffer = new Uint8Array(256);
  length = 0;

  u8(byte: number): void {
    if (this.length === this.buffer.length) this.grow(1);
    this.buffer[this.length++] = byte;
  }
  raw(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.buffer.length) this.grow(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }
  /** Unsigned LEB128. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }
  /** Signed LEB128 of a 32-bit value. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.u8(rest & 0x7f);
  }
  /** Signed LEB128 of a 64-bit value. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest < -64n || rest > 63n) {
      this.u8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.u8(Number(rest & 0x7fn));
  }
  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u32(bytes.length);
    this.raw(bytes);
  }
  vector<T>(items: readonly T[], each: (item: T, index: number) => void): void {
    this.u32(items.length);
    items.forEach(each);
  }
  sized(other: Bytes): void {
    this.u32(other.length);
    this.raw(other.bytes());
  }
  bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }
  private grow(extra: number): void {
    const bigger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + extra));
    bigger.set(this.buffer);
    this.buffer = bigger;
  }
}

/** A custom section: id 0, size, name, bytes. Appended to a module it changes nothing of what the module does. */
export function customSection(name: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = new Bytes();
  content.name(name);
  content.raw(payload);
  const out = new Bytes();
  out.u8(0);
  out.sized(content);
  return out.bytes().slice();
}

/** Bytes of a module, from `start` to before `end`, that belong to something. */
export interface CodeRegion {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Encodes a module; deterministic. Regions of its blocks are added to `regions`. */
export function encodeWasm(ir: ModuleIr, regions: CodeRegion[] = []): Uint8Array<ArrayBuffer> {
  const imports = ir.functions.filter((f) => f.imported);
  const defined = ir.functions.filter((f) => !f.imported);
  const index = new Map<FunctionRef, number>();
  for (const f of [...imports, ...defined]) index.set(f, index.size);

  const types: string[] = [];
  const signatures: FunctionRef[] = [];
  const typeOf = (f: FunctionRef): number => {
    const key = `${f.params.join()}>${f.result ?? ""}`;
    const at = types.indexOf(key);
    if (at >= 0) return at;
    signatures.push(f);
    return types.push(key) - 1;
  };
  for (const f of index.keys()) typeOf(f);
  const passive = ir.data.length > 0 && defined.some((f) => containsPlaceData(f.body ?? []));

  const out = new Bytes();
  out.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  /** Returns where the section's content begins. */
  const section = (id: number, fill: (b: Bytes) => void): number => {
    const content = new Bytes();
    fill(content);
    out.u8(id);
    out.sized(content);
    return out.length - content.length;
  };

  section(1, (b) =>
    b.vector(signatures, (f) => {
      b.u8(0x60);
      b.vector(f.params, (t) => b.u8(typeCode[t]));
      b.vector(f.result ? [f.result] : [], (t) => b.u8(typeCode[t]));
    }),
  );
  section(2, (b) => {
    b.u32(imports.length + 1);
    b.name(ir.memory.module);
    b.name(ir.memory.name);
    b.u8(2);
    b.u8(ir.memory.shared ? 3 : 1);
    b.u32(ir.memory.initialPages);
    b.u32(ir.memory.maximumPages);
    for (const f of imports) {
      b.name(f.imported?.module ?? "");
      b.name(f.imported?.name ?? "");
      b.u8(0);
      b.u32(typeOf(f));
    }
  });
  section(3, (b) => b.vector(defined, (f) => b.u32(typeOf(f))));
  section(7, (b) =>
    b.vector([...ir.exports], ([name, f]) => {
      b.name(name);
      b.u8(0);
      b.u32(index.get(f) as number);
    }),
  );
  if (passive) section(12, (b) => b.u32(ir.data.length));
  const found: CodeRegion[] = [];
  const code = section(10, (b) =>
    b.vector(defined, (f) => {
      const encoder = new FunctionEncoder(f, index, ir);
      const body = encoder.encode();
      b.sized(body);
      const from = b.length - encoder.codeLength;
      for (const r of encoder.regions) found.push({ name: r.name, start: from + r.start, end: from + r.end });
    }),
  );
  for (const r of found) regions.push({ name: r.name, start: code + r.start, end: code + r.end });
  if (ir.data.length > 0)
    section(11, (b) =>
      b.vector(ir.data, (d) => {
        b.u8(passive ? 1 : 0);
        if (!passive) {
          b.u8(0x41);
          b.s32(d.offset);
          b.u8(0x0b);
        }
        b.u32(d.bytes.length);
        b.raw(d.bytes);
      }),
    );
  section(0, (b) => {
    b.name("name");
    if (ir.name !== undefined) {
      const name = new Bytes();
      name.name(ir.name);
      b.u8(0);
      b.sized(name);
    }
    const functions = new Bytes();
    functions.vector([...index], ([f, i]) => {
      functions.u32(i);
      functions.name(f.name);
    });
    b.u8(1);
    b.sized(functions);
    const locals = new Bytes();
    locals.vector([...index], ([f, i]) => {
      locals.u32(i);
      locals.vector(f.paramNames, (name, p) => {
        locals.u32(p);
        locals.name(name);
      });
    });
    b.u8(2);
    b.sized(locals);
  });
  return out.bytes().slice();
}

function containsPlaceData(body: readonly Statement[]): boolean {
  let found = false;
  walk(body, (s) => {
    if (s.kind === "placeData") found = true;
  });
  return found;
}

class FunctionEncoder {
  readonly regions: CodeRegion[] = [];
  private readonly code = new Bytes();
  private readonly open: (Label | undefined)[] = [];
  private readonly scratch = new Map<ValueType, number>();
  private readonly f: FunctionRef;
  private readonly index: ReadonlyMap<FunctionRef, number>;
  private readonly ir: ModuleIr;

  constructor(f: FunctionRef, index: ReadonlyMap<FunctionRef, number>, ir: ModuleIr) {
    this.f = f;
    this.index = index;
    this.ir = ir;
  }

  /** Bytes of instructions, which are the last of what `encode` gave. */
  get codeLength(): number {
    return this.code.length;
  }

  encode(): Bytes {
    this.statements(this.f.body ?? []);
    // A body that ends in a branch leaves no result on the stack: say that its end is never reached.
    if (this.f.result) this.code.u8(0x00);
    this.code.u8(0x0b);

    const types = this.f.locals.map((l) => l.type);
    for (const [type, id] of this.scratch) types[id - this.f.params.length] = type;
    const out = new Bytes();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of types) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.vector(runs, (run) => {
      out.u32(run.count);
      out.u8(typeCode[run.type]);
    });
    out.raw(this.code.bytes());
    return out;
  }

  private statements(body: readonly Statement[]): void {
    for (const s of body) this.statement(s);
  }

  private statement(s: Statement): void {
    const b = this.code;
    switch (s.kind) {
      case "let":
      case "set":
        this.expression(s.value);
        b.u8(0x21);
        b.u32(s.local.id);
        break;
      case "store":
        this.expression(s.address);
        this.expression(s.value);
        if (s.order === "be") this.swap(s.value.type, s.width);
        b.u8(storeCode(s.value.type, s.width));
        this.memarg(s.offset);
        break;
      case "atomicStore":
        this.expression(s.address);
        this.expression(s.value);
        b.raw(Uint8Array.of(0xfe, 0x17));
        this.memarg(s.offset, 2);
        break;
      case "copy16":
        this.expression(s.to);
        this.expression(s.from);
        b.raw(Uint8Array.of(0xfd, 0x00));
        this.memarg(s.fromOffset);
        b.raw(Uint8Array.of(0xfd, 0x0b));
        this.memarg(s.toOffset);
        break;
      case "zero16":
        this.expression(s.to);
        b.raw(Uint8Array.of(0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        b.raw(Uint8Array.of(0xfd, 0x0b));
        this.memarg(s.offset);
        break;
      case "copy":
        this.expression(s.to);
        this.expression(s.from);
        this.expression(s.length);
        b.raw(Uint8Array.of(0xfc, 10, 0, 0));
        break;
      case "fill":
        this.expression(s.to);
        this.expression(s.value);
        this.expression(s.length);
        b.raw(Uint8Array.of(0xfc, 11, 0));
        break;
      case "if":
        this.conditional(s);
        break;
      case "block":
      case "loop":
        b.u8(s.kind === "block" ? 0x02 : 0x03);
        b.u8(0x40);
        this.open.push(s.label);
        if (s.label.region === undefined) this.statements(s.body);
        else {
          const at = this.regions.push({ name: s.label.region, start: b.length, end: 0 }) - 1;
          this.statements(s.body);
          this.regions[at] = { ...(this.regions[at] as CodeRegion), end: b.length };
        }
        this.open.pop();
        b.u8(0x0b);
        break;
      case "br":
        b.u8(0x0c);
        b.u32(this.depth(s.label));
        break;
      case "switch":
        this.expression(s.index);
        b.u8(0x0e);
        b.vector(s.labels, (label) => b.u32(this.depth(label)));
        b.u32(this.depth(s.otherwise));
        break;
      case "return":
        if (s.value) this.expression(s.value);
        b.u8(0x0f);
        break;
      case "do":
        for (const arg of s.args) this.expression(arg);
        this.call(s.callee);
        break;
      case "placeData":
        this.ir.data.forEach((d, i) => {
          this.constant("i32", d.offset);
          this.constant("i32", 0);
          this.constant("i32", d.bytes.length);
          b.raw(Uint8Array.of(0xfc, 8));
          b.u32(i);
          b.u8(0);
        });
        break;
      case "trap":
        b.u8(0x00);
        break;
    }
  }

  private conditional(s: Statement & { kind: "if" }): void {
    const b = this.code;
    const only = s.then[0];
    if (s.then.length === 1 && s.else.length === 0 && only?.kind === "br") {
      this.expression(s.condition);
      b.u8(0x0d);
      b.u32(this.depth(only.label));
      return;
    }
    if (s.then.length === 0 && s.else.length === 0) {
      this.expression(s.condition);
      b.u8(0x1a);
      return;
    }
    this.expression(s.condition);
    const swap = s.then.length === 0;
    if (swap) b.u8(0x45);
    b.u8(0x04);
    b.u8(0x40);
    this.open.push(undefined);
    this.statements(swap ? s.else : s.then);
    if (!swap && s.else.length > 0) {
      b.u8(0x05);
      this.statements(s.else);
    }
    this.open.pop();
    b.u8(0x0b);
  }

  private expression(e: Expression): void {
    const b = this.code;
    switch (e.kind) {
      case "const":
        this.constant(e.type, e.value);
        break;
      case "local":
        b.u8(0x20);
        b.u32(e.local.id);
        break;
      case "unary":
        this.expression(e.a);
        b.u8(unaryCode[e.a.type][e.op]);
        break;
      case "binary":
        this.expression(e.a);
        this.expression(e.b);
        b.u8(binaryCode[e.a.type][e.op]);
        break;
      case "load":
        this.expression(e.address);
        b.u8(loadCode(e.type, e.width, e.signed));
        this.memarg(e.offset);
        if (e.order === "be") this.swap(e.type, e.width);
        break;
      case "select":
        this.expression(e.a);
        this.expression(e.b);
        this.expression(e.condition);
        b.u8(0x1b);
        break;
      case "call":
        for (const arg of e.args) this.expression(arg);
        this.call(e.callee);
        break;
      case "atomicLoad":
        this.expression(e.address);
        b.raw(Uint8Array.of(0xfe, 0x10));
        this.memarg(e.offset, 2);
        break;
      case "atomicRmw":
        this.expression(e.address);
        this.expression(e.value);
        if (e.replacement) this.expression(e.replacement);
        b.raw(Uint8Array.of(0xfe, atomicCode[e.op]));
        this.memarg(e.offset, 2);
        break;
    }
  }

  private constant(type: ValueType, value: number | bigint): void {
    this.code.u8(type === "i32" ? 0x41 : 0x42);
    if (type === "i32") this.code.s32(Number(value));
    else this.code.s64(BigInt(value));
  }

  private call(callee: FunctionRef): void {
    this.code.u8(0x10);
    this.code.u32(this.index.get(callee) as number);
  }

  private memarg(offset: number, align = 0): void {
    this.code.u32(align);
    this.code.u32(offset);
  }

  private depth(label: Label): number {
    const at = this.open.lastIndexOf(label);
    return this.open.length - 1 - at;
  }

  /** Exchanges the bytes of the value on the stack; the machine has no such instruction. */
  private swap(type: ValueType, width: Width): void {
    if (width === 8) return;
    const b = this.code;
    const tmp = this.temporary(type);
    const tee = (): void => {
      b.u8(0x22);
      b.u32(tmp);
    };
    const get = (): void => {
      b.u8(0x20);
      b.u32(tmp);
    };
    const op = (name: BinaryOp): void => b.u8(binaryCode[type][name]);
    const by = (value: number | bigint): void => this.constant(type, value);
    tee();
    if (width === 16) {
      by(8), op("shl"), by(0xff00), op("and");
      get(), by(8), op("shrU"), by(0xff), op("and"), op("or");
    } else if (type === "i32") {
      by(8), op("rotl"), by(0x00ff00ff), op("and");
      get(), by(8), op("rotr"), by(0xff00ff00 | 0), op("and"), op("or");
    } else {
      for (const [mask, shift] of [
        [0x00ff00ff00ff00ffn, 8n],
        [0x0000ffff0000ffffn, 16n],
      ] as const) {
        by(mask), op("and"), by(shift), op("shl");
        get(), by(shift), op("shrU"), by(mask), op("and"), op("or");
        tee();
      }
      by(32n), op("rotl");
    }
  }

  private temporary(type: ValueType): number {
    let id = this.scratch.get(type);
    if (id === undefined) {
      id = this.f.params.length + this.f.locals.length + this.scratch.size;
      this.scratch.set(type, id);
    }
    return id;
  }
}

function loadCode(type: ValueType, width: Width, signed: boolean): number {
  if (type === "i32") return width === 32 ? 0x28 : (width === 8 ? 0x2c : 0x2e) + (signed ? 0 : 1);
  return width === 64 ? 0x29 : { 8: 0x30, 16: 0x32, 32: 0x34 }[width] + (signed ? 0 : 1);
}

function storeCode(type: ValueType, width: Width): number {
  if (type === "i32") return { 8: 0x3a, 16: 0x3b, 32: 0x36, 64: 0x36 }[width];
  return { 8: 0x3c, 16: 0x3d, 32: 0x3e, 64: 0x37 }[width];
}
