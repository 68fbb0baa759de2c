/**
 * LwAFTR(ADDRESS, BINDING, ... [, keywords PSID_LENGTH, HOP_LIMIT]) — the provider's end of Lightweight 4over6: IPv4 in IPv6, for subscribers
 * that share addresses.
 *
 * A BINDING is `IPV4 PSID B4`: what is for the ports of IPV4 whose first PSID_LENGTH (0) bits are PSID goes to the subscriber's IPv6 address
 * B4; so 2 to the power of PSID_LENGTH subscribers share an address. ADDRESS is this end's IPv6 address.
 *
 * Input 0 takes IPv6 packets with their header marked. Those to ADDRESS that carry IPv4 lose their IPv6 header, if the IPv4 source and its port are
 * those of a binding whose B4 the packet comes from, and leave on output 0, with the IPv4 header marked and the destination annotation
 * set. Input 1 takes IPv4 packets with their header marked. Those for a binding get an IPv6 header from ADDRESS to its B4, with HOP_LIMIT (64), and leave
 * on output 1, with the IPv6 header marked. Whatever else comes leaves on output 2, if it is connected, and is dropped otherwise.
 *
 * Ports are those of TCP and UDP, or the identifier of an ICMP echo; of an ICMP error, those of the packet that it is about. A later fragment has
 * none: reassemble packets before (IPReassembler), as RFC 7596 asks for. With PSID_LENGTH 0 everything for an address is its subscriber's.
 *
 * Handlers: bindings (read): a line for each; add (write `IPV4 PSID B4`), remove (write `IPV4 PSID`); encapsulated, decapsulated (read).
 *
 *   ... -> CheckIP6Header -> [0] lw :: LwAFTR(2001:db8::1, 192.0.2.1 0 2001:db8:1::1, 192.0.2.1 1 2001:db8:2::1, PSID_LENGTH 6);
 *   ... -> CheckIPHeader -> [1] lw; lw [0] -> ...; lw [1] -> ...
 *
 * RFC 7596, Lightweight 4over6; RFC 7597 section 5.1 for port sets, here without an offset.
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  formatIpAddress,
  type HostHeap,
  hashTable,
  keyword,
  type Packet,
  readText,
  required,
  rest,
  type Scope,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { bytes, type HostFields, u64 } from "@clickos/layout";
import { type Span, span } from "@clickos/wire";
import { icmp, icmpEcho, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { udp } from "@clickos/wire/udp";
import { icmpErrorTypes } from "../emit/icmp-error.ts";
import { dataOf, transportOf } from "../lib/headers.ts";
import { ip6Of, isIp6, loadIp6 } from "../lib/ip6.ts";
import { formatIp6Address, ip6Address, ip6AddressSize } from "../lib/ip6-address.ts";

const portBits = 16;

interface Binding {
  readonly address: number;
  readonly psid: number;
  readonly b4: Uint8Array;
}

/** By IPv4 address and PSID, both numbers. */
const bindings = hashTable({ keyWords: 2, queues: 0, value: { b4: bytes(ip6AddressSize, 8) } });
const state = { bindings, configured: u64, encapsulated: u64, decapsulated: u64 };
type State = typeof state;
interface Config {
  readonly ADDRESS: Uint8Array;
  readonly PSID_LENGTH: number;
  readonly HOP_LIMIT: number;
}
interface Plan {
  readonly list: readonly Binding[];
}
type Context = ElementContext<Config, Plan, State>;

/** Reads a binding, or with `words` 2 what it is found by; a text is what is wrong. */
function readBinding(text: string, psidLength: number, scope: Scope, words = 3): Binding | string {
  const parts = splitWords(text);
  const [address, psid, b4 = new Uint8Array(ip6AddressSize)] = [
    readText(arg.ipAddress, parts[0] ?? "", scope),
    readText(arg.u32, parts[1] ?? "", scope),
    words === 3 ? readText(ip6Address, parts[2] ?? "", scope) : undefined,
  ];
  if (parts.length !== words || typeof address !== "number" || typeof psid !== "number" || !(b4 instanceof Uint8Array))
    return `expected 'IPV4 PSID${words === 3 ? " B4" : ""}'`;
  return psid < 2 ** psidLength ? { address, psid, b4 } : `PSID ${psid} has more than ${psidLength} bits`;
}

function bind({ bindings }: HostFields<State>, { address, psid, b4 }: Binding, heap: HostHeap): void {
  const entry = bindings.findOrAdd(heap, [address, psid]);
  if (!entry) throw "no memory for another binding";
  entry.value.b4.set(b4);
}

export const LwAFTR: ElementClass = element({
  name: "LwAFTR",
  ports: "2/2-3",
  processing: "h/h",
  config: {
    ADDRESS: required(ip6Address),
    PSID_LENGTH: keyword(arg.u32, 0),
    HOP_LIMIT: keyword(arg.u8, 64),
    BINDING: rest(arg.raw),
  },
  prepare({ config, scope, error }): Plan {
    const { PSID_LENGTH, BINDING } = config;
    if (PSID_LENGTH > portBits) error(`PSID_LENGTH is at most ${portBits}`);
    const known = new Set<string>();
    const list = BINDING.flatMap((text, i) => {
      const binding = readBinding(text, Math.min(PSID_LENGTH, portBits), scope);
      const problem =
        typeof binding === "string"
          ? binding
          : known.has(`${binding.address} ${binding.psid}`)
            ? `${formatIpAddress(binding.address)} ${binding.psid} is bound already`
            : undefined;
      if (typeof binding === "string" || problem !== undefined) {
        error(`BINDING ${i + 1}: ${problem}`, i + 1);
        return [];
      }
      known.add(`${binding.address} ${binding.psid}`);
      return [binding];
    });
    return { list };
  },
  state,
  // Bindings that handlers have made are gone where the configuration is another one.
  fill: { bindings() {} },
  handlers: {
    bindings: {
      kind: "table",
      read: (s) =>
        [...s.bindings.entries()]
          .map((entry) => {
            const [address, psid] = entry.key() as [number, number];
            return `${formatIpAddress(address >>> 0)} ${psid} ${formatIp6Address(entry.value.b4)}\n`;
          })
          .sort()
          .join(""),
    },
    encapsulated: { counter: "encapsulated", unit: "packets" },
    decapsulated: { counter: "decapsulated", unit: "packets" },
    add: {
      flags: "",
      write(s, text, { config, scope, heap }) {
        const binding = readBinding(text, config.PSID_LENGTH, scope);
        if (typeof binding === "string") throw binding;
        bind(s, binding, heap);
      },
    },
    remove: {
      flags: "",
      write(s, text, { config, scope, heap }) {
        const binding = readBinding(text, config.PSID_LENGTH, scope, 2);
        if (typeof binding === "string") throw binding;
        const entry = s.bindings.find([binding.address, binding.psid]);
        if (!entry) throw `no binding '${text.trim()}'`;
        s.bindings.remove(heap, entry);
      },
    },
  },
  init(c, { state, plan, data }) {
    // Where they lie in their table depends on the router's seed.
    const { list } = plan;
    const size = 8 + ip6AddressSize;
    const table = new Uint8Array(Math.max(1, list.length) * size);
    const view = new DataView(table.buffer);
    list.forEach(({ address, psid, b4 }, i) => {
      view.setUint32(i * size, address, true);
      view.setUint32(i * size + 4, psid, true);
      table.set(b4, i * size + 8);
    });
    const at = data(table, 8);
    c.for(0, list.length * size, size, (i) => {
      const entry = state.bindings.findOrAdd([c.load32(i, at), c.load32(i, at + 4)]);
      c.if(entry, () => {
        const { b4 } = state.bindings.value(entry);
        for (let half = 0; half < ip6AddressSize; half += 8) c.store64(b4, c.load64(i, at + 8 + half), half);
      });
    });
  },
  push(c, port, packet, context) {
    const lw = context as unknown as Context;
    if (port === 0) decapsulate(c, packet, lw);
    else encapsulate(c, packet, lw);
  },
});

/** The binding of an address and a port, or 0. */
function bindingOf(c: FunctionBuilder, address: I32, port: I32, { state, config }: Context): I32 {
  const { PSID_LENGTH } = config;
  const psid = PSID_LENGTH === 0 ? c.i32(0) : port.shrU(portBits - Math.min(PSID_LENGTH, portBits));
  return state.bindings.find([address, psid]);
}

/**
 * The subscriber's port in a packet that it has sent, or that is for it: -1 where there is none, which counts where subscribers share an address.
 */
function subscriberPort(
  c: FunctionBuilder,
  protocol: I32,
  fragment: I32,
  transport: Span,
  sent: boolean,
  { config }: Context,
): I32 {
  if (config.PSID_LENGTH === 0) return c.i32(0);
  const port = c.var("i32", -1, "port");
  c.if(fragment.eqz(), () => {
    const read = (protocol: I32, transport: Span, sent: boolean, deeper?: () => void): void => {
      const hasPorts = protocol.eq(ipProtocols.tcp).or(protocol.eq(ipProtocols.udp));
      c.if(hasPorts.and(transport.has(udp.size)), () => {
        // What both protocols have is read as UDP's.
        const { sourcePort, destinationPort } = transport.header(udp, "stated");
        port.set((sent ? sourcePort : destinationPort).get());
      });
      c.if(protocol.eq(ipProtocols.icmp).and(transport.has(icmp.size + icmpEcho.size)), () => {
        const message = transport.header(icmp, "stated");
        const type = message.type.get();
        c.if(type.eq(icmpTypes.echo).or(type.eq(icmpTypes["echo-reply"])), () =>
          port.set(message.payload().header(icmpEcho, "stated").identifier.get()),
        );
        deeper?.();
      });
    };
    read(protocol, transport, sent, () => {
      const type = transport.header(icmp, "stated").type.get();
      const isError = icmpErrorTypes.reduce((any, one) => any.or(type.eq(one)), c.i32(0));
      c.if(isError.and(transport.has(icmp.size + 4 + ipv4.size)), () => {
        // The packet that it is about went the other way.
        const inner = transport.advance(icmp.size + 4, "stated").header(ipv4, "stated");
        const left = transport.length.sub(icmp.size + 4);
        const headerBytes = inner.headerLength;
        c.if(headerBytes.geU(ipv4.size).and(headerBytes.leU(left)), () => {
          const carried = span(c, inner.address.add(headerBytes), left.sub(headerBytes));
          c.if(inner.fragmentOffset.get().eqz(), () => read(inner.protocol.get(), carried, !sent));
        });
      });
    });
  });
  return port.get();
}

function decapsulate(c: FunctionBuilder, packet: Packet, context: Context): void {
  const { state, config, output } = context;
  const other = (reason: string) => (): void => output(2).push(packet, reason);
  const outer = ip6Of(packet, other("no IPv6 header marked"));
  const isOurs = isIp6(c, loadIp6(c, outer.destination.address), config.ADDRESS);
  c.if(isOurs.and(outer.nextHeader.get().eq(ipProtocols.ipip)).eqz(), other("no IPv4 for this end of a tunnel"));
  const bad = other("malformed IPv4 in IPv6");
  const inner = outer.clip(bad).payload("stated").header(ipv4, bad);
  c.if(inner.wellFormed().eqz(), bad);
  const whole = inner.clip(bad);
  const transport = whole.payload(bad);
  const source = c.var("i32", inner.source.get(), "source").get();
  const port = subscriberPort(c, inner.protocol.get(), inner.fragmentOffset.get(), transport, true, context);
  c.if(port.eq(-1), other("no port by which to know the subscriber"));
  const binding = c.var("i32", bindingOf(c, source, port, context), "binding");
  c.if(binding.get().eqz(), other("bound to no subscriber"));
  const { b4 } = state.bindings.value(binding.get());
  const [from, known] = [loadIp6(c, outer.source.address), loadIp6(c, b4)];
  c.if(from.first.eq(known.first).and(from.second.eq(known.second)).eqz(), other("bound to another subscriber"));
  state.decapsulated.inc();
  const length = c.var("i32", inner.totalLength.get(), "length");
  const start = c.var("i32", inner.address, "start");
  packet.dstIp.set(inner.destination.get());
  const transportAt = c.var("i32", start.get().add(inner.headerLength), "transport");
  packet.pull(start.get().sub(packet.data));
  packet.setLength(length.get());
  packet.setNetworkHeader(packet.data, transportAt.get());
  output(0).push(packet);
}

function encapsulate(c: FunctionBuilder, packet: Packet, context: Context): void {
  const { state, config, packets, output } = context;
  const other = (reason: string) => (): void => output(2).push(packet, reason);
  c.if(packet.network.eqz(), other("no IP header marked"));
  const { ip } = packet;
  const transport = transportOf(packet);
  const port = subscriberPort(c, ip.protocol.get(), ip.fragmentOffset.get(), transport, false, context);
  c.if(port.eq(-1), other("no port by which to know the subscriber"));
  const binding = c.var("i32", bindingOf(c, ip.destination.get(), port, context), "binding");
  c.if(binding.get().eqz(), other("bound to no subscriber"));
  // What is before the IPv4 header is not sent.
  packet.pull(packet.network.sub(packet.data));
  state.encapsulated.inc();
  packets.room(packet, { head: ipv6.size }, (packet) => {
    const payloadLength = packet.length;
    packet.unpull(ipv6.size);
    const bytes = dataOf(packet).need(ipv6.size, "stated");
    const header = bytes.header(ipv6);
    const destination = { address: state.bindings.value(binding.get()).b4, size: ip6AddressSize };
    header.emit({ payloadLength, nextHeader: ipProtocols.ipip, hopLimit: config.HOP_LIMIT, source: config.ADDRESS });
    header.destination.set(destination as Parameters<typeof header.destination.set>[0]);
    packet.setNetworkHeader(header.address, header.address.add(ipv6.size));
    output(1).push(packet);
  });
}
