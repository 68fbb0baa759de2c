/**
 * AggregateIPFlows([keywords TCP_TIMEOUT, TCP_DONE_TIMEOUT, UDP_TIMEOUT, FRAGMENT_TIMEOUT, REAP, ICMP, FRAGMENTS,
 * TRACEINFO, SOURCE]) — numbers flows.
 *
 * Sets the aggregate annotation of TCP and UDP packets to the number of their flow, from 1 on, and the paint annotation to 0 for the
 * direction of the flow's first packet and 1 for the other. Other packets leave on output 1 if that is connected and are dropped
 * otherwise. With ICMP true, ICMP errors get the number of the flow that they are about, and 2 or 3.
 *
 * A flow ends after UDP_TIMEOUT (60) or TCP_TIMEOUT (24 hours) seconds of packet time without packets, after TCP_DONE_TIMEOUT
 * (30) when both sides of a TCP flow were closed or one was reset, and then with the next SYN at once. REAP is how often what is
 * over is looked for (20 minutes).
 *
 * Later fragments have no ports. With FRAGMENTS true, the default where packets are pushed, they are held until their first fragment
 * comes, and with them what follows between the same addresses, so that its order stays. One whose first does not come within
 * FRAGMENT_TIMEOUT (30) seconds of packet time is dropped. With FRAGMENTS false they leave on output 1.
 *
 * TRACEINFO names a file, in XML, that has an element about each flow that has ended, `-` for standard output. SOURCE names an element
 * whose handlers `filename` and `packet_filepos`, where it has them, are recorded there: which file is read, and where in it a flow
 * begins. With TRACEINFO the element runs in process only, not in a virtual machine.
 *
 * Elements whose NOTIFIER names this one are told when a flow begins and when it has ended.
 *
 * Handlers: clear (write) ends all flows and lets go what is held.
 *
 *   FromDump(trace.pcap, STOP true, FORCE_IP true) -> AggregateIPFlows -> ...
 */
import { type ArgumentType, annotation, arg, type ElementClass, element, keyword } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { AggregateListener, type AggregateListenerPeer, listenersOf } from "../lib/aggregate-notifier.ts";
import { secondCount } from "../lib/time.ts";
import { flowHeader, letGoAll, letGoAllOld, letGoOld } from "./ip-flow-fragments.ts";
import { flowTrace } from "./ip-flow-trace.ts";
import { endFlows, type FlowContext, findFlow, flowState, isHeard, reapFlows, second, seen } from "./ip-flows.ts";

/** Bytes of a transport header that have the ports. */
const upToPorts = udp.fields.ports.offset + udp.fields.ports.size;
const maybe: ArgumentType<boolean | null> = arg.bool;

export const AggregateIPFlows: ElementClass = element({
  name: "AggregateIPFlows",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    TCP_TIMEOUT: keyword(arg.u32, 24 * 60 * 60),
    TCP_DONE_TIMEOUT: keyword(arg.u32, 30),
    UDP_TIMEOUT: keyword(secondCount, 60),
    FRAGMENT_TIMEOUT: keyword(secondCount, 30),
    REAP: keyword(secondCount, 20 * 60),
    ICMP: keyword(arg.bool, false),
    TRACEINFO: keyword(arg.filename, ""),
    SOURCE: keyword(arg.elementName(), undefined),
    FRAGMENTS: keyword(maybe, null),
  },
  peers({ config, name, inputIsPush, every, error }): readonly AggregateListenerPeer[] {
    if (config.FRAGMENTS === true && !inputIsPush(0))
      error("'FRAGMENTS true' is incompatible with pull; run this element in a push context");
    return listenersOf(name, every(AggregateListener));
  },
  state: flowState,
  initial: () => ({ next: 1 }),
  handlers: {
    clear: {
      flags: "",
      kind: "text",
      write(s, _value, { config, heap, peers, fire }) {
        if (!isHeard(peers, config)) for (const flow of [...s.flows.entries()]) s.flows.remove(heap, flow);
        else s.clearing = 1;
        // The element's own code lets go what is held, and tells who listens.
        fire();
      },
    },
  },
  endless: () => true,
  files: ({ TRACEINFO }) => (TRACEINFO === "" || TRACEINFO === "-" ? {} : { writes: TRACEINFO }),
  needsService: (config) => config.TRACEINFO !== "",
  service: ({ config, host }) => flowTrace(config.TRACEINFO, config.SOURCE?.name, host),
  timer(c, context) {
    const { state, peers, config, inputIsPush } = context;
    // Where packets are pulled none is held.
    if (inputIsPush(0)) letGoAll(c, context);
    if (isHeard(peers, config))
      c.if(state.clearing.get(), () => {
        state.clearing.set(0);
        endFlows(c, context);
      });
  },
  action(c, packet, context) {
    const { state, config, output, clock, line, name, inputIsPush } = context;
    const holds = config.FRAGMENTS ?? inputIsPush(0);
    const refuse = (): void => output(1).push(packet, "no TCP or UDP packet with ports");
    c.if(packet.network.eqz(), refuse);
    c.if(packet.timestamp.get().eq(0n), () => {
      c.if(state.warned.get().eqz(), () => {
        state.warned.set(1);
        line().text(`${name} :: AggregateIPFlows: warning: packet received without timestamp`).end();
      });
      packet.timestamp.set(clock.now());
    });

    const paint = c.var("i32", 0, "paint");
    const ip = flowHeader(c, packet, config.ICMP, () => paint.set(2), refuse);
    const protocol = ip.protocol.get();
    const isTcp = protocol.eq(ipProtocols.tcp);
    const [source, destination] = [ip.source.stored.get(), ip.destination.stored.get()];
    c.if(isTcp.or(protocol.eq(ipProtocols.udp)).eqz().or(source.or(destination).eqz()), refuse);
    const turned = source.gtU(destination);
    const [a, b] = [c.select(turned, destination, source), c.select(turned, source, destination)];
    paint.set(paint.get().xor(turned));

    const isFirst = ip.fragmentOffset.get().eqz();
    const flow = c.var("i32", 0, "flow");
    const now = packet.timestamp.get().divU(second).toI32();
    c.if(
      isFirst,
      () => {
        const transport = ip.payload(refuse).need(upToPorts, refuse).header(udp, "stated");
        const given = transport.ports.stored.get();
        // Between an address and itself the ports tell the directions.
        const backwards = a.eq(b).and(given.shl(16).sub(given).ltS(0));
        paint.set(paint.get().xor(backwards));
        const isTurned = paint.get().and(1);
        const ports = c.select(isTurned, given.rotl(16), given);
        flow.set(findFlow(c, packet, { key: [a, b, ports, protocol], isTurned, isTcp, now }, context));
        c.if(flow.get().eqz(), () => output(1).push(packet, "no memory for another flow"));
        const { aggregate, reverse } = state.flows.value(flow.get());
        packet.annotation32(annotation.aggregate).set(aggregate.get());
        packet.annotation8(annotation.paint).set(paint.get().xor(reverse.get()));
      },
      () => {
        packet.annotation32(annotation.aggregate).set(0);
        packet.annotation8(annotation.paint).set(paint.get());
      },
    );

    if (holds) {
      const key = [a, b, protocol];
      const held = c.var("i32", state.waiting.find(key), "held");
      c.if(ip.fragment.isSet().or(held.get()), () => {
        c.if(held.get().eqz(), () =>
          held.set(state.waiting.findOrAdd(key, (entry) => state.waiting.expiresAt(entry, 0n))),
        );
        c.if(held.get().eqz(), () => output(1).push(packet, "no memory for another flow"));
        state.waiting.value(held.get()).packets.append(packet);
        state.now.set(now);
        letGoOld(c, context, held.get());
        c.if(state.now.get().geU(state.reapAt.get()), () => reap(c, context));
      });
    }
    c.if(flow.get().eqz(), refuse);
    state.now.set(now);
    seen(c, packet, ip, flow.get(), context);
    c.if(now.geU(state.reapAt.get()), () => reap(c, context));
  },
});

/** Looks for what is over. */
function reap(c: FunctionBuilder, context: FlowContext): void {
  letGoAllOld(c, context);
  reapFlows(context);
}
