/** Makes ICMP errors in staged code: RFC 792, and what RFC 1812 section 4.3.2 says of when none is due and of what is in them. */
import { type ElementContext, type Packet, packetType } from "@clickos/click-core/element";
import type { Func, FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import { type StagedHeader, span, stored32 } from "@clickos/wire";
import { sumFunction } from "@clickos/wire/checksum";
import { icmp, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4, ipv4OptionKinds, ipv4Options, ipv4SourceRoute } from "@clickos/wire/ipv4";
import { setHeaderChecksum } from "../lib/ip-header.ts";

/** Types of messages that are errors: none is sent about them. */
export const icmpErrorTypes: readonly number[] = [
  icmpTypes.unreachable,
  icmpTypes.sourcequench,
  icmpTypes.redirect,
  icmpTypes.timeexceeded,
  icmpTypes.parameterproblem,
];

export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** The address that it comes from. */
  readonly source: I32;
  readonly identification: I32;
  /** The word after the checksum: a pointer, a gateway, an MTU; 0 in most. */
  readonly word: I32Like;
  /** Bytes of the error at most, from its IP header on. */
  readonly mtu: I32;
  /** Addresses that no error is about, to or from. */
  readonly badAddresses: readonly number[];
  /** What the error is about, an offset in the header: where that is a source route, it is not used. */
  readonly pointer?: I32;
}

const ttl = 200;
const messageSize = icmp.size + 4;
/** Where the pointer of a source route is when nothing was passed. */
const firstPointer = ipv4SourceRoute.size + 1;

/**
 * Makes an error about a packet whose IP header is marked, with as much of it as fits. `some` gets the error, whose network
 * header and destination annotation are set; the packet stays in hand. Where no error is due, or no buffer is free, nothing is made.
 */
export function makeIcmpError(
  c: FunctionBuilder,
  packets: ElementContext<any, any, any>["packets"],
  about: Packet,
  error: IcmpError,
  some: (made: Packet) => void,
): void {
  c.block((none) => {
    const never = (): void => c.br(none);
    const ip = about.ip;
    const { options, payload } = ip.parts(never);
    // Of no error, to nobody in particular, from nobody in particular, of no later fragment.
    c.if(ip.protocol.get().eq(ipProtocols.icmp), () => {
      const type = payload.header(icmp, never).type.get();
      c.if(
        icmpErrorTypes.reduce((any, e) => any.or(type.eq(e)), c.i32(0)),
        never,
      );
    });
    const linkType = about.type.get();
    c.if(linkType.eq(packetType.broadcast).or(linkType.eq(packetType.multicast)), never);
    const [source, destination] = [ip.source.get(), ip.destination.get()];
    const notUnicast = (address: I32): I32 =>
      error.badAddresses.reduce((any, bad) => any.or(address.eq(bad)), address.eq(-1).or(address.shrU(28).eq(0xe)));
    const network = source.shrU(24);
    const invalid = network.eqz().or(network.eq(127)).or(source.shrU(28).eq(0xf));
    c.if(notUnicast(destination).or(notUnicast(source)).or(invalid).or(ip.fragmentOffset.get()), never);

    const route = c.var("i32", c.call(sourceRoute(c), options.address, options.length), "route");
    if (error.type === icmpTypes.redirect) c.if(route.get(), never);
    if (error.pointer) {
      const at = ip.address.add(error.pointer).sub(route.get());
      c.if(route.get(), () => c.if(at.ltU(routeAt(c, route.get()).length.get()), () => route.set(0)));
    }

    const from = route.get();
    // Addresses and, before the first, what each option has; a byte at the end makes it whole words.
    const routeBytes = c.select(from, routeAt(c, from).pointer.get(), c.i32(0));
    const headerLength = routeBytes.add(ipv4.size);
    const whole = headerLength.add(messageSize).add(about.data.add(about.length).sub(about.network));
    const length = c.select(whole.gtU(error.mtu), error.mtu, whole);
    // An MTU that has no room for the headers is none.
    c.if(length.ltU(headerLength.add(messageSize)), never);
    packets.make(length, (made) => {
      const header = span(c, made.data, ipv4.size).header(ipv4, "stated");
      header.emit({
        version: 4,
        ihl: headerLength.shrU(2),
        totalLength: length,
        identification: error.identification,
        ttl,
        protocol: ipProtocols.icmp,
        source: error.source,
        destination: source,
      });
      c.if(from, () => reverseRoute(c, from, made.data.add(ipv4.size)));
      const message = made.data.add(headerLength);
      const body: StagedHeader<typeof icmp.table> = span(c, message, messageSize).header(icmp, "stated");
      body.emit({ type: error.type, code: error.code });
      c.store32(message, typeof error.word === "number" ? stored32(error.word) : error.word.swap32(), icmp.size);
      c.copy(message.add(messageSize), about.network, length.sub(headerLength).sub(messageSize));
      const sum = c.call(sumFunction(c), message, length.sub(headerLength));
      body.checksum.stored.set(sum.xor(0xffff));
      made.setNetworkHeader(made.data, message);
      setHeaderChecksum(c, header);
      made.dstIp.set(source);
      some(made);
    });
  });
}

/** A staged function `(options, length)`: the address of a source route that was followed in part at least, or 0. */
function sourceRoute({ module }: FunctionBuilder): Func<"i32"> {
  const name = "source route";
  return module.once(name, () =>
    module.func(name, { options: "i32", length: "i32" }, "i32", (c, { options, length }) => {
      ipv4Options.each(span(c, options, length), ({ kind, span: option }) => {
        const isRoute = kind.eq(ipv4OptionKinds.looseSourceRoute).or(kind.eq(ipv4OptionKinds.strictSourceRoute));
        c.if(isRoute.and(option.has(ipv4SourceRoute.size)), () => {
          const pointer = option.header(ipv4SourceRoute, "stated").pointer.get();
          const sound = pointer
            .geU(4)
            .and(pointer.and(3).eqz())
            .and(pointer.leU(option.length.add(1)));
          c.if(sound, () => c.return(option.address));
        });
      });
      return 0;
    }),
  );
}

/** The source route at an address where one is. */
function routeAt(c: FunctionBuilder, address: I32): StagedHeader<typeof ipv4SourceRoute.table> {
  return span(c, address, ipv4SourceRoute.size).header(ipv4SourceRoute, "stated");
}

/** Writes the way back: the addresses that a source route has passed, the last first. */
function reverseRoute(c: FunctionBuilder, route: I32, to: I32): void {
  const { kind, pointer } = routeAt(c, route);
  const length = pointer.get().sub(1);
  routeAt(c, to).emit({ kind: kind.get(), length, pointer: firstPointer });
  c.store8(to.add(length), ipv4OptionKinds.end);
  c.for(ipv4SourceRoute.size, length, 4, (i) => {
    c.store32(to.add(i), c.load32(route.add(length).sub(i).sub(1)));
  });
}
