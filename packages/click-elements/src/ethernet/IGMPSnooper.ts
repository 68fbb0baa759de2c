/**
 * IGMPSnooper([keywords ROUTERS, LEARN, TIMEOUT, FAST_LEAVE, FLOOD, CAPACITY]) — sends multicast to the ports that listen.
 *
 * Takes frames from their Ethernet header on. Each input and the output of the same number are a port. It reads what hosts and routers say by
 * IGMP, versions 1 to 3, and sends a copy of an IPv4 multicast packet to every port, but its own, behind which a host listens to its group, or a
 * router is. All ports get what is for 224.0.0.0/24, and every frame that is no IPv4 multicast: those belong to an EtherSwitch beside it.
 *
 * Reports and leaves go to ports with routers alone, so that other hosts do not keep theirs back. A router is where queries come from whose
 * source is not 0.0.0.0, and at the ports that ROUTERS lists (`ROUTERS 0 2`). With LEARN false there are no others, and queries from elsewhere
 * are dropped. A port listens for TIMEOUT (260 s) from its last report on, and when a router asks for the group after a leave, for no longer than it
 * gives hosts to answer. With FAST_LEAVE true it ends with the leave: for ports with one host each. Groups are told apart by their address;
 * the sources that hosts of version 3 name are not.
 *
 * Packets for groups that nobody has reported go to routers only, or with FLOOD true to all ports. So they do where as many groups as CAPACITY (4096)
 * are known, and no more can be. Where nobody asks, as without a router, hosts are forgotten: this element asks nothing. Messages and
 * headers with a wrong checksum or length are dropped.
 *
 * Handlers: groups (read: each group, and its ports), routers (read: their ports), queries, reports, leaves (read: messages), full (read: reports that
 * there was no room for).
 *
 *   s :: IGMPSnooper; sw :: EtherSwitch; a, b :: Classifier(0/01005e 12/0800, -);
 *   ... -> a [0] -> [0] s [0] -> ...; a [1] -> [0] sw [0] -> ...;
 *   ... -> b [0] -> [1] s [1] -> ...; b [1] -> [1] sw [1] -> ...
 *
 * RFC 4541 section 2.1; RFC 2236; RFC 3376.
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  formatIpAddress,
  hashTable,
  keyword,
  type Packet,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { array, u64 } from "@clickos/layout";
import type { Span, StagedHeader } from "@clickos/wire";
import { headerSum, sumFunction } from "@clickos/wire/checksum";
import { ethernet, etherTypes, isGroup } from "@clickos/wire/ethernet";
import { igmp, igmpGroupRecord, igmpQuery, igmpRecordTypes, igmpReport, igmpTypes } from "@clickos/wire/igmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { dataOf } from "../lib/headers.ts";

const second = 1_000_000_000n;
/** Of IGMP's times. */
const tenth = second / 10n;
/** Ports are bits of a word. */
const mostPorts = 32;
const expiredTogether = 4;
/** The robustness variable's default, RFC 3376 section 8.1: so often a router asks for a group before it believes that nobody listens. */
const usualRobustness = 2;
const rightSum = 0xffff;
const wordBytes = 4;
/** The upper bits of all groups, and of those of 224.0.0.0/24. */
const multicast = { prefix: 0xe, shift: 28 };
const local = { prefix: 0xe00000, shift: 8 };

interface Config {
  readonly LEARN: boolean;
  readonly TIMEOUT: bigint;
  readonly FAST_LEAVE: boolean;
  readonly FLOOD: boolean;
  readonly CAPACITY: number;
}
interface Plan {
  /** Bits of the ports that always have a router. */
  readonly routers: number;
}
/** Until when each port has a router, and listens to a group. */
const stateOf = ({ noutputs }: { readonly noutputs: number }) => ({
  routers: array(u64, Math.max(noutputs, 1)),
  groups: hashTable({ keyWords: 1, value: { until: array(u64, Math.max(noutputs, 1)) } }),
  queries: u64,
  reports: u64,
  leaves: u64,
  full: u64,
});
type Context = ElementContext<Config, Plan, ReturnType<typeof stateOf>>;

const numbersOf = (times: Iterable<bigint>, now: bigint, fixed = 0): string =>
  [...times].flatMap((until, port) => (until > now || fixed & (1 << port) ? [port] : [])).join(" ");

export const IGMPSnooper: ElementClass = element({
  name: "IGMPSnooper",
  ports: "2-/=",
  processing: "h/h",
  flow: "#/[^#]",
  config: {
    ROUTERS: keyword(arg.listOf(arg.u32), []),
    LEARN: keyword(arg.bool, true),
    TIMEOUT: keyword(arg.time, 260n * second),
    FAST_LEAVE: keyword(arg.bool, false),
    FLOOD: keyword(arg.bool, false),
    CAPACITY: keyword(arg.u32, 4096),
  },
  prepare({ config, noutputs, error }): Plan {
    if (noutputs > mostPorts) error(`there may be ${mostPorts} ports, not ${noutputs}`);
    for (const port of config.ROUTERS) if (port >= noutputs) error(`ROUTERS: there is no port ${port}`);
    return { routers: config.ROUTERS.reduce((bits, port) => bits | (1 << port), 0) };
  },
  state: stateOf,
  handlers: {
    groups: {
      kind: "table",
      read: (s, context) =>
        [...s.groups.entries()]
          .map(({ key, value }) => ({ group: key()[0] as number, ports: numbersOf(value.until, context.now()) }))
          .filter(({ ports }) => ports !== "")
          .sort((a, b) => a.group - b.group)
          .map(({ group, ports }) => `${formatIpAddress(group)}\t${ports}\n`)
          .join(""),
    },
    routers: { read: (s, { now, plan }) => numbersOf(s.routers, now(), plan.routers) },
    queries: { counter: "queries" },
    reports: { counter: "reports" },
    leaves: { counter: "leaves" },
    full: { counter: "full" },
  },
  push(c, port, packet, context) {
    const { clock, noutputs, config } = context;
    const own = 1 << port;
    const others = (2 ** noutputs - 1) & ~own;
    const frame = dataOf(packet);
    const ether = frame.header(ethernet, () => packet.drop("shorter than an Ethernet header"));
    const to = c.var("i32", others, "to");
    const malformed = (): void => packet.drop("malformed packet");
    c.if(isGroup(ether.destination.get()).and(ether.etherType.get().eq(etherTypes.ip)), () => {
      const ip = frame.advance(ethernet.size, "stated").header(ipv4, malformed).clip(malformed);
      const payload = ip.payload(malformed);
      const isRight = ip.version
        .get()
        .eq(4)
        .and(headerSum(c, ip.address, ip.headerLength).eq(rightSum));
      c.if(isRight.eqz(), malformed);
      const group = ip.destination.get();
      const now = clock.now();
      const isMessage = ip.protocol.get().eq(ipProtocols.igmp).and(ip.fragment.get().eqz());
      c.if(
        isMessage,
        () => {
          const isFromRouter = ip.source.get().ne(0);
          const toRouters = read(c, context, { port, packet, message: payload, now, isFromRouter });
          c.if(toRouters, () => to.set(routersNow(c, context, now).and(others)));
        },
        () =>
          c.if(isTracked(group), () => {
            const { groups } = context.state;
            const entry = groups.find([group]);
            const members = c.var("i32", routersNow(c, context, now), "members");
            c.if(
              entry,
              () => members.set(bitsOf(c, groups.value(entry).until, noutputs, now).or(members.get())),
              () => {
                if (config.FLOOD) members.set(-1);
                else c.if(groups.length().geU(config.CAPACITY), () => members.set(-1));
              },
            );
            to.set(members.get().and(others));
          }),
      );
    });
    replicate(c, packet, to, context, others);
  },
});

interface Times {
  at(index: number): { get(): I64; set(value: I64): void };
}
/** The ports whose time is not over. */
function bitsOf(c: FunctionBuilder, times: Times, count: number, now: I64): I32 {
  let bits = c.i32(0);
  for (let i = 0; i < count; i++) bits = bits.or(times.at(i).get().gtU(now).shl(i));
  return bits;
}
const routersNow = (c: FunctionBuilder, { state, plan, noutputs }: Context, now: I64): I32 =>
  bitsOf(c, state.routers, noutputs, now).or(plan.routers);

/** A group that hosts report: those of 224.0.0.0/24 have all ports. */
const isTracked = (group: I32): I32 =>
  group.shrU(multicast.shift).eq(multicast.prefix).and(group.shrU(local.shift).ne(local.prefix));

/** Sends the packet to the ports of `to`, the last of which gets it itself. */
function replicate(
  c: FunctionBuilder,
  packet: Packet,
  to: { get(): I32; set(value: I32): void },
  { output, packets, noutputs }: Context,
  others: number,
): void {
  for (let i = 0; i < noutputs; i++) {
    const bit = 1 << i;
    if ((others & bit) === 0) continue;
    c.if(to.get().and(bit), () => {
      to.set(to.get().and(~bit));
      c.if(to.get().eqz(), () => output(i).push(packet));
      packets.copy(packet, (copy) => output(i).push(copy));
    });
  }
  packet.kill();
}

interface Message {
  readonly port: number;
  readonly packet: Packet;
  readonly message: Span;
  readonly now: I64;
  readonly isFromRouter: I32;
}
/** Reads a message of IGMP; whether it is for routers alone. */
function read(c: FunctionBuilder, context: Context, { port, packet, message, now, isFromRouter }: Message): I32 {
  const { state, config, plan } = context;
  const malformed = (): void => packet.drop("malformed IGMP message");
  const whole = message.need(igmp.size, malformed);
  c.if(c.call(sumFunction(c), whole.address, whole.length).ne(rightSum), malformed);
  state.groups.expire(now, expiredTogether, (entry) => state.groups.remove(entry));
  const header = whole.header(igmp);
  const type = header.type.get();
  const toRouters = c.var("i32", 0, "toRouters");
  const place = { port, now };
  const one = (types: readonly number[]): I32 => types.map((each) => type.eq(each)).reduce((a, b) => a.or(b));
  c.if(type.eq(igmpTypes.query), () => {
    const hasRouter = (plan.routers & (1 << port)) !== 0;
    if (!config.LEARN && !hasRouter) return packet.drop("a query from a port without a router");
    if (config.LEARN) c.if(isFromRouter, () => state.routers.at(port).set(now.add(config.TIMEOUT)));
    state.queries.inc();
    c.if(header.group.get(), () => asked(c, context, whole, now));
  });
  c.if(one([igmpTypes.reportV1, igmpTypes.reportV2]), () => {
    state.reports.inc();
    toRouters.set(1);
    join(c, context, header.group.get(), place);
  });
  c.if(type.eq(igmpTypes.leave), () => {
    state.leaves.inc();
    toRouters.set(1);
    leave(c, context, header.group.get(), place);
  });
  c.if(type.eq(igmpTypes.reportV3), () => {
    state.reports.inc();
    toRouters.set(1);
    readRecords(c, context, whole, place, malformed);
  });
  return toRouters.get();
}

interface Place {
  readonly port: number;
  readonly now: I64;
}

type Record = StagedHeader<typeof igmpGroupRecord.table>;
/** Walks over the records of a report; nonzero where all are there. */
function eachRecord(c: FunctionBuilder, message: Span, visit: (record: Record, sources: I32) => void): I32 {
  const at = c.var("i32", igmpReport.size, "at");
  const left = c.var("i32", message.header(igmpReport).records.get(), "left");
  c.loop(() => {
    c.if(left.get().eqz(), () => c.break());
    c.if(message.length.ltU(at.get().add(igmpGroupRecord.size)), () => c.break());
    const record = message.advance(at.get(), "stated").header(igmpGroupRecord, "stated");
    const sources = record.sources.get();
    at.inc(sources.add(record.auxiliaryWords.get()).mul(wordBytes).add(igmpGroupRecord.size));
    c.if(at.get().gtU(message.length), () => c.break());
    left.inc(-1);
    visit(record, sources);
  });
  return left.get().eqz();
}

function readRecords(c: FunctionBuilder, context: Context, message: Span, place: Place, malformed: () => void): void {
  c.if(eachRecord(c, message, () => {}).eqz(), malformed);
  eachRecord(c, message, (record, sources) => {
    const type = record.type.get();
    const { isInclude, isExclude, toInclude, toExclude, allow } = igmpRecordTypes;
    const includes = type.eq(isInclude).or(type.eq(toInclude));
    const excludes = type.eq(isExclude).or(type.eq(toExclude));
    const group = record.group.get();
    c.if(
      excludes.or(sources.ne(0).and(includes.or(type.eq(allow)))),
      () => join(c, context, group, place),
      // From no source is not at all.
      () => c.if(includes, () => leave(c, context, group, place)),
    );
  });
}

/** A host behind a port listens. */
function join(c: FunctionBuilder, { state, config }: Context, group: I32, { port, now }: Place): void {
  const { groups } = state;
  c.if(isTracked(group), () => {
    const found = c.var("i32", groups.find([group]), "group");
    c.if(found.get().eqz().and(groups.length().ltU(config.CAPACITY)), () => found.set(groups.findOrAdd([group])));
    const entry = found.get();
    c.if(
      entry,
      () => {
        const until = now.add(config.TIMEOUT);
        groups.value(entry).until.at(port).set(until);
        groups.expiresAt(entry, until);
      },
      () => state.full.inc(),
    );
  });
}

/** A host says that it does not listen any more; whether others behind its port do, the answers to a router's question will tell. */
function leave(c: FunctionBuilder, { state, config }: Context, group: I32, { port }: Place): void {
  if (!config.FAST_LEAVE) return;
  const entry = state.groups.find([group]);
  c.if(entry, () => state.groups.value(entry).until.at(port).set(c.i64(0n)));
}

/** A router asks who listens to a group: those who do not answer in time do not (RFC 2236 section 3, RFC 3376 section 6.6.1). */
function asked(c: FunctionBuilder, { state, noutputs }: Context, message: Span, now: I64): void {
  const { groups } = state;
  const { group, maxResponseTime } = message.header(igmp).load("group", "maxResponseTime");
  const code = maxResponseTime as I32;
  const robustness = c.var("i32", usualRobustness, "robustness");
  const counts = c.var("i32", 1, "counts");
  const time = c.var("i32", code, "time");
  c.if(message.length.geU(igmp.size + igmpQuery.size), () => {
    const more = message.advance(igmp.size).header(igmpQuery, "stated");
    // Another router has done this; or it asks for some sources, which are not told apart.
    counts.set(more.s.get().or(more.sources.get()).eqz());
    const given = more.qrv.get();
    c.if(given, () => robustness.set(given));
    // A floating-point number from 128 on, RFC 3376 section 4.1.1.
    c.if(code.geU(128), () => time.set(code.and(15).or(16).shl(code.shrU(4).and(7).add(3))));
  });
  c.if(counts.get(), () => {
    const entry = groups.find([group as I32]);
    c.if(entry, () => {
      const end = now.add(time.get().mul(robustness.get()).toI64().mul(tenth));
      const { until } = groups.value(entry);
      for (let i = 0; i < noutputs; i++) {
        const own = until.at(i).get();
        until.at(i).set(c.select(own.gtU(end), end, own));
      }
      const before = groups.expires(entry);
      groups.expiresAt(entry, c.select(before.gtU(end), end, before));
    });
  });
}
