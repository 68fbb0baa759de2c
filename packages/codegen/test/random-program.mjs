/**
 * Programs of the intermediate representation from bytes: each byte is a choice, and where they end every choice is the
 * simplest, so that any bytes are a program, and fewer bytes a smaller one. Programs end: a function calls later ones
 * only, a loop counts down.
 */

import { allTypes, bits, Choices, constant, Expressions, types } from "./random-expression.mjs";

/** @returns the module, not optimised, and the calls to make of its exports. */
export function programOf(bytes) {
  const choices = new Choices(bytes);
  const memories = 1 + choices.below(2);
  // The first is called from outside, where there are no 128 bits.
  const refs = Array.from({ length: 1 + choices.below(4) }, (_, i) =>
    signature(choices, `f${i}`, i === 0 ? types : allTypes),
  );
  const imports = Array.from({ length: choices.below(3) }, (_, i) => ({
    ...signature(choices, `env.host${i}`, types),
    imported: { module: "env", name: `host${i}` },
  }));
  const exports = new Map(
    refs.filter((ref, i) => i === 0 || (choices.once(3) && isCallable(ref))).map((ref) => [ref.name, ref]),
  );
  const dataPlaced = choices.pick(["atStart", "byCode"]);
  const ir = {
    memories: Array.from({ length: memories }, (_, i) => ({
      module: "env",
      name: `memory${i}`,
      initialPages: 1,
      maximumPages: 1,
      shared: choices.below(2) === 0,
    })),
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
    ir.functions.push(new Body(choices, ref, [...refs.slice(i + 1), ...imports], { dataPlaced, memories }).function());
  return { ir, calls };
}

function signature(choices, name, among) {
  const params = Array.from({ length: choices.below(4) }, () => choices.pick(among));
  return { name, params, paramNames: params.map((_, i) => `p${i}`), result: choices.pick([...among, undefined]) };
}

/** Whether a function can be called from outside. */
function isCallable({ params, result }) {
  return ![...params, result].includes("v128");
}

class Body extends Expressions {
  constructor(choices, ref, callees, { dataPlaced, memories }) {
    super(choices, callees, memories);
    this.ref = ref;
    this.dataPlaced = dataPlaced;
    this.locals = 0;
    this.params = ref.params.map((type, i) => this.local(type, `p${i}`));
    this.variables = allTypes.flatMap((type) => [0, 1, 2].map((i) => this.local(type, `v${i}_`, true)));
    this.readable = [...this.params, ...this.variables];
    this.labels = [];
    this.size = 8 + choices.below(56);
  }

  function() {
    const { ref, params } = this;
    const body = this.statements(4);
    if (ref.result !== undefined && !this.choices.once(32))
      body.push({ kind: "return", value: this.expression(ref.result, 2) });
    return { ref, params, body, locals: this.locals };
  }

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

  statement(depth, kind = this.choices.below(24)) {
    const { choices } = this;
    const address = () => this.address();
    const i32 = () => this.expression("i32", 2);
    switch (kind) {
      case 7:
      case 8:
      case 9: {
        const local = choices.pick(this.variables);
        return [{ kind: "set", local, value: this.expression(local.type, 3) }];
      }
      case 10:
      case 11: {
        const type = choices.pick(allTypes);
        const width = choices.pick({ i32: [8, 16, 32], i64: [8, 16, 32, 64], v128: [128] }[type]);
        const order = type === "v128" ? "le" : choices.pick(["le", "be"]);
        return [{ ...this.access(), kind: "store", width, order, value: this.expression(type, 2) }];
      }
      case 12:
        return [
          {
            kind: "atomicStore",
            memory: this.memory(),
            address: this.aligned(),
            offset: 4 * choices.below(2),
            value: i32(),
          },
        ];
      case 13:
        return choices.below(2) === 0
          ? [
              {
                ...this.endpoints(),
                kind: "copy16",
                to: address(),
                toOffset: this.offset(),
                from: address(),
                fromOffset: this.offset(),
              },
            ]
          : [{ kind: "zero16", memory: this.memory(), to: address(), offset: this.offset() }];
      case 14: {
        const length = choices.once(16) ? i32() : { kind: "const", type: "i32", value: choices.below(24) };
        return choices.below(2) === 0
          ? [{ ...this.endpoints(), kind: "copy", to: address(), from: address(), length }]
          : [{ kind: "fill", memory: this.memory(), to: address(), value: i32(), length }];
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
        if (choices.once(8)) return this.accesses(depth);
        const value = this.defined();
        if (choices.below(2) === 0) return [this.definition(value)];
        // A definition, something that may be in the way, and its only use.
        const definition = this.definition(value);
        this.size--;
        const between = choices.below(2) === 0 ? this.between() : this.statement(depth, 7 + choices.below(17));
        return [definition, ...between, this.shown(definition.local)];
      }
    }
  }

  /** Of a copy. */
  endpoints() {
    return { toMemory: this.memory(), fromMemory: this.memory() };
  }

  /** A load from the address in a local that nobody needs, something else, and another access from there; near the memory's end. */
  accesses(depth) {
    const { choices } = this;
    const base = this.definition({ kind: "const", type: "i32", value: 65504 + choices.below(24) });
    const address = base.local;
    const load = () => ({ ...this.load("i32"), address, offset: choices.below(16) });
    this.size--;
    const unused = { kind: "let", local: this.local("i32", "unused"), value: load() };
    const between = choices.below(2) === 0 ? [] : this.statement(depth);
    const { value } = this.shown();
    const store = {
      kind: "store",
      memory: this.memory(),
      width: 32,
      order: "le",
      address,
      offset: choices.below(16),
      value,
    };
    const last = value.type === "i32" && choices.below(2) === 0 ? store : this.definition(load());
    return [base, unused, ...between, last];
  }

  /** What a definition gives: loads and variables more often than their share, as what may move and what may not. */
  defined() {
    const { choices } = this;
    const type = choices.pick(allTypes);
    switch (choices.below(4)) {
      case 1:
        return this.load(type);
      case 2: {
        const local = choices.pick(this.variables);
        return choices.below(2) === 0 || local.type === "v128"
          ? local
          : { kind: "unary", type: local.type, op: "popcnt", a: local };
      }
      default:
        return this.expression(type, 3);
    }
  }

  /** A definition or an assignment with an effect. */
  between() {
    const { choices } = this;
    const value = this.effect(2);
    const local = choices.pick(this.variables.filter(({ type }) => type === value.type));
    return [choices.below(2) === 0 ? { kind: "set", local, value } : this.definition(value)];
  }

  /** A local's value, where the comparison sees it. */
  shown(local = this.readable.at(-1 - this.choices.below(Math.min(6, this.readable.length)))) {
    const address = { kind: "const", type: "i32", value: 256 + 8 * this.choices.below(31) };
    const value =
      local.type !== "v128" && this.choices.once(3)
        ? { kind: "binary", type: local.type, op: "xor", a: this.operand(local.type), b: local }
        : local;
    return { kind: "store", memory: this.memory(), width: bits[local.type], order: "le", address, offset: 0, value };
  }

  local(type, name, mutable = false) {
    return { kind: "local", type, name, mutable, id: this.locals++ };
  }

  definition(value) {
    const local = this.local(value.type, "x");
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
    const turns = this.local("i32", "turns", true);
    const one = { kind: "const", type: "i32", value: 1 };
    const start = { kind: "set", local: turns, value: { kind: "const", type: "i32", value: 1 + choices.below(5) } };
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
              { kind: "set", local: turns, value: { kind: "binary", type: "i32", op: "sub", a: turns, b: one } },
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
}
