/**
 * PortBlockMapper(ADDRESSES, FOUTPUT, ROUTPUT [, keywords PORTS, BLOCK, BLOCKS, HOLD, LOG]) — gives each subscriber blocks of ports, for
 * rewriters.
 *
 * A rewriter that has the element's name as an input's specification asks it for each new flow; several rewriters may. A flow's source
 * address is its subscriber. The first flow gets the subscriber a block of BLOCK ports (512, a power of two) of PORTS (1024-65535) of one
 * of ADDRESSES (an address, a prefix, or FIRST-LAST); where its ports are all taken, it gets another of the same address, up to
 * BLOCKS (4, at most 8). A subscriber whose last flow ended HOLD (120s) ago gives its blocks back. New flows of a subscriber for whom there
 * are no more are refused. FOUTPUT and ROUTPUT are the rewriter's outputs for a flow's packets and for replies.
 *
 * A port of the subscriber gets the same place in its block for all destinations, unless another flow to that destination has
 * it. So hosts behind two such gateways find each other as through a single one.
 *
 * With LOG (true), a line tells of each block that is given and given back. That, and no line for each flow, is what
 * providers have to keep (RFC 6888 section 4).
 *
 * Handlers: blocks (read): a line for each that is given: subscriber, address, ports, and the subscriber's flows; subscribers,
 * free (read): subscribers that have blocks, and blocks that nobody has; refused (read): flows for which there were none.
 *
 *   blocks :: PortBlockMapper(203.0.113.0/28, 0, 1);
 *   ... -> [0] rw :: IPRewriter(blocks, drop) -> ...;  ... -> [1] rw;  rw [1] -> ...
 *
 * RFC 6888, Common Requirements for Carrier-Grade NATs; RFC 4787, NAT Behavioral Requirements for Unicast UDP.
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  formatIpAddress,
  type HandlerContext,
  hashTable,
  keyword,
  readPrefix,
  readText,
  required,
  type Scope,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type ArrayField, array, type HostFields, type U32Field, u32 } from "@clickos/layout";
import { type AboutMapper, type HostMapper, IPMapper, type StagedMapper } from "./mapper.ts";
import type { FlowWords } from "./rewriter.ts";

const second = 1_000_000_000n;
const mostBlocksEach = 8;
const mostBlocks = 1 << 18;
/** Ports of a block that are tried for a flow: who has many flows must not have all looked at for each packet. */
const mostTries = 1024;
const reapedAtOnce = 256;
const spread = 0x9e3779b1;

interface Pool {
  readonly first: number;
  readonly addresses: number;
}
/** Reads ADDRESSES; `undefined` where they are none. */
function readPool(text: string, scope: Scope): Pool | undefined {
  const address = (word: string): number | undefined => {
    const value = readText(arg.ipAddress, word, scope);
    return typeof value === "number" ? value : undefined;
  };
  const one = address(text);
  if (one !== undefined) return { first: one, addresses: 1 };
  const dash = text.indexOf("-");
  if (dash > 0) {
    const [first, last] = [address(text.slice(0, dash)), address(text.slice(dash + 1))];
    return first === undefined || last === undefined || last < first
      ? undefined
      : { first, addresses: last - first + 1 };
  }
  const prefix = readPrefix(text, scope);
  const hosts = prefix ? ~prefix.mask >>> 0 : -1;
  return prefix && (hosts & (hosts + 1)) === 0
    ? { first: (prefix.address & prefix.mask) >>> 0, addresses: hosts + 1 }
    : undefined;
}
function readPorts(text: string): { readonly low: number; readonly high: number } | undefined {
  const [, low, high] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const ports = { low: Number(low), high: Number(high) };
  return ports.low > 0 && ports.low <= ports.high && ports.high < 0x10000 ? ports : undefined;
}

interface Plan extends AboutMapper, Pool {
  readonly low: number;
  /** Blocks of an address. */
  readonly each: number;
}

const subscriberValue: { flows: U32Field; count: U32Field; blocks: ArrayField<U32Field> } = {
  flows: u32,
  count: u32,
  blocks: array(u32, mostBlocksEach),
};
const subscriberTable = hashTable({ keyWords: 1, value: subscriberValue });

/** By their numbers, whether blocks are given; of each address, how many are. Subscribers by their addresses as they stand in memory. */
const stateOf = ({ plan: { addresses, each } }: { readonly plan: Plan }) => ({
  subscribers: subscriberTable,
  given: array(u32, Math.max(1, addresses * each)),
  used: array(u32, Math.max(1, addresses)),
  refused: u32,
});
type State = ReturnType<typeof stateOf>;
interface Config {
  readonly BLOCK: number;
  readonly BLOCKS: number;
  readonly HOLD: bigint;
  readonly LOG: boolean;
}
type Context = ElementContext<Config, Plan, State>;

export const PortBlockMapper: ElementClass = element({
  name: "PortBlockMapper",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 99,
  config: {
    ADDRESSES: required(arg.raw),
    FOUTPUT: required(arg.u32),
    ROUTPUT: required(arg.u32),
    PORTS: keyword(arg.raw, "1024-65535"),
    BLOCK: keyword(arg.u32, 512),
    BLOCKS: keyword(arg.u32, 4),
    HOLD: keyword(arg.time, 120n * second),
    LOG: keyword(arg.bool, true),
  },
  prepare({ config, name, scope, error }): Plan {
    const { ADDRESSES, PORTS, BLOCK, BLOCKS, FOUTPUT, ROUTPUT } = config;
    const pool = readPool(ADDRESSES, scope);
    const ports = readPorts(PORTS);
    if (!pool) error("ADDRESSES must be an address, a prefix, or FIRST-LAST", 0);
    if (!ports) error("PORTS must be LOW-HIGH, between 1 and 65535");
    const isPower = BLOCK > 0 && (BLOCK & (BLOCK - 1)) === 0 && BLOCK <= 0x8000;
    if (!isPower) error("BLOCK must be a power of two, at most 32768");
    if (BLOCKS < 1 || BLOCKS > mostBlocksEach) error(`BLOCKS must be between 1 and ${mostBlocksEach}`);
    const { first, addresses } = pool ?? { first: 0, addresses: 0 };
    const { low, high } = ports ?? { low: 1, high: 1 };
    const each = isPower ? Math.floor((high - low + 1) / BLOCK) : 0;
    if (ports && isPower && each === 0) error(`PORTS has fewer ports than a block of ${BLOCK}`);
    const fits = addresses * each <= mostBlocks;
    if (!fits) error(`ADDRESSES have ${addresses * each} blocks; there may be ${mostBlocks}`);
    const pattern = { source: first, sourcePort: low, destination: 0, destinationPort: 0, ports: true, variation: 0 };
    const way = { pattern: { ...pattern, order: "own" as const }, forward: FOUTPUT | 0, reply: ROUTPUT | 0 };
    return { patterns: [way], title: `${name} :: PortBlockMapper`, first, addresses: fits ? addresses : 0, low, each };
  },
  state: stateOf,
  handlers: {
    blocks: {
      kind: "table",
      read: (s, { config, plan }) =>
        [...s.subscribers.entries()]
          .flatMap(({ key, value }) => {
            const { flows, count, blocks } = value;
            const subscriber = addressOf(key()[0] as number);
            return [...blocks].slice(0, count).map((n) => `${subscriber} ${blockText(n, plan, config)} ${flows}\n`);
          })
          .sort()
          .join(""),
    },
    subscribers: { kind: "gauge", read: (s) => s.subscribers.length },
    free: {
      kind: "gauge",
      unit: "blocks",
      read: (s, { plan }) => plan.addresses * plan.each - [...s.used].reduce((sum, n) => sum + n, 0),
    },
    refused: { counter: "refused", unit: "flows" },
  },
  offers: (offer) => [
    offer(
      IPMapper,
      (_c, context) => stagedMapper(context as unknown as Context),
      (s, context): HostMapper => hostMapper(s, context),
      ({ plan }) => plan,
    ),
  ],
  init: (_c, { timer }) => timer.after(second),
  endless: () => true,
  timer(c, context) {
    const { state, clock, timer } = context;
    const more = state.subscribers.expire(clock.now(), reapedAtOnce, (subscriber) => giveBack(c, subscriber, context));
    timer.after(c.select(more, c.i64(1_000_000n), c.i64(second)));
  },
});

const addressOf = (stored: number): string => [0, 8, 16, 24].map((shift) => (stored >>> shift) & 255).join(".");
function blockText(block: number, { first, each, low }: Plan, { BLOCK }: Config): string {
  const from = low + (block % each) * BLOCK;
  return `${formatIpAddress((first + Math.floor(block / each)) >>> 0)} ${from}-${from + BLOCK - 1}`;
}

function hostMapper(s: HostFields<State>, { config, now }: HandlerContext<Config, Plan>): HostMapper {
  return {
    ended(source) {
      const subscriber = s.subscribers.find([source]);
      if (!subscriber || subscriber.value.flows === 0) return;
      if (--subscriber.value.flows === 0) s.subscribers.expiresAt(subscriber, now() + config.HOLD);
    },
  };
}

function stagedMapper(context: Context): StagedMapper {
  const { state, config, plan, clock } = context;
  const { subscribers } = state;
  const { BLOCK, BLOCKS, HOLD } = config;
  return {
    map(c, flow, { isFree }, none) {
      const to = { source: c.var("i32", 0, "to"), port: c.var("i32", 0, "port") };
      const words = (): FlowWords => ({
        source: to.source.get(),
        destination: flow.destination,
        ports: flow.ports.and(0xffff0000).or(to.port.get()),
      });
      const own = flow.ports.and(0xffff).swap16();
      const subscriber = c.var("i32", subscribers.findOrAdd([flow.source]), "subscriber");
      const refuse = (): void => {
        state.refused.inc();
        none();
      };
      c.if(subscriber.get().eqz(), refuse);
      const { flows, count, blocks } = subscribers.value(subscriber.get());
      c.block((chosen) => {
        c.for(0, BLOCKS, 1, (i) => {
          c.if(i.geU(count.get()), () => {
            const block = give(c, flow.source, c.select(i, blocks.at(0).get(), c.i32(-1)), context);
            c.if(block.eq(-1), () => c.break());
            blocks.at(i).set(block);
            count.inc();
          });
          const block = blocks.at(i).get();
          to.source.set(block.divU(plan.each).add(plan.first).swap32());
          const base = block.remU(plan.each).mul(BLOCK).add(plan.low);
          c.for(0, Math.min(BLOCK, mostTries), 1, (k) => {
            to.port.set(
              own
                .add(k)
                .and(BLOCK - 1)
                .add(base)
                .swap16(),
            );
            c.if(isFree(words()), () => c.br(chosen));
          });
        });
        // A subscriber without a block is none.
        c.if(count.get().eqz(), () => subscribers.remove(subscriber.get()));
        refuse();
      });
      c.if(flows.get().eqz(), () => subscribers.expiresAt(subscriber.get(), never));
      flows.inc();
      return { to: words(), which: c.i32(0) };
    },
    ended(c, source) {
      const subscriber = subscribers.find([source]);
      c.if(subscriber, () => {
        const { flows } = subscribers.value(subscriber);
        const left = flows.get().sub(1);
        // A configuration before this one may have had flows that are not counted here.
        c.if(left.geS(0), () => {
          flows.set(left);
          c.if(left.eqz(), () => subscribers.expiresAt(subscriber, clock.now().add(HOLD)));
        });
      });
    },
  };
}

/** Later than any time. */
const never = 0x7fff_ffff_ffff_ffffn;

/** Gives a subscriber a block, of the same address as another of its blocks where that is not -1; the block's number, or -1. */
function give(c: FunctionBuilder, subscriber: I32, other: I32, context: Context): I32 {
  const { state, plan } = context;
  const { each, addresses } = plan;
  const found = c.var("i32", -1, "block");
  const start = subscriber.mul(spread).shrU(8).remU(addresses);
  const address = c.var("i32", c.select(other.eq(-1), start, other.divU(each)), "address");
  c.for(0, addresses, 1, (i) => {
    c.if(other.ne(-1).and(i.ne(0)), () => c.break());
    const used = state.used.at(address.get());
    c.if(used.get().ltU(each), () => {
      c.for(0, each, 1, (k) => {
        const block = address.get().mul(each).add(k);
        c.if(state.given.at(block).get().eqz(), () => {
          found.set(block);
          c.break();
        });
      });
      state.given.at(found.get()).set(1);
      used.inc();
      c.break();
    });
    const next = address.get().add(1);
    address.set(c.select(next.eq(addresses), c.i32(0), next));
  });
  c.if(found.get().ne(-1), () => log(subscriber, found.get(), "gets", context));
  return found.get();
}

/** Takes all blocks of a subscriber back, and forgets it. */
function giveBack(c: FunctionBuilder, subscriber: I32, context: Context): void {
  const { state, plan } = context;
  const { count, blocks } = state.subscribers.value(subscriber);
  const source = c.var("i32", state.subscribers.keyWord(subscriber, 0), "source");
  c.for(0, mostBlocksEach, 1, (i) => {
    c.if(i.geU(count.get()), () => c.break());
    const block = blocks.at(i).get();
    c.if(block.ltU(plan.addresses * plan.each), () => {
      state.given.at(block).set(0);
      state.used.at(block.divU(plan.each)).inc(-1);
      log(source.get(), block, "gives back", context);
    });
  });
  state.subscribers.remove(subscriber);
}

function log(subscriber: I32, block: I32, what: string, context: Context): void {
  const { config, plan, clock, line, name } = context;
  if (!config.LOG) return;
  const from = block.remU(plan.each).mul(config.BLOCK).add(plan.low);
  line()
    .text(`${name}: `)
    .timestamp(clock.now())
    .text(" ")
    .ipAddress(subscriber.swap32())
    .text(` ${what} `)
    .ipAddress(block.divU(plan.each).add(plan.first))
    .text(" ")
    .decimal(from)
    .text("-")
    .decimal(from.add(config.BLOCK - 1))
    .end();
}
