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
import { stored16, stored32 } from "@clickos/wire";
import { doubleWordChange, foldSum, updatedChecksum } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";
import { Rewriter } from "./rewriter.ts";
import { type InputSpec, inputSpec } from "./rewriter-spec.ts";

const second = 1_000_000_000n;

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
  offers: (offer) => [
    offer(
      Rewriter,
      (c, { state: { flows }, clock, noutputs }) => ({
        noutputs,
        find({ source, destination, ports }, protocol) {
          const found = c.var("i32", flows.find([source, destination, ports, protocol]), "found");
          c.if(found.get(), () => {
            const owner = flows.value(found.get()).owner.get();
            c.if(clock.now().geU(flows.value(owner).expires.get()), () => found.set(0));
          });
          return found.get();
        },
        mapping(found) {
          const { source, destination, ports, output, owner } = flows.value(found);
          return {
            source: source.get(),
            destination: destination.get(),
            ports: ports.get(),
            output: output.get(),
            isReply: owner.get().ne(found),
          };
        },
      }),
      (_s, { noutputs }) => ({ noutputs }),
    ),
  ],
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
    const transport = transportOf(packet);
    const isTcp = protocol.eq(ipProtocols.tcp);
    const readable = transport.length.geS(c.select(isTcp, c.i32(tcp.size), c.i32(udp.size)));
    const rewritable = isTcp.or(protocol.eq(ipProtocols.udp)).and(ip.fragmentOffset.get().eqz()).and(readable);
    c.if(rewritable.eqz(), () => {
      if (spec.kind === "nochange") output(spec.output).push(packet);
      else packet.drop("not TCP or UDP");
    });

    // What both protocols have is read as UDP's.
    const datagram = transport.header(udp, "stated");
    const source = ip.source.stored.get();
    const destination = ip.destination.stored.get();
    const ports = datagram.ports.stored.get();
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
    const checksum = ip.checksum.stored;
    checksum.set(updatedChecksum(checksum.get(), flow.ipDelta.get()));
    ip.source.stored.set(flow.source.get());
    ip.destination.stored.set(flow.destination.get());
    datagram.ports.stored.set(flow.ports.get());
    const owner = state.flows.value(flow.owner.get());
    c.if(
      isTcp,
      () => {
        const segment = transport.header(tcp, "stated");
        const { stored } = segment.checksum;
        stored.set(updatedChecksum(stored.get(), flow.transportDelta.get()));
        c.if(segment.anySet("fin", "rst"), () => owner.done.set(1));
        owner.expires.set(
          now.add(c.select(owner.done.get(), c.i64(config.TCP_DONE_TIMEOUT), c.i64(config.TCP_TIMEOUT))),
        );
      },
      () => {
        const { stored } = datagram.checksum;
        const before = stored.get();
        // Zero says that the datagram carries no checksum (RFC 768); a computed zero is sent as all ones.
        c.if(before, () => {
          const after = updatedChecksum(before, flow.transportDelta.get()).and(0xffff);
          stored.set(c.select(after, after, c.i32(0xffff)));
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
  const source = pattern.source === null ? flow.source : c.i32(stored32(pattern.source));
  const destination = pattern.destination === null ? flow.destination : c.i32(stored32(pattern.destination));
  const destinationPort =
    pattern.destinationPort === null ? flow.ports.shrU(16) : c.i32(stored16(pattern.destinationPort));
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
    const addresses = foldSum(
      doubleWordChange(flow.source, source).add(doubleWordChange(flow.destination, destination)),
    );
    const transport = foldSum(addresses.add(doubleWordChange(flow.ports, newPorts.get())));
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
    const back = foldSum(doubleWordChange(source, flow.source).add(doubleWordChange(destination, flow.destination)));
    const reply = flows.value(replyEntry);
    reply.source.set(flow.destination);
    reply.destination.set(flow.source);
    reply.ports.set(flow.ports.rotl(16));
    reply.ipDelta.set(back);
    reply.transportDelta.set(foldSum(back.add(doubleWordChange(newPorts.get().rotl(16), flow.ports.rotl(16)))));
    reply.output.set(spec.reply);
    reply.owner.set(forwardEntry);
    reply.peer.set(forwardEntry);
    result.set(forwardEntry);
  });
  return result.get();
}
