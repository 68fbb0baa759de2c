/**
 * FastUDPFlows(RATE, LIMIT, LENGTH, SRCETH, SRCIP, DSTETH, DSTIP, FLOWS, FLOWSIZE [, CHECKSUM, ACTIVE]) — makes UDP packets of many
 * flows, when it is pulled.
 *
 * There are FLOWS flows, whose ports are chosen by chance, and each packet is of one of them, by chance too. After FLOWSIZE packets
 * a flow gets other ports. Packets have LENGTH bytes, 60 at least: Ethernet, IP and UDP headers, and zeros behind them. There are
 * RATE packets a second, as many as are pulled where RATE is 0, and LIMIT in all, any number where that is negative. The UDP checksum
 * is computed unless CHECKSUM is false. RandomSeed makes runs alike.
 *
 * Handlers: count (read); rate (read, write): read, the rate at which LIMIT packets were made; written, RATE; length (read, write):
 * another length begins anew, with other flows; active, limit, reset (write).
 *
 *   FastUDPFlows(100000, 500000, 60, 0:0:0:0:0:0, 1.0.0.1, 1:1:1:1:1:1, 2.0.0.2, 100, 10) -> ToDevice(0)
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  maximumLargeFrame,
  positional,
  required,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { struct, u16, u32 } from "@clickos/layout";
import { stored32 } from "@clickos/wire";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
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
import { readAs } from "../lib/handlers.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";

/** Ports as they are stored. */
const flowLayout = struct({ source: u16, destination: u16, packets: u32 }, { name: "udpFlow" });

/** `asked` is the length that was written. */
const state = { ...flowsState, length: u32, asked: u32 };

type Context = ElementContext<FlowsConfig, unknown, typeof state>;

function drawPorts(c: FunctionBuilder, context: Context, at: I32): void {
  const { source, destination } = staged(c, flowLayout, at);
  source.set(drawPort(context));
  destination.set(drawPort(context));
}

export const FastUDPFlows: ElementClass = element({
  name: "FastUDPFlows",
  ports: "0/1",
  processing: "l/l",
  config: {
    ...flowsArguments,
    LENGTH: required(arg.i32),
    CHECKSUM: positional(arg.bool, true),
    ACTIVE: positional(arg.bool, true),
  },
  prepare: ({ config, error, warning }) => ({
    length: checkFlows({ ...config, LENGTH: config.LENGTH >>> 0 }, { error, warning }),
  }),
  state,
  initial: ({ config, plan }) => ({ ...fastInitial(config), length: plan.length }),
  handlers: {
    ...fastHandlers(),
    length: {
      gauge: "length",
      unit: "bytes",
      write(s, text, { fire }) {
        const length = readAs(arg.u32, text, "length parameter must be integer");
        if (length > maximumLargeFrame) throw `length too large; max is ${maximumLargeFrame}`;
        if (length === s.length) return;
        s.asked = length;
        s.length = Math.max(length, shortestFast);
        s.count = 0;
        fire();
      },
    },
  },
  init(c, context) {
    if (context.config.LENGTH >>> 0 < shortestFast) tellShort(context);
    beginFlows(c, context, flowLayout, (at) => drawPorts(c, context, at));
  },
  // Another length was written.
  timer(c, context) {
    c.if(context.state.asked.get().ltU(shortestFast), () => tellShort(context));
    beginFlows(c, context, flowLayout, (at) => drawPorts(c, context, at));
  },
  pull(c, _port, context) {
    const { config, state, packets, output } = context;
    c.if(state.active.get().and(state.flows.get().ne(0)).and(isOver(context).eqz()), () =>
      atRate(c, context, () => {
        const made = c.var("i32", 0, "made");
        packets.make(state.length.get(), (packet) => {
          const at = drawFlow(context, flowLayout);
          const flow = staged(c, flowLayout, at);
          c.if(flow.packets.get().eq(config.FLOWSIZE), () => {
            drawPorts(c, context, at);
            flow.packets.set(0);
          });
          flow.packets.inc();
          const transport = writeHeaders(c, packet, config, state.length.get(), ipProtocols.udp);
          const { length } = transport;
          const datagram = transport.header(udp);
          datagram.emit({ length });
          datagram.sourcePort.stored.set(flow.source.get());
          datagram.destinationPort.stored.set(flow.destination.get());
          if (config.CHECKSUM) {
            const addresses = { source: c.i32(stored32(config.SRCIP)), destination: c.i32(stored32(config.DSTIP)) };
            const bytes = { address: datagram.address, length: length.and(0xffff) };
            datagram.checksum.stored.set(transportChecksum(c, addresses, ipProtocols.udp, bytes));
          }
          made.set(1);
          output(0).push(packet);
        });
        return made.get();
      }),
    );
  },
});
