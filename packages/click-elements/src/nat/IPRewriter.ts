/**
 * IPRewriter(INPUTSPEC, ... [, keywords TCP_TIMEOUT, TCP_DONE_TIMEOUT, UDP_TIMEOUT, CAPACITY]) — rewrites flows of TCP and UDP.
 *
 * Keeps a table of flows. A packet of a known flow, in either direction, has its addresses, ports and checksums
 * rewritten and leaves on the flow's output. A packet of a new flow is treated as the specification of its input
 * says:
 *
 *   pattern SADDR SPORT DADDR DPORT FOUTPUT ROUTPUT — makes a mapping; `-` keeps a field, SPORT may be a range
 *   keep FOUTPUT ROUTPUT — makes a mapping that changes nothing
 *   pass OUTPUT, nochange OUTPUT — sends the packet on, makes no mapping
 *   drop — drops it
 *
 * Replies are rewritten back and leave on ROUTPUT. A range of ports is used in turn. Flows end after TCP_TIMEOUT
 * (24 hours) or UDP_TIMEOUT (5 minutes) without packets, TCP flows that were closed after TCP_DONE_TIMEOUT
 * (4 minutes). At most CAPACITY flows (16384) are kept. Other protocols and later fragments pass only inputs that
 * are `pass` or `nochange`.
 *
 * Handlers: nmappings, mapping_failures, size, capacity (read).
 *
 *   rw :: IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop);
 */

import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  keyword,
  rest,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { memoryWord } from "../lib/bytes.ts";
import { delta32, fold, patchDelta } from "../lib/checksum.ts";
import { type InputSpec, inputSpec } from "./rewriter-spec.ts";

const second = 1_000_000_000n;
const ipProtocolTcp = 6;
const ipProtocolUdp = 17;
const tcpFin = 1;
const tcpRst = 4;

/** A direction of a flow. Addresses and ports are words as they stand in memory. */
const mapping = {
  source: u32,
  destination: u32,
  ports: u32,
  /** What rewriting adds to the complement of the header's checksum, and of the transport's. */
  ipDelta: u32,
  transportDelta: u32,
  output: u32,
  /** Entry of the flow's forward direction, which holds what both share. */
  owner: u32,
  peer: u32,
  expires: u64,
  done: u32,
};

const stateOf = (capacity: number) => ({
  nextPort: u32,
  failures: u64,
  flows: hashTable({ name: "flows", keyWords: 4, value: mapping, capacity: capacity * 2 }),
});

export const IPRewriter: ElementClass = element({
  name: "IPRewriter",
  ports: "1-/1-",
  processing: "h/h",
  config: {
    INPUTSPEC: rest(inputSpec),
    TCP_TIMEOUT: keyword(arg.time, 86400n * second),
    TCP_DONE_TIMEOUT: keyword(arg.time, 240n * second),
    UDP_TIMEOUT: keyword(arg.time, 300n * second),
    CAPACITY: keyword(arg.u32, 16384),
  },
  prepare({ config, ninputs, error }) {
    if (config.INPUTSPEC.length !== ninputs)
      error(
        `${config.INPUTSPEC.length} input specifications, but ${ninputs} inputs are connected; each input needs one`,
      );
    if (config.CAPACITY < 1 || config.CAPACITY > 4_000_000) error("CAPACITY is not between 1 and 4000000");
  },
  state: ({ config }) => stateOf(config.CAPACITY),
  handlers: {
    nmappings: { kind: "gauge", unit: "mappings", read: (s) => s.flows.length / 2 },
    size: { kind: "gauge", unit: "mappings", read: (s) => s.flows.length / 2 },
    mapping_failures: { counter: "failures" },
    capacity: { constant: ({ config }) => config.CAPACITY },
  },
  init(_c, { timer }) {
    timer.after(second);
  },
  timer(c, { state, clock, timer }) {
    const now = clock.now();
    state.flows.sweep(4096, (entry) => {
      const value = state.flows.value(entry);
      c.if(value.owner.get().eq(entry).and(now.geU(value.expires.get())), () => {
        state.flows.remove(value.peer.get());
        state.flows.remove(entry);
      });
    });
    timer.after(second);
  },
  push(c, port, packet, context) {
    const { state, clock, config, output, noutputs } = context;
    const spec = config.INPUTSPEC[port] as InputSpec;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const protocol = ip.protocol.get();
    const transport = packet.transport;
    const tcp = protocol.eq(ipProtocolTcp);
    const end = packet.data.add(packet.length);
    const readable = end.sub(transport).geS(c.select(tcp, c.i32(20), c.i32(8)));
    const rewritable = tcp.or(protocol.eq(ipProtocolUdp)).and(ip.fragment.get().and(0x1fff).eqz()).and(readable);
    c.if(rewritable.eqz(), () => {
      if (spec.kind === "nochange") output(spec.output).push(packet);
      else packet.drop("not TCP or UDP");
    });

    const source = c.load32(packet.network, 12);
    const destination = c.load32(packet.network, 16);
    const ports = c.load32(transport);
    const now = clock.now();
    const entry = c.var("i32", state.flows.find([source, destination, ports, protocol]), "entry");
    // A flow past its time that the sweep has not met yet is none.
    c.if(entry.get(), () => {
      const owner = state.flows.value(entry.get()).owner.get();
      c.if(now.geU(state.flows.value(owner).expires.get()), () => {
        state.flows.remove(state.flows.value(owner).peer.get());
        state.flows.remove(owner);
        entry.set(0);
      });
    });
    c.if(entry.get().eqz(), () => {
      if (spec.kind === "nochange") output(spec.output).push(packet);
      else if (spec.kind === "drop") packet.drop("new flow refused");
      else {
        entry.set(makeMapping(c, { source, destination, ports, protocol }, spec, context));
        c.if(entry.get().eqz(), () => {
          state.failures.inc();
          packet.drop("no room for another flow");
        });
      }
    });

    const flow = state.flows.value(entry.get());
    const at = packet.network;
    const checksum = c.load16(at, 10);
    c.store16(at, patchDelta(checksum, flow.ipDelta.get()), 10);
    c.store32(at, flow.source.get(), 12);
    c.store32(at, flow.destination.get(), 16);
    c.store32(transport, flow.ports.get());
    const owner = state.flows.value(flow.owner.get());
    c.if(
      tcp,
      () => {
        c.store16(transport, patchDelta(c.load16(transport, 16), flow.transportDelta.get()), 16);
        const flags = c.load8(transport, 13);
        c.if(flags.and(tcpFin | tcpRst), () => owner.done.set(1));
        owner.expires.set(
          now.add(c.select(owner.done.get(), c.i64(config.TCP_DONE_TIMEOUT), c.i64(config.TCP_TIMEOUT))),
        );
      },
      () => {
        const before = c.load16(transport, 6);
        // Zero says that the datagram carries no checksum (RFC 768); a computed zero is sent as all ones.
        c.if(before, () => {
          const after = patchDelta(before, flow.transportDelta.get());
          c.store16(transport, c.select(after, after, c.i32(0xffff)), 6);
        });
        owner.expires.set(now.add(config.UDP_TIMEOUT));
      },
    );
    packet.dstIp.set(flow.destination.get().swap32());
    if (noutputs === 1) output(0).push(packet);
    else
      c.switch(
        flow.output.get(),
        Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet)),
        () => output(noutputs - 1).push(packet),
      );
  },
});

interface FlowId {
  readonly source: I32;
  readonly destination: I32;
  readonly ports: I32;
  readonly protocol: I32;
}

/** Makes both directions of a mapping; the forward entry, or 0 when there is no room or no free port. */
function makeMapping(
  c: FunctionBuilder,
  flow: FlowId,
  spec: InputSpec & { kind: "pattern" },
  {
    state,
    clock,
    config,
  }: Pick<
    ElementContext<
      { readonly CAPACITY: number; readonly TCP_TIMEOUT: bigint; readonly UDP_TIMEOUT: bigint },
      unknown,
      ReturnType<typeof stateOf>
    >,
    "state" | "clock" | "config"
  >,
): I32 {
  const { pattern } = spec;
  const flows = state.flows;
  const source = pattern.source === null ? flow.source : c.i32(memoryWord(pattern.source));
  const destination = pattern.destination === null ? flow.destination : c.i32(memoryWord(pattern.destination));
  const swapPort = (n: number): number => ((n & 255) << 8) | (n >> 8);
  const destinationPort =
    pattern.destinationPort === null ? flow.ports.shrU(16) : c.i32(swapPort(pattern.destinationPort));
  const result = c.var("i32", 0, "mapping");
  const newPorts = c.var("i32", flow.ports.and(0xffff).or(destinationPort.shl(16)), "newPorts");
  const reverse = (): I32[] => [destination, source, newPorts.get().rotl(16), flow.protocol];
  c.block((done) => {
    if (pattern.sourcePorts === null) c.if(flows.find(reverse()), () => c.br(done));
    else {
      const [first, last] = pattern.sourcePorts;
      const count = last - first + 1;
      // Ports in turn, so that one is not used again soon; a port is free when its replies would be nobody's.
      const tries = c.var("i32", count, "tries");
      c.loop(() => {
        c.if(tries.get().eqz(), () => c.br(done));
        tries.inc(-1);
        const offset = state.nextPort.get();
        state.nextPort.set(c.select(offset.add(1).geU(count), c.i32(0), offset.add(1)));
        const port = c.select(offset.geU(count), c.i32(0), offset).add(first);
        newPorts.set(port.swap16().or(destinationPort.shl(16)));
        c.if(flows.find(reverse()).eqz(), () => c.break());
      });
    }
    c.if(
      flows
        .length()
        .add(2)
        .gtU(config.CAPACITY * 2),
      () => c.br(done),
    );
    const forwardEntry = flows.insert([flow.source, flow.destination, flow.ports, flow.protocol]);
    const replyEntry = flows.insert(reverse());
    const addresses = fold(delta32(flow.source, source).add(delta32(flow.destination, destination)));
    const transport = fold(addresses.add(delta32(flow.ports, newPorts.get())));
    const forward = flows.value(forwardEntry);
    forward.source.set(source);
    forward.destination.set(destination);
    forward.ports.set(newPorts.get());
    forward.ipDelta.set(addresses);
    forward.transportDelta.set(transport);
    forward.output.set(spec.forward);
    forward.owner.set(forwardEntry);
    forward.peer.set(replyEntry);
    forward.expires.set(clock.now().add(config.UDP_TIMEOUT));
    const back = fold(delta32(source, flow.source).add(delta32(destination, flow.destination)));
    const reply = flows.value(replyEntry);
    reply.source.set(flow.destination);
    reply.destination.set(flow.source);
    reply.ports.set(flow.ports.rotl(16));
    reply.ipDelta.set(back);
    reply.transportDelta.set(fold(back.add(delta32(newPorts.get().rotl(16), flow.ports.rotl(16)))));
    reply.output.set(spec.reply);
    reply.owner.set(forwardEntry);
    reply.peer.set(forwardEntry);
    result.set(forwardEntry);
  });
  return result.get();
}
