/**
 * FastTCPFlows(RATE, LIMIT, LENGTH, SRCETH, SRCIP, DSTETH, DSTIP, FLOWS, FLOWSIZE [, ACTIVE]) — makes TCP packets of many flows, when it
 * is pulled.
 *
 * There are FLOWS flows, whose ports are chosen by chance, and each packet is of one of them, by chance too. The first of a flow is a
 * SYN, the last of FLOWSIZE, 3 at least, a FIN, and those between have PSH and ACK; after the last the flow gets other ports. The
 * sequence numbers of the three kinds are by chance, and stay. Packets have LENGTH bytes, 60 at least, with zeros behind the headers,
 * and right checksums. There are RATE packets a second, as many as are pulled where RATE is 0. After LIMIT packets, unless that is negative,
 * each flow that is not at its end gets its FIN. RandomSeed makes runs alike.
 *
 * Handlers: count (read); rate (read, write): read, the rate at which packets were made until the end; written, RATE; active, limit,
 * reset (write).
 *
 *   FastTCPFlows(100000, 500000, 60, 0:0:0:0:0:0, 1.0.0.1, 1:1:1:1:1:1, 2.0.0.2, 100, 10) -> ToDevice(0)
 */
import { arg, type ElementClass, type ElementContext, element, positional } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { array, struct, u16, u32 } from "@clickos/layout";
import { stored32 } from "@clickos/wire";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import {
  beginFlows,
  checkFlows,
  drawFlow,
  drawPort,
  type FlowsConfig,
  flowsArguments,
  flowsState,
} from "../lib/fast-flows.ts";
import {
  atRate,
  fastHandlers,
  fastInitial,
  isOver,
  shortestFast,
  tellShort,
  writeHeaders,
} from "../lib/fast-source.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";

/** Kinds of packets, in the order in which Click makes them. */
const kinds = { syn: 0, data: 1, fin: 2 } as const;
const shortestFlow = 3;

const numbers = struct({ sequence: u32, acknowledgment: u32 }, { name: "tcpNumbers" });
/** Ports, and the numbers of each kind of packet, as they are stored. */
const flowLayout = struct(
  { source: u16, destination: u16, packets: u32, numbers: array(numbers, Object.keys(kinds).length) },
  { name: "tcpFlow" },
);

/** Flows before `ended` have had their last packet since the limit was reached; `over` where all have. */
const state = { ...flowsState, ended: u32, over: u32 };

type Config = FlowsConfig & { readonly ACTIVE: boolean };
interface Plan {
  readonly length: number;
  readonly flowSize: number;
}
type Context = ElementContext<Config, Plan, typeof state>;

function drawPorts(c: FunctionBuilder, context: Context, at: I32): void {
  const { source, destination } = staged(c, flowLayout, at);
  source.set(drawPort(context));
  destination.set(drawPort(context));
}

function beginFlow(c: FunctionBuilder, context: Context, at: I32): void {
  drawPorts(c, context, at);
  const flow = staged(c, flowLayout, at);
  for (const kind of Object.values(kinds)) {
    const { sequence, acknowledgment } = flow.numbers.at(kind);
    sequence.set(context.chance());
    acknowledgment.set(context.chance());
  }
}

/** Chooses a flow for the next packet: where it is, 0 where all are at their ends, and which kind of packet. `limited` where the limit is reached. */
function nextPacket(c: FunctionBuilder, context: Context, limited: I32): { readonly at: I32; readonly kind: I32 } {
  const { config, plan, state } = context;
  const at = c.var("i32", 0, "flow");
  const kind = c.var("i32", kinds.data, "kind");
  c.if(
    limited,
    () => {
      kind.set(kinds.fin);
      c.loop(() => {
        c.if(state.ended.get().geU(config.FLOWS), () => {
          state.over.set(1);
          c.break();
        });
        const place = state.ended.get().mul(flowLayout.size).add(state.flows.get());
        const { packets } = staged(c, flowLayout, place);
        state.ended.inc();
        c.if(packets.get().ne(plan.flowSize), () => {
          packets.set(plan.flowSize);
          at.set(place);
          c.break();
        });
      });
    },
    () => {
      at.set(drawFlow(context, flowLayout));
      const { packets } = staged(c, flowLayout, at.get());
      c.if(packets.get().eq(plan.flowSize), () => {
        drawPorts(c, context, at.get());
        packets.set(0);
      });
      packets.inc();
      c.if(packets.get().eq(1), () => kind.set(kinds.syn));
      c.if(packets.get().eq(plan.flowSize), () => kind.set(kinds.fin));
      state.ended.set(0);
    },
  );
  return { at: at.get(), kind: kind.get() };
}

export const FastTCPFlows: ElementClass = element({
  name: "FastTCPFlows",
  ports: "0/1",
  processing: "l/l",
  config: { ...flowsArguments, ACTIVE: positional(arg.bool, true) },
  prepare: ({ config, error, warning }): Plan => ({
    length: checkFlows(config, { error, warning }),
    flowSize: Math.max(config.FLOWSIZE, shortestFlow),
  }),
  state,
  initial: ({ config }) => fastInitial(config),
  handlers: fastHandlers((s) => {
    s.ended = 0;
    s.over = 0;
  }),
  init(c, context) {
    if (context.config.FLOWSIZE < shortestFlow)
      context.line().text(`warning: flow size < ${shortestFlow}, defaulting to ${shortestFlow}`).end();
    if (context.config.LENGTH < shortestFast) tellShort(context);
    beginFlows(c, context, flowLayout, (at) => beginFlow(c, context, at));
  },
  pull(c, _port, context) {
    const { config, plan, state, packets, output } = context;
    const limited = isOver(context);
    const done = limited.and(state.over.get());
    c.if(state.active.get().and(state.flows.get().ne(0)).and(done.eqz()), () =>
      atRate(c, context, () => {
        const made = c.var("i32", 0, "made");
        const { at, kind } = nextPacket(c, context, limited);
        const make = (): void =>
          packets.make(plan.length, (packet) => {
            const flow = staged(c, flowLayout, at);
            const transport = writeHeaders(c, packet, config, c.i32(plan.length), ipProtocols.tcp);
            const { length } = transport;
            const segment = transport.header(tcp);
            const isData = kind.eq(kinds.data);
            segment.emit({
              psh: isData,
              ack: isData,
              syn: kind.eq(kinds.syn),
              fin: kind.eq(kinds.fin),
              window: 0xffff,
            });
            segment.sourcePort.stored.set(flow.source.get());
            segment.destinationPort.stored.set(flow.destination.get());
            const { sequence, acknowledgment } = flow.numbers.at(kind);
            segment.sequenceNumber.stored.set(sequence.get());
            segment.acknowledgmentNumber.stored.set(acknowledgment.get());
            const addresses = { source: c.i32(stored32(config.SRCIP)), destination: c.i32(stored32(config.DSTIP)) };
            const bytes = { address: segment.address, length: length.and(0xffff) };
            segment.checksum.stored.set(transportChecksum(c, addresses, ipProtocols.tcp, bytes));
            made.set(1);
            output(0).push(packet);
          });
        c.if(at, make);
        return made.get();
      }),
    );
  },
});
