/**
 * IDSMatcher(RULE, ... [, keywords LOG, TIMEOUT, CAPACITY]) — looks for the contents of rules in packets, and in streams of TCP.
 *
 * Expects marked IP headers. Packets that a rule with the action `drop` is about leave on output 1, or are dropped where that is not
 * connected; all others leave on output 0. A RULE is one of Snort's, such as
 * `alert tcp any any -> 10.0.0.0/8 80 (msg:"shell"; content:"cmd.exe"; nocase; sid:1;)`, with
 *
 *   ACTION       alert or drop
 *   PROTOCOL     tcp, udp, icmp or ip
 *   ADDRESS      any, an address or a prefix; with ! before it, all others
 *   PORT         any, a port, or a range such as 1:1023 or 1024: ; with ! before it, all others
 *   DIRECTION    an arrow, or <> for both ways
 *   content      what the payload has, or with ! before it has not; |0d 0a| are bytes, and a backslash stands before ; " \ and |
 *   nocase       small letters and large ones are the same in the content before it
 *   offset:N     it begins N bytes from the start of the payload or later; depth:N and ends within N bytes from there
 *   distance:N   it begins N bytes behind the end of the content before it or later; within:N and ends within N bytes from there
 *   msg, sid     what the rule is called, and its number, which it has to have
 *
 * Of rev, gid, classtype, priority, reference, metadata and rem nothing follows; other options are errors. The payload is what follows the
 * header of TCP, UDP or, of other protocols, of IP. Fragments but the first pass: IPReassembler before it puts packets together.
 *
 * A content that begins in one segment of TCP and ends in the next of its direction is found, where the segments come in order, as TCPReorder
 * gives them; offset and depth count from the start of a segment's payload, and of several contents the longest may begin in the segment
 * before. What is half found is remembered for TIMEOUT (60 s), of CAPACITY (65536) directions at most.
 *
 * Each rule counts a packet once. LOG (10) is how many lines a second are printed, one for each rule that matched. A packet takes time in
 * proportion to its length, whatever is in it: contents that are tried more than 20,000 times in one packet are given up, which is counted.
 *
 * Handlers: matches (read: packets that rules were about), drops (read: those that `drop` rules were about), rules (read: number, packets and
 * name of each rule), half_found (read: directions), given_up (read); reset_count (write).
 *
 *   ... -> CheckIPHeader -> r :: TCPReorder -> ids :: IDSMatcher(
 *     alert tcp any any -> any 80 (msg:"a shell"; content:"/bin/sh"; sid:1;),
 *     drop udp any any -> any any (content:"|de ad be ef|"; depth:4; sid:2;)) -> ...
 */
import {
  anew,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  keyword,
  type Packet,
  rest,
} from "@clickos/click-core/element";
import { type BlockLabel, type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { array, bytes, struct, u8, u16, u32, u64 } from "@clickos/layout";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { depthOf } from "./aho-corasick.ts";
import { type ContentRule, parseContentRule, RuleError } from "./content-rule.ts";
import { type Matcher, type MatcherPlace, makeMatcher, placeMatcher, scanFunction } from "./matcher.ts";
import { headerMatches, packetLayout, ruleAt, singleMatches, stageContents } from "./rule-table.ts";

const patience = 20_000;
const second = 1_000_000_000n;
const expiredTogether = 1000;
/** How far before what is next a segment is of the same stream. */
const farthestBack = 1 << 20;
/** Bytes of a payload that may be looked at together with what the stream had before. */
const scratchPayload = 2048;

/** Rules of one packet that are told. */
const mostTold = 8;

/** What is known of the packet that is looked at. */
const workLayout = struct(
  {
    packet: packetLayout,
    /** Its payload. */
    base: u32,
    length: u32,
    /** Counts packets, from 1 on: the number that rules are stamped with. */
    number: u32,
    drops: u8,
    /** How many rules it was, and the first of them. */
    matched: u32,
    told: array(u32, mostTold),
  },
  { name: "work" },
);

const labelLayout = struct({ text: u32, length: u32, sid: u32 }, { name: "label" });

interface Plan {
  readonly rules: readonly ContentRule[];
  readonly matcher: Matcher;
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly messages: Uint8Array<ArrayBuffer>;
}

type Config = { readonly LOG: number; readonly TIMEOUT: bigint; readonly CAPACITY: number };

const stateOf = ({ plan }: { readonly plan: Plan }) => ({
  matches: u64,
  drops: u64,
  given_up: u64,
  work: anew(bytes(workLayout.size, 8)),
  /** Of each rule: packets, and the number of the last one. */
  hits: anew(bytes(plan.rules.length * 4, 4)),
  stamps: anew(bytes(plan.rules.length * 4, 4)),
  logSecond: u64,
  logLines: u32,
  scratch: anew(bytes(plan.matcher.longest + scratchPayload, 16)),
  /** By addresses and ports of a direction: the sequence number that goes on, the state there, and the bytes that led to it. */
  streams: anew(
    hashTable({ keyWords: 3, value: { next: u32, state: u32, length: u16, tail: bytes(plan.matcher.longest) } }),
  ),
});
type Context = ElementContext<Config, Plan, ReturnType<typeof stateOf>>;

export const IDSMatcher: ElementClass = element({
  name: "IDSMatcher",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    RULE: rest(arg.raw),
    LOG: keyword(arg.u32, 10),
    TIMEOUT: keyword(arg.time, 60n * second),
    CAPACITY: keyword(arg.u32, 65536),
  },
  prepare({ config, error }): Plan {
    const rules: ContentRule[] = [];
    config.RULE.forEach((text, i) => {
      try {
        rules.push(parseContentRule(text));
      } catch (e) {
        if (!(e instanceof RuleError)) throw e;
        error(`RULE ${i + 1}: ${e.message}`, i);
      }
    });
    if (config.RULE.length === 0) error("no rules");
    return { rules, matcher: makeMatcher(rules), ...labelsOf(rules) };
  },
  state: stateOf,
  handlers: {
    matches: { counter: "matches" },
    drops: { counter: "drops" },
    rules: {
      kind: "table",
      read: (s, { plan }) =>
        plan.rules.map(({ sid, message }, i) => `${sid}\t${wordAt(s.hits, i)}\t${message}\n`).join(""),
    },
    half_found: { gauge: "streams", unit: "directions" },
    given_up: { counter: "given_up" },
    reset_count: {
      write: (s) => {
        s.matches = 0n;
        s.drops = 0n;
        s.given_up = 0n;
        s.hits.fill(0);
      },
    },
  },
  endless: () => true,
  init(_c, { timer }) {
    timer.after(second);
  },
  timer(_c, { state: { streams }, clock, timer }) {
    streams.expire(clock.now(), expiredTogether, (entry) => streams.remove(entry));
    timer.after(second);
  },
  action(c, packet, context) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const work = staged(c, workLayout, context.state.work);
    work.matched.set(0);
    work.drops.set(0);
    lookAt(c, packet, context);
    c.if(work.matched.get(), () => {
      context.state.matches.inc();
      if (context.config.LOG > 0) tell(c, context);
    });
    c.if(work.drops.get(), () => {
      context.state.drops.inc();
      context.output(1).push(packet, "a rule");
    });
  },
});

/** Searches the payload of a packet, where it has one. */
function lookAt(c: FunctionBuilder, { ip }: Packet, context: Context): void {
  const work = staged(c, workLayout, context.state.work);
  const { packet } = work;
  c.block((done) => {
    const none = (): void => c.br(done);
    c.if(ip.fragmentOffset.get(), none);
    const body = ip.clip(none).payload(none);
    const protocol = ip.protocol.get();
    packet.source.set(ip.source.get());
    packet.destination.set(ip.destination.get());
    packet.protocol.set(protocol);
    packet.sourcePort.set(0);
    packet.destinationPort.set(0);
    work.number.inc();
    packet.patience.set(patience);
    const search = searcher(c, context);
    c.if(protocol.eq(ipProtocols.tcp), () => {
      const segment = body.header(tcp, none);
      packet.sourcePort.set(segment.sourcePort.get());
      packet.destinationPort.set(segment.destinationPort.get());
      const { address, length } = segment.payload(none);
      const { syn, rst } = segment.load("syn", "rst");
      const sequence = segment.sequenceNumber.get().add(syn);
      const key = [ip.source.stored.get(), ip.destination.stored.get(), segment.ports.stored.get()];
      // What a connection before it had half found is nothing of this one.
      const { streams } = context.state;
      c.if(syn.or(rst).and(streams.length().ne(0)), () => {
        const entry = streams.find(key);
        c.if(entry, () => streams.remove(entry));
      });
      c.if(length.leS(0), none);
      searchStream(c, context, { key, sequence, address, length, search, done });
      c.br(done);
    });
    c.if(protocol.eq(ipProtocols.udp), () => {
      const datagram = body.header(udp, none);
      packet.sourcePort.set(datagram.sourcePort.get());
      packet.destinationPort.set(datagram.destinationPort.get());
      const { address, length } = body.advance(udp.size, "stated");
      alone(work, address, length);
      search(address, length, c.i32(0));
      c.br(done);
    });
    alone(work, body.address, body.length);
    search(body.address, body.length, c.i32(0));
  });
  c.if(packet.patience.get().leS(0), () => context.state.given_up.inc());
}

type Work = ReturnType<typeof staged<typeof workLayout>>;

/** The payload has nothing in front of it. */
function alone({ packet, base, length }: Work, address: I32, bytes: I32): void {
  base.set(address);
  length.set(bytes);
  packet.base.set(address);
  packet.low.set(0);
  packet.length.set(bytes);
}

type Search = (address: I32, length: I32, state: I32) => I32;

interface Segment {
  readonly key: I32[];
  readonly sequence: I32;
  readonly address: I32;
  readonly length: I32;
  readonly search: Search;
  /** The end of all that is done with a packet's payload. */
  readonly done: BlockLabel;
}

/** Searches a segment, going on where the one before it ended, and remembers what is half found at its end. */
function searchStream(
  c: FunctionBuilder,
  context: Context,
  { key, sequence, search, done, ...segment }: Segment,
): void {
  const { state, config, clock } = context;
  const { streams, scratch } = state;
  const work = staged(c, workLayout, state.work);
  const from = c.var("i32", 0, "state");
  const before = c.var("i32", 0, "before");
  const skipped = c.var("i32", 0, "skipped");
  const found = c.var("i32", 0, "entry");
  c.if(streams.length(), () => found.set(streams.find(key)));
  const entry = found.get();
  c.if(entry, () => {
    const { next, state, length } = streams.value(entry);
    const old = next.get().sub(sequence);
    // All of it was there before: it is looked at by itself, and the stream goes on where it was.
    c.if(old.geU(segment.length).and(old.ltU(farthestBack)), () => {
      alone(work, segment.address, segment.length);
      search(segment.address, segment.length, c.i32(0));
      c.br(done);
    });
    // Of what was there before in part the rest is looked at.
    c.if(old.ltU(segment.length), () => {
      skipped.set(old);
      from.set(state.get());
      before.set(length.get());
    });
  });
  const address = segment.address.add(skipped.get());
  const length = segment.length.sub(skipped.get());
  alone(work, address, length);
  c.if(from.get(), () => {
    const tail = before.get();
    const looked = c.select(length.gtU(scratchPayload), c.i32(scratchPayload), length);
    c.copy(scratch, streams.value(entry).tail, tail);
    c.copy(scratch.add(tail), address, looked);
    work.packet.base.set(scratch.add(tail));
    work.packet.low.set(c.i32(0).sub(tail));
    work.packet.length.set(looked);
  });
  const end = search(address, length, from.get());
  c.if(
    end,
    () => {
      c.if(entry.eqz(), () => {
        c.if(streams.length().geU(config.CAPACITY), () => {
          const first = streams.first();
          c.if(first, () => streams.remove(first));
        });
        found.set(streams.findOrAdd(key));
      });
      const kept = found.get();
      c.if(kept, () => {
        const value = streams.value(kept);
        const depth = depthOf(c, placeOf(context), end);
        // A segment that is shorter than what is half found lies whole in the scratch memory, behind what was before it.
        const isLonger = depth.gtU(length);
        const behind = c.select(isLonger, scratch.add(before.get()).add(length), address.add(length));
        value.next.set(segment.length.add(sequence));
        value.state.set(end);
        value.length.set(depth);
        c.copy(value.tail, behind.sub(depth), depth);
        streams.expiresAt(kept, clock.now().add(config.TIMEOUT));
      });
    },
    () => c.if(entry, () => streams.remove(entry)),
  );
}

function placeOf({ plan, data }: Context): MatcherPlace {
  return placeMatcher(plan.matcher, data);
}

/** The search of a payload from a state on, of which the rules that match are counted and told. */
function searcher(c: FunctionBuilder, context: Context): Search {
  const { state, plan, name } = context;
  const place = placeOf(context);
  const { work: workAddress, hits, stamps } = state;
  const scan = scanFunction(c, name, plan.matcher, place, (c, number, end) => {
    const work = staged(c, workLayout, workAddress);
    const { packet } = work;
    c.block((done) => {
      const stamp = number.shl(2).add(stamps);
      c.if(c.load32(stamp).eq(work.number.get()), () => c.br(done));
      const rule = ruleAt(c, place, number);
      c.if(headerMatches(rule, packet).eqz(), () => c.br(done));
      // What was copied to follow the end of the segment before is not all of a long one.
      c.if(end.gtS(packet.length.get()), () => alone(work, work.base.get(), work.length.get()));
      const contents = rule.contents.get().add(place.contents);
      const count = rule.count.get();
      c.if(
        count.eq(1),
        () => c.if(singleMatches(c, place, contents, end, packet).eqz(), () => c.br(done)),
        () => c.if(stageContents(c, place, { contents, count }, packet).eqz(), () => c.br(done)),
      );
      c.store32(stamp, work.number.get());
      const hit = number.shl(2).add(hits);
      c.store32(hit, c.load32(hit).add(1));
      const matched = work.matched.get();
      c.if(matched.ltU(mostTold), () => work.told.at(matched).set(number));
      work.matched.set(matched.add(1));
      c.if(rule.drops.get(), () => work.drops.set(1));
    });
  });
  return (address, length, from) => c.call(scan, address, length, from);
}

/** Prints a line for each rule that matched, so many a second. */
function tell(c: FunctionBuilder, { state, plan, config, clock, data, line, name }: Context): void {
  const { logSecond, logLines, work: address } = state;
  const { packet, matched, told } = staged(c, workLayout, address);
  const [labels, messages] = [data(plan.labels), data(plan.messages)];
  const now = clock.now().divU(second);
  c.if(now.ne(logSecond.get()), () => {
    logSecond.set(now);
    logLines.set(0);
  });
  const count = matched.get();
  c.for(0, c.select(count.gtU(mostTold), c.i32(mostTold), count), 1, (i) => {
    c.if(logLines.get().geU(config.LOG), () => c.break());
    logLines.inc();
    const label = staged(c, labelLayout, told.at(i).get().mul(labelLayout.size).add(labels));
    const text = line().text(`${name}: rule `).decimal(label.sid.get()).text(": ");
    text.bytes(label.text.get().add(messages), label.length.get()).text(": ");
    text.ipAddress(packet.source.get()).text(":").decimal(packet.sourcePort.get()).text(" > ");
    text.ipAddress(packet.destination.get()).text(":").decimal(packet.destinationPort.get()).end();
  });
}

function wordAt(bytes: Uint8Array, index: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(index * 4, true);
}

function labelsOf(rules: readonly ContentRule[]): Pick<Plan, "labels" | "messages"> {
  const labels = new Uint8Array(rules.length * labelLayout.size);
  const messages: number[] = [];
  rules.forEach(({ message, sid }, i) => {
    Object.assign(labelLayout.view(labels.buffer, i * labelLayout.size), {
      text: messages.length,
      length: message.length,
      sid,
    });
    for (const ch of message) messages.push(ch.charCodeAt(0));
  });
  return { labels, messages: Uint8Array.from(messages) };
}
