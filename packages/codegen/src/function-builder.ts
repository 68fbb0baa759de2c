/** Builds one function: straight-line operations and structured control flow, in the order written. */
import type { FunctionRef, Label, Statement, ValueType } from "./ir.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { endsFlow, OperationBuilder } from "./operation-builder.ts";
import type { I32, I32Like, LikeOf, Value, ValueLike, ValueOf } from "./values.ts";

/** Where `c.br` may go: the end of a block. */
export interface BlockLabel extends Label {
  readonly function: FunctionBuilder;
}

/** Cases of one `switch` in the code. */
const maximumCases = 1024;

/** One way through a branch, as an observer sees it when the branch joins again. */
export interface FlowArm {
  /** What `save` returned at the end of the arm. */
  readonly state: unknown;
  /** Whether control reaches the end of the arm. */
  readonly reachable: boolean;
  /** Adds code at the end of the arm. */
  append(body: () => void): void;
}

/** Follows control flow while it is built, so that a layer above can check resources along every path. */
export interface FlowObserver {
  save(): unknown;
  restore(state: unknown): void;
  /** Called after all arms of a branch are built. */
  join(before: unknown, arms: readonly FlowArm[]): void;
  /** Called around the body of a loop; `leave` when the body is built. */
  enterLoop(): { leave(bodyReachable: boolean): void };
  /** Called before a jump out of (`break`, `return`) or back to the top of (`continue`) something. */
  jump(kind: "break" | "continue" | "return"): void;
}

const nothing = (): void => {};

export class FunctionBuilder extends OperationBuilder {
  /** Set by a layer that checks resources along paths. */
  observer: FlowObserver | undefined;
  readonly module: ModuleBuilder;
  private readonly open: Label[] = [];
  private readonly loops: { exit: BlockLabel; next: BlockLabel }[] = [];
  private labels = 0;

  constructor(module: ModuleBuilder, ref: FunctionRef) {
    super(ref);
    this.module = module;
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const known = condition.constant;
    if (known !== undefined) {
      if (known !== 0) then();
      else otherwise?.();
      return;
    }
    const e = this.operand(condition);
    const [a, b] = this.arms([then, otherwise ?? nothing]) as [Statement[], Statement[]];
    this.push({ kind: "if", condition: e, then: a, else: b });
  }

  /**
   * As `if`, for a branch that must leave: by a jump, a return or a trap, or where an observer ends it. What follows may
   * rely on the condition not to hold.
   */
  leaveIf(condition: I32, leave: () => void): void {
    this.if(condition, leave);
    const last = this.current.at(-1);
    if (condition.constant === undefined && this.reachable && last?.kind === "if" && !endsFlow(last.then))
      throw this.error("FALLS_THROUGH", "the branch of a `leaveIf` goes on where it must leave");
  }

  /**
   * A block; `c.br(label)` inside goes to its end. A `region` says what its code belongs to: the module's `regions`
   * have it with the bytes that it became.
   */
  block(body: (end: BlockLabel) => void, name = "block", region?: string): void {
    const label = this.label(name, region);
    this.push({ kind: "block", label, body: this.inside(label, () => body(label)) });
  }

  /**
   * Leaves a place in the code. What it returns adds code there, also when the rest of the function is built: jumps out of the
   * place are only returns then.
   */
  later(): (body: () => void) => void {
    const body: Statement[] = [];
    this.push({ kind: "block", label: this.label("place"), body });
    return (fill) => this.resume(body, fill);
  }

  /** Repeats its body until `c.break()`, `c.br` or `c.return`. */
  loop(body: () => void): void {
    const exit = this.label("exit");
    const next = this.label("next");
    const top = this.label("loop");
    const inner = this.inside(exit, () => {
      const looped = this.inside(top, () => {
        this.loops.push({ exit, next });
        const scope = this.observer?.enterLoop();
        const once = this.inside(next, () => {
          body();
          scope?.leave(this.reachable);
        });
        this.loops.pop();
        this.push({ kind: "block", label: next, body: once });
        this.push({ kind: "br", label: top });
      });
      this.push({ kind: "loop", label: top, body: looped });
    });
    this.push({ kind: "block", label: exit, body: inner });
  }

  while(condition: () => I32, body: () => void): void {
    this.loop(() => {
      this.if(condition().eqz(), () => this.break());
      body();
    });
  }

  /** Counts from `from` up to, not including, `to`. */
  for(from: I32Like, to: I32Like, step: number, body: (i: I32) => void): void {
    const end = this.i32(to);
    const i = this.var("i32", from, "i");
    this.loop(() => {
      const at = i.get();
      this.if(at.geU(end), () => this.break());
      i.set(at.add(step));
      body(at);
    });
  }

  /** Leaves the innermost loop. */
  break(): void {
    if (this.reachable) this.observer?.jump("break");
    this.br(this.innermost("break").exit);
  }
  /** Goes on with the next turn of the innermost loop. */
  continue(): void {
    if (this.reachable) this.observer?.jump("continue");
    this.br(this.innermost("continue").next);
  }

  br(label: Label): void {
    if (!this.open.includes(label))
      throw this.error("BAD_LABEL", `branch to ${label.name}, which is not an enclosing block`);
    this.push({ kind: "br", label });
  }

  /** Runs `cases[index]`, or `otherwise` when there is none. */
  switch(index: I32, cases: readonly (() => void)[], otherwise: () => void = () => {}): void {
    const known = index.constant;
    if (known !== undefined) {
      (cases[known] ?? otherwise)();
      return;
    }
    // Every case is a block in the one before: many of them would nest deeper than engines, and this compiler, go.
    if (cases.length > maximumCases) {
      const middle = cases.length >> 1;
      this.if(
        index.ltU(middle),
        () => this.switch(index, cases.slice(0, middle), otherwise),
        () => this.switch(index.sub(middle), cases.slice(middle), otherwise),
      );
      return;
    }
    this.block((end) => {
      const labels = cases.map((_, i) => this.label(`case${i}`));
      const fallback = this.label("default");
      const jump: Statement = { kind: "switch", index: this.own(index).expression, labels, otherwise: fallback };
      const all = [...labels, fallback];
      // Each case's code follows the block that its label ends; the innermost block holds the jump.
      this.open.push(end, ...all);
      const bodies = this.arms([...cases, otherwise]);
      this.open.length -= all.length + 1;
      let inner: Statement[] = [jump];
      all.forEach((label, i) => {
        const body = bodies[i] as Statement[];
        if (!endsFlow(body)) body.push({ kind: "br", label: end });
        inner = [{ kind: "block", label, body: inner }, ...body];
      });
      this.current.push(...inner);
    }, "switch");
  }

  return(value?: ValueLike): void {
    if (this.reachable) this.observer?.jump("return");
    const { result } = this.ref;
    if ((value === undefined) !== (result === undefined))
      throw this.error(
        "TYPE_MISMATCH",
        result ? `returns nothing, where ${result} is declared` : "returns a value, where none is declared",
      );
    this.push({
      kind: "return",
      value: result === undefined ? undefined : this.of(result, value as LikeOf<ValueType>).expression,
    });
  }

  call(callee: FunctionRef & { readonly result: undefined }, ...args: ValueLike[]): void;
  call<R extends ValueType>(callee: FunctionRef & { readonly result: R }, ...args: ValueLike[]): ValueOf<R>;
  call(callee: FunctionRef, ...args: ValueLike[]): Value | undefined;
  call(callee: FunctionRef, ...args: ValueLike[]): Value | undefined {
    if (args.length !== callee.params.length)
      throw this.error("BAD_FUNCTION", `${callee.name} takes ${callee.params.length} arguments, ${args.length} given`);
    const list = args.map((arg, i) => this.of(callee.params[i] as ValueType, arg as LikeOf<ValueType>).expression);
    if (callee.result === undefined) {
      this.push({ kind: "do", callee, args: list });
      return undefined;
    }
    return this.define({ kind: "call", type: callee.result, callee, args: list }, callee.name);
  }

  /**
   * Writes the module's data segments to memory here, instead of at instantiation. A module whose memory must
   * survive being instantiated again calls this once, when it starts for the first time.
   */
  placeData(): void {
    this.module.placeDataByCode();
    this.push({ kind: "placeData" });
  }

  /** Stops the program: what follows is never reached. */
  trap(): void {
    this.push({ kind: "trap" });
  }

  /** Whether the end of the block being built can be reached. */
  get reachable(): boolean {
    return !endsFlow(this.current);
  }

  // ---- inside

  private nested(body: () => void): Statement[] {
    const inner: Statement[] = [];
    if (body !== nothing) this.resume(inner, body);
    return inner;
  }

  /** Builds the arms of a branch, each from the same state of the observer. */
  private arms(bodies: readonly (() => void)[]): Statement[][] {
    const { observer } = this;
    if (!observer) return bodies.map((body) => this.nested(body));
    const before = observer.save();
    const arms: FlowArm[] = [];
    const lists = bodies.map((body) => {
      observer.restore(before);
      const list = this.nested(body);
      const reachable = !endsFlow(list);
      arms.push({ state: observer.save(), reachable, append: (more) => this.resume(list, more) });
      return list;
    });
    observer.join(before, arms);
    return lists;
  }

  private resume(list: Statement[], body: () => void): void {
    const outer = this.current;
    this.current = list;
    try {
      body();
    } finally {
      this.current = outer;
    }
  }

  private inside(label: Label, body: () => void): Statement[] {
    this.open.push(label);
    const statements = this.nested(body);
    this.open.pop();
    return statements;
  }

  private innermost(what: string): { exit: BlockLabel; next: BlockLabel } {
    const loop = this.loops.at(-1);
    if (!loop) throw this.error("BAD_LABEL", `${what} outside a loop`);
    return loop;
  }

  private label(name: string, region?: string): BlockLabel {
    return { name: `${name}${this.labels++}`, function: this, ...(region === undefined ? {} : { region }) };
  }
}
