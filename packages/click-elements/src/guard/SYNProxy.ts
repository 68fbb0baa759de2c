/**
 * SYNProxy([keywords TIMEOUT, CAPACITY, MSS, RETRIES]) — opens connections to servers only for clients that are there.
 *
 * Packets of TCP from clients come in at input 0 and go on to servers at output 0; those of servers come in at input 1 and go on to clients at
 * output 1. They begin with their IP header, which is marked. A client's SYN is answered in the server's name, with a sequence number that says
 * what there is to know (a SYN cookie): nothing is kept, so that a flood of SYNs from addresses that are made up takes no memory and never
 * reaches a server. Only an ACK that has the cookie makes a connection: then the server gets a SYN, and when it has answered, both ends hear of
 * each other, their sequence numbers translated from then on. Until then the client sees a window of 0 and waits.
 *
 * What clients send that belongs to no connection is dropped. What servers send to others, as on connections that they have opened themselves,
 * passes; their answers must not come in at input 0. Other protocols and fragments pass. A connection has no options but the segment size, one of
 * eight, up to MSS (1460): no window scale, no selective acknowledgments, no timestamps.
 *
 * A SYN to a server is sent again after 1 s, 2 s and so on, RETRIES (3) times; after that the client is reset. A connection is forgotten
 * after an RST, 60 s after both ends are done, and after TIMEOUT (300 s) without packets. CAPACITY (262144) is how many there may be; the ACKs of
 * more clients are dropped.
 *
 * Handlers: connections, half_open (read: those whose server has not answered), syns, accepted, refused (read: SYNs that were answered, ACKs with
 * cookies, and ACKs without).
 *
 *   p :: SYNProxy;
 *   ... -> Strip(14) -> CheckIPHeader -> [0] p [0] -> ...;
 *   ... -> Strip(14) -> CheckIPHeader -> [1] p [1] -> ...
 *
 * RFC 4987 section 3.7; RFC 9293 section 3.
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  keyword,
  type Packet,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { bytes, u8, u16, u32, u64 } from "@clickos/layout";
import type { Span, StagedHeader } from "@clickos/wire";
import { doubleWordChange, updatedChecksum } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp, tcpMaximumSegmentSize, tcpOptionKinds, tcpOptions } from "@clickos/wire/tcp";
import { keyBytes } from "../lib/siphash.ts";
import { become, type Ends, plainBytes, synBytes, type Values, writeSegment } from "./own-segments.ts";
import { checkCookie, makeCookie } from "./syn-cookie.ts";

const second = 1_000_000_000n;
const doneTimeout = 60n * second;
const expiredTogether = 1024;
/** What a client that names none takes, RFC 9293 section 3.7.1. */
const usualSegment = 536;

/** The phase of a connection in which both ends are there; before that, in 0, the server has not answered. */
const open = 1;
/** Who is done. */
const clientDone = 1;
const serverDone = 2;

const state = {
  half_open: u32,
  syns: u64,
  accepted: u64,
  refused: u64,
  key: bytes(keyBytes, 8),
  flows: hashTable({
    keyWords: 3,
    keys: 2,
    value: {
      /** What the server's sequence numbers have on top of those that the client sees. */
      delta: u32,
      cookie: u32,
      /** The client's initial sequence number. */
      initial: u32,
      window: u16,
      mss: u16,
      phase: u8,
      done: u8,
      tries: u8,
    },
  }),
};
type Config = {
  readonly TIMEOUT: bigint;
  readonly CAPACITY: number;
  readonly MSS: number;
  readonly RETRIES: number;
};
type Context = ElementContext<Config, undefined, typeof state>;
type Segment = StagedHeader<typeof tcp.table>;

export const SYNProxy: ElementClass = element({
  name: "SYNProxy",
  ports: "2/2",
  processing: "h/h",
  flow: "xy/xy",
  config: {
    TIMEOUT: keyword(arg.time, 300n * second),
    CAPACITY: keyword(arg.u32, 1 << 18),
    MSS: keyword(arg.u16, 1460),
    RETRIES: keyword(arg.u8, 3),
  },
  prepare({ config, error }) {
    if (config.MSS < usualSegment) error(`MSS must be at least ${usualSegment}`);
    if (config.RETRIES > 6) error("RETRIES must be at most 6");
    return undefined;
  },
  state,
  handlers: {
    connections: { gauge: "flows", unit: "connections" },
    half_open: { gauge: "half_open", unit: "connections" },
    syns: { counter: "syns" },
    accepted: { counter: "accepted" },
    refused: { counter: "refused" },
  },
  endless: () => true,
  init(c, { state, random, timer }) {
    for (let at = 0; at < keyBytes; at += 4) c.store32(state.key, random(), at);
    timer.after(second);
  },
  timer(c, context) {
    const { state, clock, timer, config } = context;
    const { flows } = state;
    const now = clock.now();
    flows.expire(now, expiredTogether, (entry) => {
      const { phase, tries } = flows.value(entry);
      c.if(
        phase.get().eq(open),
        () => flows.remove(entry),
        () => {
          const count = tries.get();
          c.if(
            count.ltU(config.RETRIES),
            () => {
              tries.set(count.add(1));
              askServer(c, entry, context);
              flows.expiresAt(entry, now.add(c.i64(second).shl(count.add(1).toI64())));
            },
            () => {
              resetClient(c, entry, context);
              state.half_open.inc(-1);
              flows.remove(entry);
            },
          );
        },
      );
    });
    timer.at(now.add(second));
  },
  push(c, port, packet, context) {
    const { output } = context;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    c.if(ip.protocol.get().ne(ipProtocols.tcp).or(ip.fragment.isSet()), () => output(port).push(packet));
    const malformed = (): void => packet.drop("malformed segment");
    const body = ip.clip(malformed).payload(malformed);
    const segment = body.header(tcp, malformed);
    const { options } = segment.parts(malformed);
    const key = [ip.source.stored.get(), ip.destination.stored.get(), segment.ports.stored.get()];
    const found = context.state.flows.find(key);
    if (port === 0) fromClient(c, packet, { segment, options, key, found }, context);
    else fromServer(c, packet, { segment, options, key, found }, context);
  },
});

interface Read {
  readonly segment: Segment;
  readonly options: Span;
  readonly key: I32[];
  /** What the table has of the direction. */
  readonly found: I32;
}

function fromClient(
  c: FunctionBuilder,
  packet: Packet,
  { segment, options, key, found }: Read,
  context: Context,
): void {
  const { state, config, clock, output } = context;
  const { flows } = state;
  const now = clock.now();
  const { syn, ack, rst, fin } = segment.load("syn", "ack", "rst", "fin");
  const sequence = segment.sequenceNumber.get();
  const acknowledgment = segment.acknowledgmentNumber.get();
  const [source, destination, ports] = key as [I32, I32, I32];
  c.if(found.eqz(), () => {
    const connection = { source, destination, ports };
    c.if(syn.and(ack.or(rst).or(fin).eqz()), () => {
      state.syns.inc();
      const asked = segmentSize(c, options);
      const mss = c.select(asked.ltU(config.MSS), asked, c.i32(config.MSS));
      const cookie = makeCookie(c, state.key, { ...connection, sequence }, now, mss);
      become(c, packet, context, {
        back: true,
        values: { sequenceNumber: cookie, acknowledgmentNumber: sequence.add(1), syn: 1, ack: 1, window: 0 },
        mss: config.MSS,
        then: (answer) => output(1).push(answer),
      });
    });
    c.if(ack.eqz().or(syn).or(rst), () => packet.drop("no connection"));
    const cookie = acknowledgment.sub(1);
    const initial = sequence.sub(1);
    const mss = checkCookie(c, state.key, { ...connection, sequence: initial }, now, cookie);
    c.if(mss.eqz(), () => {
      state.refused.inc();
      packet.drop("no connection");
    });
    c.if(flows.length().geU(config.CAPACITY), () => packet.drop("no room for a connection"));
    const entry = flows.findOrAdd(key);
    c.if(entry.eqz(), () => packet.drop("no room for a connection"));
    c.if(flows.addKey(entry, 1, [destination, source, ports.rotl(16)]).eqz(), () => {
      flows.remove(entry);
      packet.drop("no room for a connection");
    });
    const value = flows.value(entry);
    value.cookie.set(cookie);
    value.initial.set(initial);
    value.window.set(segment.window.get());
    value.mss.set(mss);
    state.accepted.inc();
    state.half_open.inc();
    flows.expiresAt(entry, now.add(second));
    become(c, packet, context, {
      back: false,
      values: { sequenceNumber: initial, syn: 1, window: segment.window.get() },
      mss,
      then: (question) => output(0).push(question),
    });
  });
  c.if(flows.whichOf(found), () => packet.drop("of a server, on the side of clients"));
  const entry = flows.entryOf(found);
  const { phase, delta } = flows.value(entry);
  c.if(phase.get().ne(open), () => {
    c.if(rst, () => {
      state.half_open.inc(-1);
      flows.remove(entry);
    });
    packet.drop("the server has not answered");
  });
  c.if(ack, () => replace(segment, "acknowledgmentNumber", acknowledgment.add(delta.get())));
  goOn(c, entry, { fin, rst, who: clientDone }, context);
  output(0).push(packet);
}

function fromServer(c: FunctionBuilder, packet: Packet, { segment, found }: Read, context: Context): void {
  const { state, clock, config, output, packets } = context;
  const { flows } = state;
  c.if(found.eqz(), () => output(1).push(packet));
  c.if(flows.whichOf(found).eqz(), () => packet.drop("of a client, on the side of servers"));
  const entry = flows.entryOf(found);
  const { phase, delta, cookie, initial, window } = flows.value(entry);
  const { syn, ack, rst, fin } = segment.load("syn", "ack", "rst", "fin");
  const sequence = segment.sequenceNumber.get();
  const isAnswer = ack.and(segment.acknowledgmentNumber.get().eq(initial.get().add(1)));
  /** To the server: its answer has come. */
  const confirm = (): void =>
    packets.make(plainBytes, (made) => {
      writeSegment(c, made, endsOf(entry, context, "client"), {
        sequenceNumber: initial.get().add(1),
        acknowledgmentNumber: sequence.add(1),
        ack: 1,
        window: window.get(),
      });
      output(0).push(made);
    });
  c.if(phase.get().ne(open), () => {
    c.if(isAnswer.eqz().or(syn.or(rst).eqz()), () => packet.drop("no answer to a SYN"));
    state.half_open.inc(-1);
    const first = cookie.get().add(1);
    c.if(rst, () => {
      const values: Values = {
        sequenceNumber: first,
        acknowledgmentNumber: initial.get().add(1),
        rst: 1,
        ack: 1,
      };
      flows.remove(entry);
      become(c, packet, context, { back: false, values, then: (reset) => output(1).push(reset) });
    });
    delta.set(sequence.sub(cookie.get()));
    phase.set(open);
    flows.expiresAt(entry, clock.now().add(config.TIMEOUT));
    confirm();
    become(c, packet, context, {
      back: false,
      values: {
        sequenceNumber: first,
        acknowledgmentNumber: initial.get().add(1),
        ack: 1,
        window: segment.window.get(),
      },
      then: (update) => output(1).push(update),
    });
  });
  c.if(syn, () => {
    // Its answer once more: what was to confirm it was lost.
    c.if(isAnswer, confirm);
    packet.drop("a SYN on a connection");
  });
  replace(segment, "sequenceNumber", sequence.sub(delta.get()));
  goOn(c, entry, { fin, rst, who: serverDone }, context);
  output(1).push(packet);
}

/** Writes a number of a segment, and has its checksum follow. */
function replace(segment: Segment, field: "sequenceNumber" | "acknowledgmentNumber", value: I32): void {
  const before = segment[field].stored.get();
  segment[field].set(value);
  const { stored } = segment.checksum;
  stored.set(updatedChecksum(stored.get(), doubleWordChange(before, segment[field].stored.get())));
}

/** Says until when a connection is known, after a segment of it. */
function goOn(
  c: FunctionBuilder,
  entry: I32,
  { fin, rst, who }: { readonly fin: I32; readonly rst: I32; readonly who: number },
  { state, clock, config }: Context,
): void {
  const { flows } = state;
  const { done } = flows.value(entry);
  c.if(
    rst,
    () => flows.remove(entry),
    () => {
      c.if(fin, () => done.set(done.get().or(who)));
      const isDone = done.get().eq(clientDone | serverDone);
      const timeout = c.select(isDone, c.i64(doneTimeout), c.i64(config.TIMEOUT));
      flows.expiresAt(entry, clock.now().add(timeout));
    },
  );
}

/** The largest segment that a client takes. */
function segmentSize(c: FunctionBuilder, options: Span): I32 {
  const size = c.var("i32", usualSegment, "mss");
  tcpOptions.each(options, ({ kind, span: option }) => {
    const isIt = kind.eq(tcpOptionKinds.maximumSegmentSize);
    c.if(isIt.and(option.has(tcpMaximumSegmentSize.size)), () => {
      size.set(option.header(tcpMaximumSegmentSize, "stated").maximumSegmentSize.get());
    });
  });
  return size.get();
}

/** The ends of a connection, as one of them writes them. */
function endsOf(entry: I32, { state }: Context, from: "client" | "server"): Ends {
  const { flows } = state;
  const found = flows.foundBy(entry, from === "client" ? 0 : 1);
  const [source, destination, ports] = [0, 1, 2].map((word) => flows.keyWord(found, word)) as [I32, I32, I32];
  return { source, destination, ports };
}

function askServer(c: FunctionBuilder, entry: I32, context: Context): void {
  const { initial, window, mss } = context.state.flows.value(entry);
  context.packets.make(synBytes, (packet) => {
    const values = { sequenceNumber: initial.get(), syn: 1, window: window.get() } as const;
    writeSegment(c, packet, endsOf(entry, context, "client"), values, mss.get());
    context.output(0).push(packet);
  });
}

function resetClient(c: FunctionBuilder, entry: I32, context: Context): void {
  const { initial, cookie } = context.state.flows.value(entry);
  context.packets.make(plainBytes, (packet) => {
    const acknowledgmentNumber = initial.get().add(1);
    const values = { sequenceNumber: cookie.get().add(1), acknowledgmentNumber, rst: 1, ack: 1 } as const;
    writeSegment(c, packet, endsOf(entry, context, "server"), values);
    context.output(1).push(packet);
  });
}
