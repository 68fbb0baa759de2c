/**
 * AddressTranslator(COUNT [, PORTS, PAIR...], DYNAMIC [, DYNAMIC_PORTS, DIRECTION, ADDRESS...]) — translates the addresses, and ports, of IPv6 packets.
 *
 * Packets of hosts inside come in on input 0 and leave on output 0 with another source; packets for them come in on input 1 and leave on
 * output 1 with another destination. All begin with their IPv6 header. COUNT is the number of fixed pairs: where it is not 0, PORTS says whether
 * they have ports, and so many PAIRs follow, `INNER MAPPED` or `INNER PORT MAPPED PORT`. DYNAMIC says whether flows without a pair
 * get a mapping: where DYNAMIC_PORTS is false, one of the ADDRESSes that follow, each of which is for one host, for good; where it is true, a port of the one that follows,
 * `ADDRESS FIRST LAST`. They take it when a packet goes outwards, or, where DIRECTION is true, when one comes. Fixed pairs are for a DIRECTION of false, and
 * rule out ports.
 *
 * Checksums of TCP, UDP and ICMPv6 are computed anew. Messages of ICMPv6 are translated by their addresses alone. What has no mapping, or ends before
 * its headers say, is dropped; a packet of another protocol leaves a message besides. Packets that leave have no annotations. Pulled packets are not changed.
 *
 *   a :: AddressTranslator(0, true, true, false, 3ffe::9 1024 65535); ... -> a -> ...; ... -> [1] a [1] -> ...
 */
import {
  anew,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  type Packet,
  rest,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type I64, type StagedFields, staged, type Var } from "@clickos/codegen";
import { array, type Fields, struct, u32, u64 } from "@clickos/layout";
import { icmpv6, icmpv6Types } from "@clickos/wire/icmpv6";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { dataOf } from "../lib/headers.ts";
import { ip6Checksum, loadIp6, type StagedIp6Address, storeIp6 } from "../lib/ip6.ts";
import { readTranslation, type Translation } from "./translator-arguments.ts";

/** An address and a port, in the order of bytes in which addresses are stored. */
const place = { first: u64, second: u64, port: u32 };
const flows = () => hashTable({ keyWords: 9, queues: 0, value: place });
const binding = struct({ first: u64, second: u64 }, { name: "addressBinding" });

const stateOf = ({ addresses }: Translation) => ({
  /** How many of the addresses are taken, and who has them. */
  taken: anew(u32),
  hosts: array(binding, Math.max(addresses.length, 1)),
  outward: flows(),
  inward: flows(),
  nextPort: u32,
});
type State = ReturnType<typeof stateOf> & Fields;
type Context = ElementContext<unknown, Translation, State>;

/** What is looked for, and what becomes of it. */
interface Lookup {
  readonly own: StagedIp6Address;
  readonly ownPort: I32;
  readonly other: StagedIp6Address;
  readonly otherPort: I32;
  readonly hasPorts: I32;
}
interface Found {
  readonly is: Var<"i32">;
  readonly first: Var<"i64">;
  readonly second: Var<"i64">;
  readonly port: Var<"i32">;
}

const same = (a: StagedIp6Address, b: StagedIp6Address): I32 => a.first.eq(b.first).and(a.second.eq(b.second));

function find(found: Found, { first, second }: StagedIp6Address, port: I32): void {
  found.is.set(1);
  found.first.set(first);
  found.second.set(second);
  found.port.set(port);
}

/** Fixed pairs, of packets in a direction. */
function findPair(c: FunctionBuilder, { plan, data }: Context, outward: boolean, wanted: Lookup, found: Found): void {
  const record = struct({ from: binding, to: binding, fromPort: u32, toPort: u32 }, { name: "addressPair" });
  const bytes = new Uint8Array(plan.pairs.length * record.size);
  plan.pairs.forEach(({ inner, innerPort, mapped, mappedPort }, i) => {
    const view = new DataView(bytes.buffer, i * record.size);
    const [from, to] = outward ? [inner, mapped] : [mapped, inner];
    bytes.set(from, i * record.size + record.offsets.from);
    bytes.set(to, i * record.size + record.offsets.to);
    view.setUint32(record.offsets.fromPort, outward ? innerPort : mappedPort, true);
    view.setUint32(record.offsets.toPort, outward ? mappedPort : innerPort, true);
  });
  const start = data(bytes, 8);
  c.for(0, plan.pairs.length, 1, (i) => {
    const at = i.mul(record.size).add(start);
    const pair = staged(c, record, at);
    const isSame = same(loadIp6(c, at.add(record.offsets.from)), wanted.own);
    const is = plan.pairsHavePorts ? isSame.and(pair.fromPort.get().eq(wanted.ownPort)) : isSame;
    c.if(is, () => {
      const port = plan.pairsHavePorts ? pair.toPort.get() : wanted.ownPort;
      find(found, loadIp6(c, at.add(record.offsets.to)), port);
      c.break();
    });
  });
}

/** Addresses that hosts take, the first free one each, for good. */
function findAddress(
  c: FunctionBuilder,
  { plan, state, data }: Context,
  takes: boolean,
  { own, ownPort }: Lookup,
  found: Found,
): void {
  const bytes = Uint8Array.from(plan.addresses.flatMap((address) => [...address]));
  const pool = data(bytes, 8);
  const addressAt = (i: I32): StagedIp6Address => loadIp6(c, i.mul(binding.size).add(pool));
  const hostAt = (i: I32): StagedIp6Address => {
    const { first, second } = state.hosts.at(i);
    return { first: first.get(), second: second.get() };
  };
  c.for(0, state.taken.get(), 1, (i) => {
    const [known, others] = takes ? [hostAt(i), addressAt] : [addressAt(i), hostAt];
    c.if(same(known, own), () => {
      find(found, others(i), ownPort);
      c.break();
    });
  });
  if (!takes) return;
  c.if(found.is.get().eqz().and(state.taken.get().ltU(plan.addresses.length)), () => {
    const i = state.taken.get();
    const host = state.hosts.at(i);
    host.first.set(own.first);
    host.second.set(own.second);
    state.taken.inc();
    find(found, addressAt(i), ownPort);
  });
}

/** The words of a flow: one of two hosts has the address and the port that are looked for. */
function flowKey(own: StagedIp6Address, other: StagedIp6Address, ownPort: I32, otherPort: I32): I32[] {
  const halves = [own.first, own.second, other.first, other.second];
  return [...halves.flatMap((half: I64) => [half.toI32(), half.shrU(32n).toI32()]), ownPort.shl(16).or(otherPort)];
}

function put(at: StagedFields<typeof place>, { first, second }: StagedIp6Address, port: I32): void {
  at.first.set(first);
  at.second.set(second);
  at.port.set(port);
}

/** Ports of one address, in turn. */
function findPort(c: FunctionBuilder, context: Context, outward: boolean, wanted: Lookup, found: Found): void {
  const { plan, state, line, data } = context;
  const { ports, direction } = plan;
  if (!ports) return;
  const [table, back] = outward ? [state.outward, state.inward] : [state.inward, state.outward];
  const key = flowKey(wanted.own, wanted.other, wanted.ownPort, wanted.otherPort);
  const entry = c.var("i32", table.find(key), "entry");
  if (outward === (direction === 0))
    c.if(entry.get().eqz(), () => {
      const port = c.var("i32", 0, "port");
      c.if(wanted.hasPorts, () => {
        port.set(state.nextPort.get());
        c.if(
          port
            .get()
            .eqz()
            .or(port.get().gtU(Math.max(ports.last, ports.first))),
          () => {
            line().text("AddressTranslator ran out of ports").end();
            port.set(0);
          },
        );
      });
      c.if(port.get().or(wanted.hasPorts.eqz()), () => {
        const mapped = loadIp6(c, c.i32(data(ports.address, 8)));
        entry.set(table.findOrAdd(key));
        c.if(entry.get(), () => {
          put(table.value(entry.get()), mapped, port.get());
          const returning = c.var(
            "i32",
            back.findOrAdd(flowKey(mapped, wanted.other, port.get(), wanted.otherPort)),
            "back",
          );
          c.if(returning.get(), () => put(back.value(returning.get()), wanted.own, wanted.ownPort));
          if (ports.first !== ports.last) c.if(wanted.hasPorts, () => state.nextPort.inc());
        });
      });
    });
  c.if(entry.get(), () => {
    const { first, second, port } = table.value(entry.get());
    find(found, { first: first.get(), second: second.get() }, port.get());
  });
}

export const AddressTranslator: ElementClass = element({
  name: "AddressTranslator",
  ports: "2/2",
  processing: "a/a",
  config: { ARGUMENTS: rest(arg.raw) },
  prepare: (context): Translation => readTranslation(context.arguments, context.scope, context),
  state: ({ plan }) => stateOf(plan),
  initial: ({ plan }) => ({ nextPort: plan.ports?.first ?? 0 }),
  push(c, port, packet, context) {
    translate(c, port === 0, packet, context);
  },
  pull(_c, port, { input, output }) {
    input(port).pull((packet) => output(port).push(packet));
  },
});

/** Types of messages whose checksum Click computes. */
const { unreachable, packetTooBig, timeExceeded, parameterProblem, echo, echoReply } = icmpv6Types;
const messages = [unreachable, packetTooBig, timeExceeded, parameterProblem, echo, echoReply];

function translate(c: FunctionBuilder, outward: boolean, packet: Packet, context: Context): void {
  const { plan, packets, output, line } = context;
  const ip = dataOf(packet).header(ipv6, () => packet.drop("too short"));
  const length = ip.payloadLength.get();
  c.if(length.add(ipv6.size).gtU(packet.length), () => packet.drop("bad IP length"));
  const protocol = ip.nextHeader.get();
  const isIcmp = protocol.eq(ipProtocols["ipv6-icmp"]);
  const isTcp = protocol.eq(ipProtocols.tcp);
  c.if(isIcmp.or(isTcp).or(protocol.eq(ipProtocols.udp)).eqz(), () => {
    line().text(" discard the packet, protocol unrecognized").end();
    packet.kill();
  });
  const least = c.select(isTcp, c.i32(tcp.size), c.select(isIcmp, c.i32(icmpv6.size), c.i32(udp.size)));
  c.if(length.ltU(least), () => packet.drop("too short"));

  const ports = { own: c.var("i32", 0, "ownPort"), other: c.var("i32", 0, "otherPort") };
  const payload = dataOf(packet).need(ipv6.size, "stated").advance(ipv6.size);
  c.if(isIcmp.eqz(), () => {
    // Both protocols begin with their ports.
    const { sourcePort, destinationPort } = payload.header(udp, "stated");
    ports.own.set(outward ? sourcePort.get() : destinationPort.get());
    ports.other.set(outward ? destinationPort.get() : sourcePort.get());
  });
  const [own, other] = outward ? [ip.source, ip.destination] : [ip.destination, ip.source];
  const wanted: Lookup = {
    own: loadIp6(c, own.address),
    ownPort: ports.own.get(),
    other: loadIp6(c, other.address),
    otherPort: ports.other.get(),
    hasPorts: isIcmp.eqz(),
  };
  const found: Found = {
    is: c.var("i32", 0, "found"),
    first: c.var("i64", 0n, "first"),
    second: c.var("i64", 0n, "second"),
    port: c.var("i32", 0, "port"),
  };
  if (plan.ports) findPort(c, context, outward, wanted, found);
  else {
    if (plan.pairs.length > 0 && plan.direction === 0) findPair(c, context, outward, wanted, found);
    if (plan.addresses.length > 0)
      c.if(found.is.get().eqz(), () => findAddress(c, context, outward === (plan.direction === 0), wanted, found));
  }
  c.if(found.is.get().eqz(), () => packet.drop("no mapping"));
  packets.make(
    packet.length,
    (made) => {
      c.copy(made.data, packet.data, packet.length);
      const bytes = dataOf(made).need(ipv6.size, "stated");
      const header = bytes.header(ipv6);
      const changed = outward ? header.source : header.destination;
      storeIp6(c, changed.address, { first: found.first.get(), second: found.second.get() });
      const rest = bytes.advance(ipv6.size);
      const sum = (kind: number): I32 => ip6Checksum(c, header, kind, rest.address, length);
      for (const [kind, format] of [
        [ipProtocols.tcp, tcp],
        [ipProtocols.udp, udp],
      ] as const)
        c.if(protocol.eq(kind), () => {
          const { sourcePort, destinationPort, checksum } = rest.header<typeof udp.table | typeof tcp.table>(
            format,
            "stated",
          );
          (outward ? sourcePort : destinationPort).set(found.port.get());
          checksum.set(0);
          checksum.stored.set(sum(kind));
        });
      c.if(isIcmp, () => {
        const { type, checksum } = rest.header(icmpv6, "stated");
        c.if(
          messages.reduce((any, known) => any.or(type.get().eq(known)), c.i32(0)),
          () => {
            checksum.set(0);
            checksum.stored.set(sum(ipProtocols["ipv6-icmp"]));
          },
        );
      });
      packet.kill();
      output(outward ? 0 : 1).push(made);
    },
    () => packet.kill(),
  );
}
