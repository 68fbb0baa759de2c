/**
 * NetFlowExporter([keywords FORMAT, ACTIVE, INACTIVE, CAPACITY, DOMAIN, TEMPLATE_INTERVAL]) — tells a collector of the flows that pass.
 *
 * Packets of each input leave on the output of the same number, as they are. Those with an IP header marked are counted by flow:
 * addresses, ports, protocol, type of service, and the input. ICMP's type and code stand for the destination port, as in
 * NetFlow. The last output, one more than there are inputs, gets messages for a collector, for UDPIPEncap.
 *
 * FORMAT is IPFIX (the default; RFC 7011) or NETFLOW5. A flow is told of when it has had no packet for INACTIVE (15s), after ACTIVE
 * (60s) and from then on anew, a second after its last packet when TCP has ended it (FIN or RST), and when more than CAPACITY (1048576)
 * flows are known, those first that are due first. Messages are full, or leave within a second. DOMAIN (0) is IPFIX's observation domain,
 * or NetFlow's engine ID and, above 255, type. IPFIX's template is in the first message, and again after TEMPLATE_INTERVAL (30s).
 *
 * Interfaces are numbered from 1 on, by input. The output interface, next hop and autonomous systems of NetFlow are 0: they are not known.
 *
 * Handlers: flows (read): how many are known; exported, messages (read): flows told of, and in how many messages; other, unaccounted
 * (read): packets that have no IP header, and those for whose flows there was no memory; flush (write): tells of all flows now.
 *
 *   FromDevice(0) -> CheckIPHeader(14) -> nf :: NetFlowExporter(INACTIVE 5s) -> ToDevice(1);
 *   nf [1] -> UDPIPEncap(10.0.0.1, 2055, 10.0.0.9, 2055) -> ...
 */
import { arg, type ElementClass, type ElementContext, element, hashTable, keyword } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { bytes, type U32Field, type U64Field, u8, u32, u64 } from "@clickos/layout";
import { span } from "@clickos/wire";
import { flowEndReasons } from "@clickos/wire/flow-export";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { copyBytes } from "../lib/bytes.ts";
import { transportOf } from "../lib/headers.ts";
import { exportFormats, recordBytes, templateAt, unitShift } from "./export-messages.ts";

const second = 1_000_000_000n;
/** How long packets may still come that answer the last one. */
const lingering = second;
/** Flows in a turn of the timer; when it goes on that had more to do. */
const atOnce = 1024;
const pause = 1_000_000n;
/** Later than any time. */
const never = 0x7fff_ffff_ffff_ffffn;
const mostInputs = 255;

const { fin, rst, flags } = tcp.fields;
/** Those of TCP's flags after which nothing comes but what is on its way. */
const lastFlags = [fin, rst].reduce((mask, field) => mask | (field.mask << (field.shift - flags.shift)), 0);

/** Within the entry's first cache line, by its size: see `unitShift` for times. */
const flowValue = { bytes: u64, packets: u32, first: u32, last: u32, tcpFlags: u8 } as {
  bytes: U64Field;
  packets: U32Field;
  first: U32Field;
  last: U32Field;
  tcpFlags: U32Field;
};
/** By addresses, ports, and a word of protocol, type of service and input. */
const flowTable = hashTable({ keyWords: 4, value: flowValue });

const state = {
  flows: flowTable,
  started: u64,
  records: bytes(recordBytes, 16),
  /** Records that wait. */
  waiting: u32,
  /** Flows that messages have told of. */
  sequence: u32,
  exported: u64,
  messages: u64,
  templateDue: u64,
  other: u64,
  unaccounted: u64,
  flushing: u32,
};
interface Config {
  readonly FORMAT: keyof typeof exportFormats;
  readonly ACTIVE: bigint;
  readonly INACTIVE: bigint;
  readonly CAPACITY: number;
  readonly DOMAIN: number;
  readonly TEMPLATE_INTERVAL: bigint;
}
type Context = ElementContext<Config, unknown, typeof state>;

export const NetFlowExporter: ElementClass = element({
  name: "NetFlowExporter",
  ports: "1-/=+",
  processing: "h/h",
  config: {
    FORMAT: keyword(arg.choice("IPFIX", "NETFLOW5"), "IPFIX"),
    ACTIVE: keyword(arg.time, 60n * second),
    INACTIVE: keyword(arg.time, 15n * second),
    CAPACITY: keyword(arg.u32, 1 << 20),
    DOMAIN: keyword(arg.u32, 0),
    TEMPLATE_INTERVAL: keyword(arg.time, 30n * second),
  },
  prepare({ config, ninputs, error }) {
    if (ninputs > mostInputs) error(`at most ${mostInputs} inputs`);
    if (config.ACTIVE < second || config.INACTIVE < second) error("ACTIVE and INACTIVE must be a second at least");
    if (config.CAPACITY < 1) error("CAPACITY must be at least 1");
    if (config.FORMAT === "NETFLOW5" && config.DOMAIN > 0xffff) error("DOMAIN is at most 65535 in NetFlow v5");
  },
  state,
  handlers: {
    flows: { kind: "gauge", unit: "flows", read: (s) => s.flows.length },
    exported: { counter: "exported", unit: "flows" },
    messages: { counter: "messages" },
    other: { counter: "other", unit: "packets" },
    unaccounted: { counter: "unaccounted", unit: "packets" },
    flush: {
      write(s, _text, { fire }) {
        s.flushing = 1;
        fire();
      },
    },
  },
  push(c, port, packet, context) {
    const { state, config, clock, timer, output } = context;
    const pass = (): void => output(port).push(packet);
    c.if(packet.network.eqz(), () => {
      state.other.inc();
      pass();
    });
    const { ip } = packet;
    const protocol = ip.protocol.get();
    const transport = transportOf(packet);
    const ports = c.var("i32", 0, "ports");
    const tcpFlags = c.var("i32", 0, "tcpFlags");
    const isTcp = protocol.eq(ipProtocols.tcp);
    c.if(ip.fragmentOffset.get().eqz(), () => {
      c.if(isTcp.or(protocol.eq(ipProtocols.udp)).and(transport.has(udp.size)), () => {
        // What both protocols have is read as UDP's.
        ports.set(transport.header(udp, "stated").ports.stored.get());
        c.if(isTcp.and(transport.has(tcp.size)), () => tcpFlags.set(transport.header(tcp, "stated").flags.get()));
      });
      c.if(protocol.eq(ipProtocols.icmp).and(transport.has(icmp.size)), () => {
        const { type, code } = transport.header(icmp, "stated");
        ports.set(type.get().or(code.get().shl(8)).shl(16));
      });
    });
    const about = protocol.or(ip.tos.get().shl(8)).or((port + 1) << 16);
    const { flows } = state;
    const now = clock.now();
    // In a virtual machine there is no time yet when elements are initialized.
    c.if(state.started.get().eqz(), () => state.started.set(now));
    const units = now.sub(state.started.get()).shrU(unitShift).toI32();
    const flow = flows.findOrAdd([ip.source.stored.get(), ip.destination.stored.get(), ports.get(), about], (fresh) => {
      flows.value(fresh).first.set(units);
      c.if(flows.length().eq(1), () => timer.at(now.add(second)));
      // The timer has others go.
      c.if(flows.length().gtU(config.CAPACITY), () => timer.at(now));
    });
    c.if(flow.eqz(), () => {
      state.unaccounted.inc();
      pass();
    });
    const its = flows.value(flow);
    const all = its.tcpFlags.get().or(tcpFlags.get());
    its.tcpFlags.set(all);
    its.bytes.inc(ip.totalLength.get().toI64());
    its.last.set(units);
    const packetCount = its.packets.get().add(1);
    its.packets.set(packetCount);
    const active = state.started.get().add(its.first.get().toI64().shl(unitShift)).add(config.ACTIVE);
    const inactive = now.add(c.select(all.and(lastFlags), c.i64(lingering), c.i64(config.INACTIVE)));
    const due = c.select(inactive.ltU(active), inactive, active);
    // A count that has reached its end is told of, and another begins.
    flows.expiresAt(flow, c.select(packetCount.eq(-1), now, due));
    pass();
  },
  // Flows of a former configuration may be there.
  init: (_c, { timer }) => timer.after(second),
  timer(c, context) {
    const { state, config, clock, timer } = context;
    const { flows } = state;
    const now = clock.now();
    const flushing = state.flushing.get();
    const more = c.var("i32", 0, "more");
    const until = c.select(flushing, c.i64(never), now);
    more.set(
      flows.expire(until, atOnce, (flow) => {
        const { tcpFlags, last } = flows.value(flow);
        const quiet = now.sub(state.started.get()).shrU(unitShift).toI32().sub(last.get());
        const idle = quiet
          .toI64()
          .shl(unitShift)
          .add(1n << unitShift)
          .geU(config.INACTIVE);
        const whole = c.select(idle, c.i32(flowEndReasons.idle), c.i32(flowEndReasons.active));
        const ended = c.select(tcpFlags.get().and(lastFlags), c.i32(flowEndReasons.endOfFlow), whole);
        end(c, flow, c.select(flushing, c.i32(flowEndReasons.forced), ended), context);
      }),
    );
    c.for(0, atOnce, 1, () => {
      c.if(flows.length().leU(config.CAPACITY), () => c.break());
      end(c, flows.first(), c.i32(flowEndReasons.lackOfResources), context);
    });
    send(c, context);
    c.if(more.get().eqz(), () => state.flushing.set(0));
    const busy = more.get().or(flows.length().gtU(config.CAPACITY));
    // Who waits for what can still happen has all flows told of.
    c.if(flows.length(), () => timer.at(now.add(c.select(busy, c.i64(pause), c.i64(second)))));
  },
});

/** Tells of a flow, and forgets it. */
function end(c: FunctionBuilder, flow: I32, reason: I32, context: Context): void {
  const { state, config, clock } = context;
  const { flows } = state;
  const format = exportFormats[config.FORMAT];
  const its = flows.value(flow);
  const about = flows.keyWord(flow, 3);
  const at = state.records.add(state.waiting.get().mul(format.recordSize));
  format.record(
    c,
    at,
    {
      source: flows.keyWord(flow, 0),
      destination: flows.keyWord(flow, 1),
      ports: flows.keyWord(flow, 2),
      protocol: about.and(0xff),
      tos: about.shrU(8).and(0xff),
      input: about.shrU(16),
      packets: its.packets.get(),
      bytes: its.bytes.get(),
      tcpFlags: its.tcpFlags.get(),
      first: its.first.get(),
      last: its.last.get(),
      reason,
    },
    { now: clock.now(), started: state.started.get() },
  );
  flows.remove(flow);
  state.waiting.inc();
  state.exported.inc();
  c.if(state.waiting.get().geU(format.most), () => send(c, context));
}

/** Sends the records that wait. */
function send(c: FunctionBuilder, context: Context): void {
  const { state, config, clock, packets, data, output, ninputs } = context;
  const format = exportFormats[config.FORMAT];
  const { template, headSize } = format;
  const now = clock.now();
  const make = (withTemplate: boolean): void => {
    const size = withTemplate ? headSize.template : headSize.plain;
    const count = state.waiting.get();
    const records = count.mul(format.recordSize);
    packets.make(records.add(size), (message) => {
      const whole = span(c, message.data, message.length).need(size, "stated");
      const about = { now, started: state.started.get(), sequence: state.sequence.get(), count, domain: config.DOMAIN };
      if (withTemplate) copyBytes(c, message.data.add(templateAt), data(template, 16), template.length);
      format.head(c, whole, about, withTemplate);
      c.copy(message.data.add(size), state.records, records);
      state.messages.inc();
      output(ninputs).push(message);
    });
  };
  c.if(state.waiting.get(), () => {
    if (template.length === 0) make(false);
    else
      c.if(
        now.geU(state.templateDue.get()),
        () => {
          state.templateDue.set(now.add(config.TEMPLATE_INTERVAL));
          make(true);
        },
        () => make(false),
      );
    state.sequence.inc(state.waiting.get());
    state.waiting.set(0);
  });
}
