/**
 * Programs of the intermediate representation from bytes: each byte is a choice, and where they end every choice is the
 * simplest, so that any bytes are a program, and fewer bytes a smaller one. Programs end: a function calls later ones
 * only, a loop counts down.
 */

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
const types = ["i32", "i64"];

class Choices {
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

/** @returns the module, not optimised, and the calls to make of its exports. */
export function programOf(bytes) {
  const choices = new Choices(bytes);
  const refs = Array.from({ length: 1 + choices.below(4) }, (_, i) => signature(choices, `f${i}`));
  const imports = Array.from({ length: choices.below(3) }, (_, i) => ({
    ...signature(choices, `env.host${i}`),
    imported: { module: "env", name: `host${i}` },
  }));
  const exports = new Map(refs.filter((_, i) => i === 0 || choices.once(3)).map((ref) => [ref.name, ref]));
  const dataPlaced = choices.pick(["atStart", "byCode"]);
  const ir = {
    memory: {
      module: "env",
      name: "memory",
      initialPages: 1,
      maximumPages: 1,
      shared: choices.below(2) === 0,
    },
    imports,
    exports,
    data: Array.from({ length: choices.below(3) }, () => ({
      offset: choices.below(64) === 63 ? 65536 - 8 : choices.byte(),
      bytes: Uint8Array.from({ length: 1 + choices.below(8) }, () => choices.byte()),
    })),
    dataPlaced,
    functions: [],
  };
  // Arguments first: what the bytes that follow them say is code.
  const calls = [...exports.values(), refs[0]].map((ref) => ({
    name: ref.name,
    args: ref.params.map((type) => (type === "i32" ? Number(constant(choices, type)) : constant(choices, type))),
  }));
  for (const [i, ref] of refs.entries())
    ir.functions.push(new Body(choices, ref, [...refs.slice(i + 1), ...imports], dataPlaced).function());
  return { ir, calls };
}

function signature(choices, name) {
  const params = Array.from({ length: choices.below(4) }, () => choices.pick(types));
  return { name, params, paramNames: params.map((_, i) => `p${i}`), result: choices.pick(["i32", "i64", undefined]) };
}

function constant(choices, type) {
  let value = BigInt(choices.byte());
  if (choices.once(3)) value = choices.pick(edges);
  else if (choices.once(4)) for (let i = 0; i < 7; i++) value = (value << 8n) | BigInt(choices.byte());
  return BigInt.asIntN(type === "i32" ? 32 : 64, value);
}

class Body {
  constructor(choices, ref, callees, dataPlaced) {
    this.choices = choices;
    this.ref = ref;
    this.callees = callees;
    this.dataPlaced = dataPlaced;
    this.params = ref.params.map((type, i) => ({ type, name: `p${i}`, mutable: false }));
    this.variables = types.map((type) => ({ type, name: "v", mutable: true }));
    this.readable = [...this.params, ...this.variables];
    this.labels = [];
    this.size = 8 + choices.below(56);
  }

  function() {
    const { ref, params } = this;
    const body = this.statements(4);
    if (ref.result !== undefined && !this.choices.once(32))
      body.push({ kind: "return", value: this.expression(ref.result, 2) });
    return { ref, params, body };
  }

  // ---- statements

  statements(depth) {
    const list = [];
    const known = this.readable.length;
    for (let n = 1 + this.choices.below(8); n > 0 && this.size > 0 && !this.choices.ended; n--) {
      this.size--;
      list.push(...this.statement(depth));
    }
    // What is defined in a list is known in it only; some of it shall be seen.
    for (let n = this.choices.below(4); n > 0 && !this.choices.ended; n--) list.push(this.shown());
    this.readable.length = known;
    return list;
  }

  statement(depth) {
    const { choices } = this;
    const address = () => this.address();
    const i32 = () => this.expression("i32", 2);
    switch (choices.below(24)) {
      case 7:
      case 8:
      case 9: {
        const local = choices.pick(this.variables);
        return [{ kind: "set", local, value: this.expression(local.type, 3) }];
      }
      case 10:
      case 11: {
        const type = choices.pick(types);
        const width = choices.pick(type === "i32" ? [8, 16, 32] : [8, 16, 32, 64]);
        const order = choices.pick(["le", "be"]);
        return [
          { kind: "store", width, order, address: address(), offset: this.offset(), value: this.expression(type, 2) },
        ];
      }
      case 12:
        return [{ kind: "atomicStore", address: this.aligned(), offset: 4 * choices.below(4), value: i32() }];
      case 13:
        return choices.below(2) === 0
          ? [{ kind: "copy16", to: address(), toOffset: this.offset(), from: address(), fromOffset: this.offset() }]
          : [{ kind: "zero16", to: address(), offset: this.offset() }];
      case 14: {
        const length = choices.once(16) ? i32() : { kind: "const", type: "i32", value: choices.below(24) };
        return choices.below(2) === 0
          ? [{ kind: "copy", to: address(), from: address(), length }]
          : [{ kind: "fill", to: address(), value: i32(), length }];
      }
      case 15:
      case 16: {
        if (depth === 0) return [];
        const condition = i32();
        const then = this.statements(depth - 1);
        return [{ kind: "if", condition, then, else: choices.below(2) === 0 ? [] : this.statements(depth - 1) }];
      }
      case 17:
        return depth === 0 ? [] : [this.block((label) => ({ kind: "block", label, body: this.statements(depth - 1) }))];
      case 18:
        return depth === 0 ? [] : this.loop(depth);
      case 19:
        return depth === 0 ? [] : [this.cases(depth)];
      case 20:
        return this.jump();
      case 21: {
        if (this.callees.length === 0) return [];
        const callee = choices.pick(this.callees);
        return [{ kind: "do", callee, args: callee.params.map((type) => this.expression(type, 2)) }];
      }
      case 22:
        return this.dataPlaced === "byCode" ? [{ kind: "placeData" }] : [];
      case 23:
        return this.leave();
      default: {
        const type = choices.pick(types);
        // A load more often than its share: what is done with those that nobody needs is of interest.
        const value = choices.once(3) ? this.load(type) : this.expression(type, 3);
        return [this.definition(value)];
      }
    }
  }

  /** A local's value, where the comparison sees it. */
  shown() {
    const local = this.readable.at(-1 - this.choices.below(Math.min(6, this.readable.length)));
    const address = { kind: "const", type: "i32", value: 256 + 8 * this.choices.below(32) };
    const value = { kind: "local", type: local.type, local };
    return { kind: "store", width: local.type === "i32" ? 32 : 64, order: "le", address, offset: 0, value };
  }

  definition(value) {
    const local = { type: value.type, name: "x", mutable: false };
    this.readable.push(local);
    return { kind: "let", local, value };
  }

  block(make) {
    const label = { name: `l${this.labels.length}` };
    this.labels.push(label);
    const block = make(label);
    this.labels.pop();
    return block;
  }

  /** Some turns, counted at the top, so that a jump there does not go on for ever. */
  loop(depth) {
    const { choices } = this;
    const local = { type: "i32", name: "turns", mutable: true };
    const turns = { kind: "local", type: "i32", local };
    const one = { kind: "const", type: "i32", value: 1 };
    const start = { kind: "set", local, value: { kind: "const", type: "i32", value: 1 + choices.below(5) } };
    return [
      start,
      this.block((exit) => ({
        kind: "block",
        label: exit,
        body: [
          this.block((top) => ({
            kind: "loop",
            label: top,
            body: [
              { kind: "set", local, value: { kind: "binary", type: "i32", op: "sub", a: turns, b: one } },
              {
                kind: "if",
                condition: { kind: "unary", type: "i32", op: "eqz", a: turns },
                then: [{ kind: "br", label: exit }],
                else: [],
              },
              ...this.statements(depth - 1),
              ...(choices.once(8) ? [] : [{ kind: "br", label: top }]),
            ],
          })),
        ],
      })),
    ];
  }

  /** A switch with its cases: each follows the block that the jump to it ends. */
  cases(depth) {
    return this.block((end) => {
      const nest = (left) => {
        if (left === 0) {
          const index = this.expression("i32", 1);
          const mask = { kind: "const", type: "i32", value: 3 };
          const labels = this.labels.slice(-this.choices.below(4) || this.labels.length).reverse();
          return [
            {
              kind: "switch",
              index: this.choices.once(4) ? index : { kind: "binary", type: "i32", op: "and", a: index, b: mask },
              labels,
              otherwise: this.choices.pick(this.labels),
            },
          ];
        }
        const inner = this.block((label) => ({ kind: "block", label, body: nest(left - 1) }));
        return [
          inner,
          ...this.statements(depth - 1),
          ...(this.choices.below(3) === 0 ? [] : [{ kind: "br", label: end }]),
        ];
      };
      return { kind: "block", label: end, body: nest(this.choices.below(3)) };
    });
  }

  jump() {
    return this.labels.length === 0 ? [] : [{ kind: "br", label: this.choices.pick(this.labels) }];
  }

  leave() {
    const { result } = this.ref;
    switch (this.choices.below(4)) {
      case 2:
        return [{ kind: "return", value: result && this.expression(result, 2) }];
      case 3:
        return this.choices.once(4) ? [{ kind: "trap" }] : [];
      default:
        return [];
    }
  }

  // ---- expressions

  expression(type, depth) {
    const { choices } = this;
    if (depth === 0 || choices.ended) return this.leaf(type);
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
      case 13: {
        const callee = this.callees.filter((f) => f.result === type)[choices.below(4)];
        if (!callee) return this.leaf(type);
        return { kind: "call", type, callee, args: callee.params.map((param) => this.expression(param, depth - 1)) };
      }
      case 14:
        if (type === "i64") return this.binary(type, depth);
        return { kind: "atomicLoad", type, address: this.aligned(), offset: 4 * choices.below(4) };
      case 15: {
        if (type === "i64") return this.binary(type, depth);
        const op = choices.pick(["add", "and", "or", "xchg", "cmpxchg"]);
        const address = this.aligned();
        const value = this.expression("i32", depth - 1);
        const rmw = { kind: "atomicRmw", type, op, address, offset: 4 * choices.below(4), value };
        return op === "cmpxchg" ? { ...rmw, replacement: this.expression("i32", depth - 1) } : rmw;
      }
      default:
        return this.leaf(type);
    }
  }

  leaf(type) {
    const { choices } = this;
    const locals = choices.below(3) === 0 ? [] : this.readable.filter((local) => local.type === type);
    // The latest more often than their share, so that many are used once.
    if (locals.length > 0) {
      const local = choices.below(2) === 0 ? locals.at(-1) : choices.pick(locals);
      return { kind: "local", type, local };
    }
    const value = constant(choices, type);
    return { kind: "const", type, value: type === "i32" ? Number(value) : value };
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
    const a = this.expression(type, depth - 1);
    let b = this.expression(type, depth - 1);
    if (!choices.once(4)) return { kind: "binary", type, op: choices.pick(totalOps), a, b };
    // An odd divisor is not 0.
    if (!choices.once(5))
      b = { kind: "binary", type, op: "or", a: b, b: { kind: "const", type, value: type === "i32" ? 1 : 1n } };
    return { kind: "binary", type, op: choices.pick(divisions), a, b };
  }

  load(type) {
    const { choices } = this;
    const width = choices.pick(type === "i32" ? [8, 16, 32] : [8, 16, 32, 64]);
    const order = choices.pick(["le", "be"]);
    return {
      kind: "load",
      type,
      width,
      order,
      signed: choices.once(3),
      address: this.address(),
      offset: this.offset(),
    };
  }

  /** Mostly within the first bytes of the memory, so that accesses meet. */
  address() {
    const { choices } = this;
    const kind = choices.below(64);
    if (kind === 63) return this.expression("i32", 1);
    if (kind === 62) return { kind: "const", type: "i32", value: 65536 - choices.below(24) };
    if (kind > 52) {
      const locals = this.readable.filter((local) => local.type === "i32");
      return { kind: "local", type: "i32", local: locals.at(-1 - choices.below(locals.length)) };
    }
    if (kind > 36) {
      const b = { kind: "const", type: "i32", value: choices.pick([0x1f, 0x1c, 0xff]) };
      return { kind: "binary", type: "i32", op: "and", a: this.expression("i32", 1), b };
    }
    return { kind: "const", type: "i32", value: choices.below(32) };
  }

  /** Mostly a multiple of four. */
  aligned() {
    if (this.choices.once(24)) return this.address();
    const b = { kind: "const", type: "i32", value: 0x1c };
    return { kind: "binary", type: "i32", op: "and", a: this.expression("i32", 1), b };
  }

  offset() {
    const kind = this.choices.below(32);
    return kind === 31 ? this.choices.pick(offsets) : kind > 15 ? kind - 16 : 0;
  }
}
