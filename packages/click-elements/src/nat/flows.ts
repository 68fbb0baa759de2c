/** The flows of a rewriter in its code: finding and making them, what their packets become, and when they go. */
import type { ElementContext, Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64, I64Like } from "@clickos/codegen";
import { doubleWordChange, foldSum } from "@clickos/wire/checksum";
import { type Chooser, chooseFlow } from "./choose-flow.ts";
import { bestEffort, guaranteed, replyTo } from "./flow-table.ts";
import { nextOf } from "./mapper.ts";
import type { FlowWords, StagedMapping, StagedRewriter } from "./rewriter.ts";
import {
  type FlowRules,
  type FlowTimes,
  type RewriterConfig,
  type RewriterPeers,
  type RewriterPlan,
  type RewriterState,
  reapInterval,
} from "./rewriter-base.ts";
import type { InputSpec } from "./rewriter-spec.ts";

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

/** What a rewriter knows of a packet. */
export interface Passing {
  readonly flow: FlowWords;
  readonly protocol: I32;
  /** What the table has of it, where it is found otherwise than by those words. */
  readonly found?: I32;
  /** Whether a flow may begin with it; any may when absent. */
  readonly begins?: I32;
}

type Context<C> = ElementContext<C & RewriterConfig, RewriterPlan, RewriterState, RewriterPeers>;

export class Flows<C> implements StagedRewriter {
  private readonly c: FunctionBuilder;
  private readonly context: Context<C>;
  private readonly rules: FlowRules<C>;

  /** The context of an offer has what the class's `peers` found, too, which its type does not say. */
  constructor(
    c: FunctionBuilder,
    context: ElementContext<C & RewriterConfig, RewriterPlan, RewriterState>,
    rules: FlowRules<C>,
  ) {
    this.c = c;
    this.context = context as Context<C>;
    this.rules = rules;
  }

  // ---- packets

  /** Sends a packet on as its flow, or else its input's specification, says; `rewrite` changes one that has a flow. */
  pass(port: number, packet: Packet, passing: Passing, rewrite: (to: Rewriting, entry: I32) => void): void {
    const { c, context } = this;
    const { output, noutputs, state } = context;
    const { REPLY_ANNO } = context.config;
    const annotation = REPLY_ANNO < 0 ? undefined : packet.annotation8(REPLY_ANNO);
    const { flow, protocol, begins } = passing;
    const found = c.var("i32", passing.found ?? this.stored(flow, protocol), "found");
    c.if(found.get().eqz(), () => {
      if (begins) c.if(begins.eqz(), () => this.leave(port, packet, "no flow that it replies to"));
      const spec = context.plan.specs[port] as InputSpec;
      if (spec.kind === "nochange" || spec.kind === "drop") this.leave(port, packet, "new flow refused");
      else {
        found.set(this.make(port, flow, protocol));
        c.if(found.get().eqz(), () => packet.drop("no room for another flow"));
        if (annotation) state.flows.value(state.flows.entryOf(found.get())).replyAnnotation.set(annotation.get());
      }
    });
    const to = this.rewriting(found.get());
    rewrite(to, state.flows.entryOf(found.get()));
    if (annotation) c.if(to.isReply, () => annotation.set(to.replyAnnotation));
    if (noutputs === 1) output(0).push(packet);
    else
      c.switch(
        to.output,
        Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet)),
        () => output(noutputs - 1).push(packet),
      );
  }
  /** A packet that gets no flow: it goes on as it is where its input's specification lets it, or is dropped. */
  leave(port: number, packet: Packet, reason: string): void {
    const spec = this.context.plan.specs[port] as InputSpec;
    if (spec.kind === "nochange") this.context.output(spec.output).push(packet);
    else packet.drop(reason);
  }

  // ---- what others ask

  key({ source, destination, ports }: FlowWords, protocol: I32): I32[] {
    return this.rules.byProtocol ? [source, destination, ports, protocol] : [source, destination, ports];
  }
  /** What the table has of the words that it is found by. */
  stored(flow: FlowWords, protocol: I32): I32 {
    return this.context.state.flows.find(this.key(flow, protocol));
  }
  find(flow: FlowWords, protocol: I32): I32 {
    const { c, rules, context } = this;
    if (rules.lookUp) return rules.lookUp(c, (words) => this.stored(words, protocol), flow, protocol);
    if (rules.byProtocol) return this.stored(flow, protocol);
    const { flows } = context.state;
    const found = c.var("i32", this.stored(flow, protocol), "found");
    c.if(found.get(), () => {
      const its = flows.value(flows.entryOf(found.get())).protocol.get();
      c.if(its.ne(protocol).and(its.ne(0)), () => found.set(0));
    });
    return found.get();
  }
  findOrMake(flow: FlowWords, protocol: I32, input: number): I32 {
    const { c, context } = this;
    const found = c.var("i32", this.find(flow, protocol), "found");
    const kind = context.plan.specs[input]?.kind ?? "drop";
    if (kind !== "drop" && kind !== "nochange")
      c.if(found.get().eqz(), () => found.set(this.make(input, flow, protocol)));
    return found.get();
  }
  mapping(found: I32, flow: FlowWords): StagedMapping {
    const { c, rules } = this;
    const to = this.rewriting(found);
    if (!rules.lookUp) return to;
    const kept = (is: I32, was: I32): I32 => c.select(is, is, was);
    return {
      ...to,
      source: kept(to.source, flow.source),
      destination: kept(to.destination, flow.destination),
      ports: kept(to.ports, flow.ports),
    };
  }
  setReplyAnnotation(found: I32, annotation: I32): void {
    const { flows } = this.context.state;
    flows.value(flows.entryOf(found)).replyAnnotation.set(annotation);
  }

  private rewriting(found: I32): Rewriting {
    const { c, context } = this;
    const { flows } = context.state;
    const entry = flows.entryOf(found);
    const value = flows.value(entry);
    const isReply = flows.whichOf(found);
    const other = flows.foundByOther(found);
    // In one's complement, what a reply's change adds is the complement of the other's.
    const turned = c.i32(0).sub(isReply).and(0xffff);
    return {
      source: flows.keyWord(other, 1),
      destination: flows.keyWord(other, 0),
      ports: flows.keyWord(other, 2).rotl(16),
      isReply,
      output: this.output(entry, isReply),
      replyAnnotation: value.replyAnnotation.get(),
      ipChange: value.ipChange.get().xor(turned),
      transportChange: value.transportChange.get().xor(turned),
    };
  }
  private output(entry: I32, isReply: I32): I32 {
    const { c, context } = this;
    const { specs } = context.plan;
    const { input, which } = context.state.flows.value(entry);
    const ways = specs.map((spec): readonly { readonly forward: number; readonly reply: number }[] => {
      if (spec.kind === "mapper") return context.peers.mappers.get(spec.element)?.about.patterns ?? [];
      return "forward" in spec ? [spec] : [];
    });
    const [only, another] = ways.flat();
    if (!only || !another) return c.select(isReply, c.i32(only?.reply ?? 0), c.i32(only?.forward ?? 0));
    const words = (numbers: readonly number[]): number =>
      context.data(new Uint8Array(Uint32Array.from(numbers).buffer), 4);
    const hasMappers = specs.some(({ kind }) => kind === "mapper");
    const outputs = words(
      ways.flatMap((its) => (its.length > 0 || hasMappers ? its : [only])).flatMap((way) => [way.forward, way.reply]),
    );
    // A flow of a configuration before this one may have come from an input that is not there.
    const known = (n: I32, count: number): I32 => c.select(n.ltU(count), n, c.i32(0));
    const number = known(input.get(), specs.length);
    if (!hasMappers) return c.load32(number.shl(1).add(isReply).shl(2), outputs);
    const total = ways.flat().length;
    const firsts = words(ways.map((_, i) => ways.slice(0, i).flat().length));
    const way = known(c.load32(number.shl(2), firsts).add(which.get()), total);
    return c.load32(way.shl(1).add(isReply).shl(2), outputs);
  }

  // ---- flows come

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
   * Makes a flow for a packet of which none was found, by an input's specification: what the table has of it, or 0, which is
   * counted as a failure.
   */
  private make(input: number, flow: FlowWords, protocol: I32): I32 {
    const { c, context, rules } = this;
    const { state } = context;
    const { flows, inputs } = state;
    const { count, failures } = inputs.at(input);
    const made = c.var("i32", 0, "made");
    const entry = c.var("i32", 0, "entry");
    const add = (): void => entry.set(flows.findOrAdd(this.key(flow, protocol)));
    c.block((done) => {
      const fail = (): void => {
        failures.inc();
        c.br(done);
      };
      const { to: chosen, which } = this.choose(input, flow, protocol, fail);
      const to = rules.completed?.(chosen) ?? chosen;
      const giveBack = (): void => this.tellMapper(input, flow.source);
      if (rules.accepts)
        c.if(rules.accepts(to).eqz(), () => {
          giveBack();
          c.br(done);
        });
      const reply = this.key(replyTo(to), protocol);
      // Replies that were another flow's are this one's now.
      const other = flows.find(reply);
      c.if(other, () => this.remove(flows.entryOf(other)));
      add();
      c.if(entry.get().eqz(), () => {
        c.if(this.giveUpOne(c.i32(0)), add);
        c.if(entry.get().eqz(), () => {
          giveBack();
          fail();
        });
      });
      const value = flows.value(entry.get());
      const addresses = foldSum(
        doubleWordChange(flow.source, to.source).add(doubleWordChange(flow.destination, to.destination)),
      );
      value.input.set(input);
      value.which.set(which);
      value.protocol.set(protocol);
      value.ipChange.set(addresses);
      value.transportChange.set(
        rules.transportChange?.(flow, to) ?? foldSum(addresses.add(doubleWordChange(flow.ports, to.ports))),
      );
      c.if(flows.addKey(entry.get(), 1, reply).eqz(), () => {
        flows.remove(entry.get());
        giveBack();
        fail();
      });
      count.inc();
      this.seen(entry.get(), rules.times(c, context.config, flows, entry.get()));
      c.if(this.total().gtS(this.groupCapacity()), () => {
        c.if(this.giveUpOne(entry.get()).eq(entry.get()), fail);
      });
      made.set(flows.foundBy(entry.get(), 0));
    });
    return made.get();
  }
  /** What a new flow is turned into. */
  private choose(input: number, flow: FlowWords, protocol: I32, fail: () => void): { to: FlowWords; which: I32 } {
    const { c, context } = this;
    const { plan, peers, peer, state, secret } = context;
    const spec = plan.specs[input];
    const isFree = (to: FlowWords): I32 => this.stored(replyTo(this.rules.completed?.(to) ?? to), protocol).eqz();
    const chooser: Chooser = { isFree, secret: () => secret() };
    if (spec?.kind === "pattern") {
      const next = () => nextOf(spec, peers.stores, peer, () => state.inputs.at(input).next);
      return { to: chooseFlow(c, flow, spec.pattern, chooser, next, fail), which: c.i32(0) };
    }
    const mapper = spec?.kind === "mapper" ? peers.mappers.get(spec.element) : undefined;
    return mapper ? peer(mapper).map(c, flow, chooser, fail) : { to: flow, which: c.i32(0) };
  }

  // ---- flows go

  length(): I32 {
    return this.context.state.flows.length();
  }
  first(): I32 {
    return this.context.state.flows.first(bestEffort);
  }
  expires(entry: I32): I64 {
    return this.context.state.flows.expires(entry);
  }
  capacity(): I32 {
    const { c } = this;
    const { state, plan } = this.context;
    return c.select(state.hasCapacity.get(), state.capacity.get(), c.i32(plan.capacity));
  }
  /** How many flows there are of all who share the capacity. */
  private total(): I32 {
    const { peers, peer } = this.context;
    return peers.group.reduce((sum, other) => sum.add(peer(other).length()), this.length());
  }
  private groupCapacity(): I32 {
    const { peers, peer } = this.context;
    return peers.leader ? peer(peers.leader).capacity() : this.capacity();
  }

  /**
   * Removes the flow that is due first of those that may go, or else `instead`. The result was its entry, where it was one of this
   * rewriter's, and otherwise not `instead`; 0 where there was none.
   */
  private giveUpOne(instead: I32): I32 {
    const { c } = this;
    const { clock, peers, peer } = this.context;
    const all: readonly StagedRewriter[] = [this, ...peers.group.map((other) => peer(other))];
    const now = clock.now();
    for (const one of all) one.lapse(now, lapsedAtOnce);
    if (all.length === 1) {
      const first = this.first();
      const gone = c.select(first, first, instead);
      c.if(gone, () => this.remove(gone));
      return gone;
    }
    const gone = c.var("i32", 0, "gone");
    const due = c.var("i64", -1n, "due");
    const whose = c.var("i32", 0, "whose");
    all.forEach((one, i) => {
      const first = c.var("i32", one.first(), "first");
      c.if(first.get(), () =>
        c.if(one.expires(first.get()).ltU(due.get()), () => {
          due.set(one.expires(first.get()));
          gone.set(first.get());
          whose.set(i);
        }),
      );
    });
    c.if(gone.get().eqz(), () => gone.set(instead));
    c.if(gone.get(), () =>
      c.switch(
        whose.get(),
        all.slice(0, -1).map((one) => () => one.remove(gone.get())),
        () => all.at(-1)?.remove(gone.get()),
      ),
    );
    return gone.get();
  }
  lapse(now: I64, limit: number): I32 {
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
  remove(entry: I32): void {
    const { c } = this;
    const { state, plan } = this.context;
    const input = state.flows.value(entry).input.get();
    // A flow of a configuration before this one may have come from an input that is not there.
    c.if(input.ltU(plan.specs.length), () => state.inputs.at(input).count.inc(-1));
    this.rules.removed?.(c, state, entry);
    plan.specs.forEach(({ kind }, i) => {
      if (kind === "mapper")
        c.if(input.eq(i), () => this.tellMapper(i, state.flows.keyWord(state.flows.foundBy(entry, 0), 0)));
    });
    state.flows.remove(entry);
  }
  /** A flow that an input's mapper has chosen for is over. */
  private tellMapper(input: number, source: I32): void {
    const { plan, peers, peer } = this.context;
    const spec = plan.specs[input];
    const mapper = spec?.kind === "mapper" ? peers.mappers.get(spec.element) : undefined;
    if (mapper) peer(mapper).ended?.(this.c, source);
  }

  /** Sets the timer that `reap` is for. */
  start(): void {
    const { config, timer } = this.context;
    if (reapInterval(config) > 0n) timer.after(reapInterval(config));
  }
  /** Removes flows that are due, of all who share the capacity. */
  reap(): void {
    const { c } = this;
    const { clock, config, timer, peers, peer } = this.context;
    const now = clock.now();
    const all: readonly StagedRewriter[] = [this, ...peers.group.map((other) => peer(other))];
    const more = all.reduce((some, one) => some.or(one.reapDue(now)), c.i32(0));
    timer.after(c.select(more, c.i64(pause), c.i64(reapInterval(config))));
  }
  reapDue(now: I64): I32 {
    const lapse = this.lapse(now, reapedAtOnce);
    const { flows } = this.context.state;
    return flows.expire(now, reapedAtOnce, (entry) => this.remove(entry), bestEffort).or(lapse);
  }
}
