/** The flows of a rewriter in its code: finding and making them, what their packets become, and when they go. */
import type { ElementContext } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64, I64Like } from "@clickos/codegen";
import { doubleWordChange, foldSum } from "@clickos/wire/checksum";
import { chooseFlow } from "./choose-flow.ts";
import { bestEffort, flowKey, guaranteed, replyTo } from "./flow-table.ts";
import type { FlowWords, StagedMapping, StagedRewriter } from "./rewriter.ts";
import {
  type FlowRules,
  type FlowTimes,
  type RewriterConfig,
  type RewriterState,
  reapInterval,
} from "./rewriter-base.ts";
import type { MappingSpec } from "./rewriter-spec.ts";

/** Flows that are looked at in a turn of the timer, and to make room for a new one. */
const reapedAtOnce = 1024;
const lapsedAtOnce = 64;
/** When the timer goes on that had more to do, in nanoseconds. */
const pause = 1_000_000n;

/** What a rewriter's packets are turned into, beside that: what it adds to the complements of their checksums. */
export interface Rewriting extends StagedMapping {
  readonly ipChange: I32;
  readonly transportChange: I32;
}

export class Flows<C> implements StagedRewriter {
  private readonly c: FunctionBuilder;
  private readonly context: ElementContext<C & RewriterConfig, unknown, RewriterState>;
  private readonly rules: FlowRules<C>;
  readonly noutputs: number;

  constructor(
    c: FunctionBuilder,
    context: ElementContext<C & RewriterConfig, unknown, RewriterState>,
    rules: FlowRules<C>,
  ) {
    this.c = c;
    this.context = context;
    this.rules = rules;
    this.noutputs = context.noutputs;
  }

  find(flow: FlowWords, protocol: I32): I32 {
    return this.context.state.flows.find(flowKey(flow, protocol));
  }

  mapping(found: I32): Rewriting {
    const { c, context } = this;
    const { flows } = context.state;
    const value = flows.value(flows.entryOf(found));
    const isReply = flows.whichOf(found);
    const other = flows.foundByOther(found);
    // In one's complement, what a reply's change adds is the complement of the other's.
    const turned = c.i32(0).sub(isReply).and(0xffff);
    return {
      source: flows.keyWord(other, 1),
      destination: flows.keyWord(other, 0),
      ports: flows.keyWord(other, 2).rotl(16),
      isReply,
      output: this.output(value.input.get(), isReply),
      replyAnnotation: value.replyAnnotation.get(),
      ipChange: value.ipChange.get().xor(turned),
      transportChange: value.transportChange.get().xor(turned),
    };
  }
  private output(input: I32, isReply: I32): I32 {
    const { c, context } = this;
    const specs = context.config.INPUTSPEC;
    const [only, another] = specs.filter((spec) => "forward" in spec);
    if (!only || !another) return c.select(isReply, c.i32(only?.reply ?? 0), c.i32(only?.forward ?? 0));
    const outputs = specs.flatMap((spec) => ("forward" in spec ? [spec.forward, spec.reply] : [0, 0]));
    const table = context.data(new Uint8Array(Uint32Array.from(outputs).buffer), 4);
    return c.load32(input.shl(1).add(isReply).shl(2), table);
  }

  /** Says when a flow is due that has a packet now. */
  seen(entry: I32, { guarantee, timeout }: FlowTimes<I64Like>): void {
    const { c, context } = this;
    const dueAfter = (time: I64Like, queue: number): void =>
      context.state.flows.expiresAt(entry, context.clock.now().add(time), queue);
    c.if(
      c.i64(guarantee).eqz(),
      () => dueAfter(timeout, bestEffort),
      () => dueAfter(guarantee, guaranteed),
    );
  }

  /**
   * Makes a flow for a packet of which none was found, by an input's specification: what `find` gives of it, or 0, which is counted
   * as a failure.
   */
  make(input: number, spec: MappingSpec, flow: FlowWords, protocol: I32): I32 {
    const { c, context } = this;
    const { state, random } = context;
    const { flows, inputs, capacity } = state;
    const { count, failures, next } = inputs.at(input);
    const made = c.var("i32", 0, "made");
    const entry = c.var("i32", 0, "entry");
    const add = (): void => entry.set(flows.findOrAdd(flowKey(flow, protocol)));
    c.block((done) => {
      const become = (to: FlowWords): void => {
        const reply = flowKey(replyTo(to), protocol);
        // Replies that were another flow's are this one's now.
        const other = flows.find(reply);
        c.if(other, () => this.remove(flows.entryOf(other)));
        add();
        c.if(entry.get().eqz(), () => {
          c.if(this.giveUpOne(c.i32(0)), add);
          c.if(entry.get().eqz(), () => c.br(done));
        });
        const value = flows.value(entry.get());
        const addresses = foldSum(
          doubleWordChange(flow.source, to.source).add(doubleWordChange(flow.destination, to.destination)),
        );
        value.input.set(input);
        value.ipChange.set(addresses);
        const { transportChange } = this.rules;
        value.transportChange.set(
          transportChange?.(flow, to) ?? foldSum(addresses.add(doubleWordChange(flow.ports, to.ports))),
        );
        c.if(flows.addKey(entry.get(), 1, reply).eqz(), () => {
          flows.remove(entry.get());
          c.br(done);
        });
        count.inc();
        this.seen(entry.get(), this.rules.times(c, context.config, flows, entry.get()));
        c.if(flows.length().gtU(capacity.get()), () => {
          c.if(this.giveUpOne(entry.get()).eq(entry.get()), () => c.br(done));
        });
        made.set(flows.foundBy(entry.get(), 0));
      };
      const chosen = (to: FlowWords): FlowWords => this.rules.chosen?.(to) ?? to;
      const isFree = (to: FlowWords): I32 => flows.find(flowKey(replyTo(chosen(to)), protocol)).eqz();
      if (spec.kind === "keep") become(flow);
      else
        chooseFlow(
          c,
          flow,
          spec.pattern,
          { isFree, next, random },
          (to) => become(chosen(to)),
          () => c.br(done),
        );
    });
    c.if(made.get().eqz(), () => failures.inc());
    return made.get();
  }

  /** Removes the flow that is due first of those that may go, or else `instead`. The result was its entry; 0 where there was none. */
  private giveUpOne(instead: I32): I32 {
    const { c, context } = this;
    this.lapse(context.clock.now(), lapsedAtOnce);
    const first = context.state.flows.first(bestEffort);
    const gone = c.select(first, first, instead);
    c.if(gone, () => this.remove(gone));
    return gone;
  }
  /** Moves flows whose guarantee is over to those that may go; not 0 where there may be more. */
  private lapse(now: I64, limit: number): I32 {
    const { c, rules } = this;
    const { state, config } = this.context;
    const { flows } = state;
    if (!rules.guarantees(config)) return c.i32(0);
    const lapse = (entry: I32): void => {
      const { guarantee, timeout } = rules.times(c, config, flows, entry);
      flows.expiresAt(entry, flows.expires(entry).add(timeout).sub(guarantee), bestEffort);
    };
    return flows.expire(now, limit, lapse, guaranteed);
  }
  private remove(entry: I32): void {
    const { flows, inputs } = this.context.state;
    inputs.at(flows.value(entry).input.get()).count.inc(-1);
    flows.remove(entry);
  }

  /** Sets the timer that `reap` is for. */
  start(): void {
    const { config, timer } = this.context;
    if (reapInterval(config) > 0n) timer.after(reapInterval(config));
  }
  /** Removes flows that are due. */
  reap(): void {
    const { c } = this;
    const { state, clock, config, timer } = this.context;
    const now = clock.now();
    const moreLapse = this.lapse(now, reapedAtOnce);
    const moreGo = state.flows.expire(now, reapedAtOnce, (entry) => this.remove(entry), bestEffort);
    timer.after(c.select(moreLapse.or(moreGo), c.i64(pause), c.i64(reapInterval(config))));
  }
}
