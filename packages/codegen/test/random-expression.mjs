/** Expressions of random programs: each byte is a choice. See `random-program.mjs`. */

/** Edges of the arithmetic and of the memory, which has 65,536 bytes. */
const edges = [
  0n,
  1n,
  2n,
  7n,
  8n,
  31n,
  32n,
  33n,
  63n,
  64n,
  65n,
  0xffn,
  0x8000n,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  -1n,
  -2n,
];
const offsets = [0, 1, 2, 3, 4, 8, 12, 16, 65520, 65532, 65536, 0x7fffffff];
const compareOps = ["eq", "ne", "ltU", "ltS", "gtU", "gtS", "leU", "leS", "geU", "geS"];
const divisions = ["divU", "divS", "remU", "remS"];
const totalOps = ["add", "sub", "mul", "and", "or", "xor", "shl", "shrU", "shrS", "rotl", "rotr"];
export const types = ["i32", "i64"];
/** Those that only the module itself passes on, too. */
export const allTypes = [...types, "v128"];
/** Bits of a value. */
export const bits = { i32: 32, i64: 64, v128: 128 };

export class Choices {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  get ended() {
    return this.at >= this.bytes.length;
  }
  byte() {
    return this.bytes[this.at++] ?? 0;
  }
  below(n) {
    return this.byte() % n;
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  /** One time in `n`; never where the bytes have ended. */
  once(n) {
    return this.below(n) === n - 1;
  }
}

export function constant(choices, type) {
  let value = BigInt(choices.byte());
  if (choices.once(3)) value = choices.pick(edges);
  else if (choices.once(4)) for (let i = 0; i < 7; i++) value = (value << 8n) | BigInt(choices.byte());
  return BigInt.asIntN(bits[type], type === "v128" ? (value << 64n) ^ value : value);
}

export class Expressions {
  /** @param callees the functions that may be called */
  constructor(choices, callees, memories) {
    this.choices = choices;
    this.memories = memories;
    this.callees = callees;
    /** The locals that may be read. */
    this.readable = [];
  }

  /** Which one an access is to. */
  memory() {
    return this.memories > 1 ? this.choices.below(this.memories) : 0;
  }

  expression(type, depth) {
    const { choices } = this;
    if (depth === 0 || choices.ended) return this.leaf(type);
    if (type === "v128") return this.moved(depth);
    switch (choices.below(16)) {
      case 4:
      case 5:
        return this.unary(type, depth);
      case 6:
      case 7:
      case 8:
      case 9:
        return this.binary(type, depth);
      case 10:
      case 11:
        return this.load(type);
      case 12: {
        const a = this.expression(type, depth - 1);
        const b = this.expression(type, depth - 1);
        return { kind: "select", type, a, b, condition: this.expression("i32", depth - 1) };
      }
      case 13:
        return this.called(type, depth);
      case 14:
        if (type === "i64") return this.binary(type, depth);
        return {
          kind: "atomicLoad",
          type,
          memory: this.memory(),
          address: this.aligned(),
          offset: 4 * choices.below(2),
        };
      case 15:
        return this.operand(type);
      default:
        return this.leaf(type);
    }
  }

  /** What 16 bytes come from. */
  moved(depth) {
    const { choices } = this;
    const type = "v128";
    switch (choices.below(4)) {
      case 1:
        return this.load(type);
      case 2: {
        const [a, b] = [this.expression(type, depth - 1), this.expression(type, depth - 1)];
        return { kind: "select", type, a, b, condition: this.expression("i32", depth - 1) };
      }
      case 3:
        return this.called(type, depth);
      default:
        return this.leaf(type);
    }
  }

  called(type, depth) {
    const callees = this.callees.filter((f) => f.result === type);
    if (callees.length === 0) return this.leaf(type);
    const callee = this.choices.pick(callees);
    return { kind: "call", type, callee, args: callee.params.map((param) => this.expression(param, depth - 1)) };
  }

  leaf(type) {
    const { choices } = this;
    const locals = choices.below(3) === 0 ? [] : this.readable.filter((local) => local.type === type);
    // The latest more often than their share, so that many are used once.
    if (locals.length > 0) return choices.below(2) === 0 ? locals.at(-1) : choices.pick(locals);
    const value = constant(choices, type);
    return { kind: "const", type, value: type === "i32" ? Number(value) : value };
  }

  /** An `i32` that is got by an effect. */
  effect(depth) {
    const { choices } = this;
    const callee = this.callees.filter((f) => f.result === "i32").at(-1 - choices.below(3));
    if (callee) {
      const args = callee.params.map((param) => this.expression(param, depth - 1));
      return { kind: "call", type: "i32", callee, args };
    }
    const op = choices.pick(["add", "and", "or", "xchg", "cmpxchg"]);
    const address = this.aligned();
    const value = this.expression("i32", depth - 1);
    const rmw = {
      kind: "atomicRmw",
      type: "i32",
      memory: this.memory(),
      op,
      address,
      offset: 4 * choices.below(2),
      value,
    };
    return op === "cmpxchg" ? { ...rmw, replacement: this.expression("i32", depth - 1) } : rmw;
  }

  /** Of a type, with an effect every other time. */
  operand(type) {
    if (this.choices.below(2) === 0) return this.expression(type, 2);
    const a = this.effect(1);
    return type === "i32" ? a : { kind: "unary", type, op: "extendS", a };
  }

  unary(type, depth) {
    const { choices } = this;
    if (type === "i64") {
      const op = choices.pick(["clz", "ctz", "popcnt", "extendU", "extendS"]);
      return { kind: "unary", type, op, a: this.expression(op.startsWith("extend") ? "i32" : "i64", depth - 1) };
    }
    const op = choices.pick(["eqz", "clz", "ctz", "popcnt", "wrap"]);
    const operand = op === "wrap" ? "i64" : op === "eqz" ? choices.pick(types) : "i32";
    return { kind: "unary", type, op, a: this.expression(operand, depth - 1) };
  }

  binary(type, depth) {
    const { choices } = this;
    if (type === "i32" && choices.once(3)) {
      const operand = choices.pick(types);
      const a = this.expression(operand, depth - 1);
      return { kind: "binary", type, op: choices.pick(compareOps), a, b: this.expression(operand, depth - 1) };
    }
    if (choices.once(24)) return this.edgeDivision(type);
    const a = this.expression(type, depth - 1);
    let b = this.expression(type, depth - 1);
    if (!choices.once(4)) return { kind: "binary", type, op: choices.pick(totalOps), a, b };
    // An odd divisor is not 0.
    if (!choices.once(5))
      b = { kind: "binary", type, op: "or", a: b, b: { kind: "const", type, value: type === "i32" ? 1 : 1n } };
    return { kind: "binary", type, op: choices.pick(divisions), a, b };
  }

  /** Of edges: the least number by -1 is among them. */
  edgeDivision(type) {
    const { choices } = this;
    const [least, one] = type === "i32" ? [-0x80000000, 1] : [-0x8000000000000000n, 1n];
    const pick = (list) => ({ kind: "const", type, value: choices.pick(list) });
    return {
      kind: "binary",
      type,
      op: choices.pick(divisions),
      a: pick([least, one, -one]),
      b: pick([-one, one, least]),
    };
  }

  load(type) {
    const { choices } = this;
    if (type === "v128") return { ...this.access(), kind: "load", type, width: 128, order: "le", signed: false };
    const width = choices.pick(type === "i32" ? [8, 16, 32] : [8, 16, 32, 64]);
    const order = choices.pick(["le", "be"]);
    return {
      ...this.access(),
      kind: "load",
      type,
      width,
      order,
      signed: choices.once(3),
    };
  }

  /** Where a load or a store goes. */
  access() {
    return { memory: this.memory(), address: this.address(), offset: this.offset() };
  }

  /** Mostly within the first bytes of the memory, so that accesses meet. */
  address() {
    const { choices } = this;
    const kind = choices.below(64);
    if (kind === 63) return this.expression("i32", 1);
    if (kind === 62) return { kind: "const", type: "i32", value: 65536 - choices.below(24) };
    if (kind > 52) {
      const locals = this.readable.filter((local) => local.type === "i32");
      return locals.at(-1 - choices.below(locals.length));
    }
    if (kind > 36) {
      const b = { kind: "const", type: "i32", value: choices.pick([0x0f, 0x0c, 0x1f]) };
      return { kind: "binary", type: "i32", op: "and", a: this.expression("i32", 1), b };
    }
    return { kind: "const", type: "i32", value: choices.below(16) };
  }

  /** Mostly a multiple of four. */
  aligned() {
    if (this.choices.once(24)) return this.address();
    const b = { kind: "const", type: "i32", value: 0x0c };
    return { kind: "binary", type: "i32", op: "and", a: this.expression("i32", 1), b };
  }

  offset() {
    const kind = this.choices.below(32);
    return kind === 31 ? this.choices.pick(offsets) : kind > 23 ? kind - 23 : 0;
  }
}
