/**
 * ICMPPingSource(SRC, DST [, keywords INTERVAL, IDENTIFIER, LIMIT, STOP, DATA, ACTIVE, MIRROR, VERBOSE]) — makes ICMP echo requests.
 *
 * Makes a request from SRC to DST every INTERVAL (one second), or on every pull where its output is pulled. Identifications
 * and sequence numbers count up from 1, and leave 0 out; the ICMP identifier is IDENTIFIER (0), low byte first. Stops after LIMIT
 * requests; -1, the default, is no limit. With STOP true, asks the driver to stop then. DATA is what requests carry; nothing
 * unless it is given. The headers are marked and the destination annotation is DST.
 *
 * An input takes the replies: the element reports each, unless VERBOSE is false, keeps the round-trip times, and says at the end
 * how many were lost. With MIRROR true it turns each reply into the next request at once, whatever LIMIT says.
 *
 * ICMPSendPings is another name of it.
 *
 * Handlers: active, src, dst (read, write), count (read), limit, interval, reset_counts (write); with an input, summary, rtt_min,
 * rtt_avg, rtt_max (read).
 *
 *   ping :: ICMPPingSource(18.26.4.24, 140.247.60.147) -> ToDevice(0);
 *   FromDevice(0) -> Strip(14) -> CheckIPHeader -> ping
 */
import {
  anew,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  type HandlerContext,
  heapOf,
  keyword,
  live,
  type Packet,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type HostFields, type U32Field, u32, u64 } from "@clickos/layout";
import { icmp, icmpEcho, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { copyBytes } from "../lib/bytes.ts";
import { readAs, startTimer, syntaxError } from "../lib/handlers.ts";
import { dataOf, transportOf } from "../lib/headers.ts";
import { echoSize, emitEcho } from "../lib/icmp-echo.ts";
import { setPlainHeaderChecksum } from "../lib/ip-encap.ts";
import { inMilliseconds } from "../lib/time.ts";
import { replyHandlers, replyState } from "./ping-report.ts";

const ttl = 200;
const second = 1_000_000_000n;
const headers = ipv4.size + echoSize;
/** When each sequence number was sent: 8 bytes each, below 0 once there is a reply. */
const sentBytes = 8 << 16;

const address = live(arg.ipAddress, { refusal: syntaxError, flags: "." });
const state = { ...replyState, count: u32, limit: u32, interval: u64, stopped: u32, sent: anew(u32) };
type State = typeof state & { src: U32Field; dst: U32Field; active: U32Field };
interface Config {
  readonly DATA: Uint8Array;
  readonly IDENTIFIER: number;
  readonly STOP: boolean;
  readonly MIRROR: boolean;
  readonly VERBOSE: boolean;
}
type Context = ElementContext<Config, unknown, State>;

/** Sets the timer of a source that may make packets, unless it is set. */
function startAfterInterval(s: HostFields<State>, context: HandlerContext<any, any>, endless: boolean): void {
  const more = (s.limit | 0) < 0 ? endless : (s.count | 0) < (s.limit | 0);
  if (more && s.active && !context.timerIsSet()) context.setTimer(context.now() + s.interval);
}

export const ICMPPingSource: ElementClass = element({
  name: "ICMPPingSource",
  aliases: ["ICMPSendPings"],
  ports: "0-1/1",
  processing: "h/a",
  config: {
    SRC: required(address),
    DST: required(address),
    INTERVAL: keyword<bigint | undefined>(arg.time, undefined),
    IDENTIFIER: keyword(arg.u16, 0),
    DATA: keyword(arg.bytes, new Uint8Array()),
    LIMIT: keyword(arg.i32, -1),
    ACTIVE: keyword(
      live(arg.bool, {
        refusal: "type mismatch",
        written: (context, s) => (s.active ? startTimer(context, s) : context.setTimer(undefined)),
      }),
      true,
    ),
    VERBOSE: keyword(arg.bool, true),
    STOP: keyword(arg.bool, false),
    MIRROR: keyword(arg.bool, false),
  },
  prepare({ config, outputIsPush, warning, error }) {
    const { INTERVAL } = config;
    const interval = inMilliseconds(INTERVAL ?? second);
    if (interval === 0n) warning("INTERVAL so small that it is zero");
    if (!outputIsPush(0)) {
      if (INTERVAL !== undefined) warning("element is pull, INTERVAL parameter will be ignored");
      if (config.MIRROR) error("MIRROR invalid on pull element");
    }
    return { interval };
  },
  state,
  initial: ({ config, plan }) => ({ limit: config.LIMIT >>> 0, interval: plan.interval }),
  handlerOrder: ["active", "src", "dst", "count"],
  handlers: {
    count: { counter: "count" },
    limit: {
      flags: ".",
      write(s, text, context) {
        s.limit = readAs(arg.i32, text, "'limit' should be integer") >>> 0;
        startAfterInterval(s, context, true);
      },
    },
    interval: {
      flags: "",
      write(s, text) {
        s.interval = inMilliseconds(readAs(arg.time, text, "'interval' should be an interval"));
      },
    },
    reset_counts: {
      write(s, _text, context) {
        for (const field of ["count", "received", "duplicates", "least", "most"] as const) s[field] = 0;
        s.sum = 0n;
        s.squares = 0n;
        if (s.sent > 0) {
          const { data } = context.heap;
          new Uint8Array(data.buffer, data.byteOffset + s.sent, sentBytes).fill(0);
        }
        startAfterInterval(s, context, false);
      },
    },
  },
  furtherHandlers: ({ inputs }) => (inputs.length > 0 ? replyHandlers : {}),
  endless: ({ LIMIT }) => LIMIT < 0,
  // Says at the end how many replies there were.
  serviceIsOptional: true,
  needsService: ({ VERBOSE }) => VERBOSE,
  service: ({ host, name, ninputs }) => ({
    close() {
      if (ninputs === 0) return;
      for (const line of host.router.read(`${name}.summary`).trimEnd().split("\n"))
        host.chatter(`${name} :: ICMPPingSource: ${line}`);
    },
  }),
  init(c, { state, timer, ninputs, isPush }) {
    if (isPush(0)) c.if(state.active.get().and(state.limit.get().ne(0)), () => timer.after(state.interval.get()));
    if (ninputs > 0) {
      const sent = heapOf(c).allocate(c, sentBytes);
      state.sent.set(sent);
      c.if(sent, () => c.fill(sent, 0, sentBytes));
    }
  },
  timer(c, context) {
    const { state, timer, isPush, output, stop, config } = context;
    if (isPush(0))
      c.if(
        isOver(context),
        () => {
          if (config.STOP) stop();
        },
        () => {
          makeRequest(c, context, (packet) => {
            output(0).push(packet);
            state.count.inc();
          });
          timer.again(state.interval.get());
        },
      );
  },
  pull(c, _port, context) {
    const { state, output, stop, config } = context;
    c.if(
      isOver(context),
      () => {
        if (config.STOP)
          c.if(state.stopped.get().eqz(), () => {
            state.stopped.set(1);
            stop();
          });
      },
      () =>
        makeRequest(c, context, (packet) => {
          state.count.inc();
          output(0).push(packet);
        }),
    );
  },
  push(c, _port, packet, context) {
    const { config, output, state } = context;
    const other = (): void => packet.kill();
    c.if(packet.network.eqz(), other);
    const message = transportOf(packet);
    c.if(packet.ip.protocol.get().eq(ipProtocols.icmp).and(message.has(echoSize)).eqz(), other);
    const header = message.need(echoSize, "stated").header(icmp);
    const echo = header.payload().header(icmpEcho);
    const mine = echo.identifier.stored.get().eq(config.IDENTIFIER);
    c.if(header.type.get().eq(icmpTypes["echo-reply"]).and(mine).eqz(), other);
    noteReply(c, context, packet, echo.sequenceNumber.get());
    if (config.MIRROR) {
      c.if(packet.data.ltU(packet.network), () => packet.pull(packet.network.sub(packet.data)));
      c.if(packet.length.ltU(headers), other);
      fillRequest(c, context, packet);
      output(0).push(packet);
      state.count.inc();
    } else packet.kill();
  },
});

function isOver({ state }: Context): I32 {
  const limit = state.limit.get();
  return limit.geS(0).and(state.count.get().geS(limit));
}

function makeRequest(c: FunctionBuilder, context: Context, some: (packet: Packet) => void): void {
  const { DATA } = context.config;
  context.packets.make(headers + DATA.length, (packet) => {
    if (DATA.length > 0) copyBytes(c, packet.data.add(headers), context.data(DATA, 16), DATA.length);
    fillRequest(c, context, packet);
    some(packet);
  });
}

/** Writes the headers of the next request over a packet that has room for them. */
function fillRequest(c: FunctionBuilder, { state, config, clock }: Context, packet: Packet): void {
  const number = state.count.get().remU(0xffff).add(1);
  const bytes = dataOf(packet).need(headers, "stated");
  const ip = bytes.header(ipv4);
  const destination = state.dst.get();
  ip.emit({
    totalLength: packet.length,
    identification: number,
    ttl,
    protocol: ipProtocols.icmp,
    source: state.src.get(),
    destination,
  });
  setPlainHeaderChecksum(c, ip);
  const message = bytes.advance(ipv4.size);
  const identifier = ((config.IDENTIFIER & 0xff) << 8) | (config.IDENTIFIER >> 8);
  emitEcho(c, message, message.length, { type: icmpTypes.echo, identifier, sequenceNumber: number });
  packet.dstIp.set(destination);
  packet.setNetworkHeader(ip.address, message.address);
  packet.timestamp.set(clock.now());
  c.if(state.sent.get(), () => c.store64(state.sent.get().add(number.shl(3)), packet.timestamp.get()));
}

/** Keeps how long a reply took that belongs to a request, and reports it. */
function noteReply(c: FunctionBuilder, { state, config, line, name }: Context, packet: Packet, sequence: I32): void {
  const place = state.sent.get().add(sequence.shl(3));
  const sent = c.var("i64", 0n, "sent");
  c.if(state.sent.get(), () => sent.set(c.load64(place)));
  c.if(sent.get().ne(0n), () => {
    c.if(sent.get().ltS(0n), () => {
      state.duplicates.inc();
      sent.set(c.i64(0n).sub(sent.get()));
    });
    const took = c.var("i32", 0, "took");
    const arrived = packet.timestamp.get();
    c.if(arrived.ne(0n), () => {
      const elapsed = arrived.sub(sent.get());
      // Rounded down, whether it is negative or not.
      const whole = elapsed.divS(1000n);
      took.set(c.select(elapsed.ltS(whole.mul(1000n)), whole.sub(1n), whole).toI32());
      const us = took.get();
      const first = state.received.get().eqz();
      c.if(first.or(us.ltU(state.least.get())), () => state.least.set(us));
      c.if(first.or(us.gtU(state.most.get())), () => state.most.set(us));
      const wide = us.toI64();
      state.sum.inc(wide);
      state.squares.inc(wide.mul(wide));
    });
    state.received.inc();
    c.store64(place, c.i64(0n).sub(sent.get()));
    if (config.VERBOSE) {
      const { ip } = packet;
      const us = took.get();
      line()
        .text(`${name} :: ICMPPingSource: `)
        .signed(ip.totalLength.get().sub(ip.headerLength).sub(echoSize))
        .text(" bytes from ")
        .ipAddress(ip.source.get())
        .text(": icmp_seq=")
        .decimal(sequence)
        .text(" ttl=")
        .decimal(ip.ttl.get())
        .text(" time=")
        .decimal(us.divU(1000))
        .text(".")
        .decimal(us.remU(1000), 3, "0")
        .text(" ms")
        .end();
    }
  });
}
