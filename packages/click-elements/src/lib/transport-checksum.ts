/** Checksums of TCP and UDP over IPv4 in staged code: RFC 9293 section 3.1, RFC 768. */
import type { StagedIp } from "@clickos/click-core/element";
import type { Func, FunctionBuilder, I32 } from "@clickos/codegen";
import { span } from "@clickos/wire";
import { foldSum, stagedPseudoHeaderSum, sumFunction } from "@clickos/wire/checksum";
import { ipv4, ipv4OptionKinds, ipv4Options, ipv4SourceRoute } from "@clickos/wire/ipv4";

/** What a checksum field gets, as it is stored: the field is 0, or the result is 0 where the checksum was right. */
export function transportChecksum(
  c: FunctionBuilder,
  addresses: { readonly source: I32; readonly destination: I32 },
  protocol: number | I32,
  segment: { readonly address: I32; readonly length: I32 },
): I32 {
  const { source, destination } = addresses;
  const sum = c.call(sumFunction(c), segment.address, segment.length);
  return foldSum(sum.add(stagedPseudoHeaderSum(source, destination, protocol, segment.length))).xor(0xffff);
}

/**
 * The addresses that a packet's transport checksum covers, as they are stored: of a packet with a source route, the destination is
 * the last address of the route (RFC 9293 section 3.1). The header's options must be there.
 */
export function coveredAddresses(
  c: FunctionBuilder,
  ip: StagedIp,
): { readonly source: I32; readonly destination: I32 } {
  const destination = c.var("i32", ip.destination.stored.get(), "destination");
  const { headerLength } = ip;
  c.if(headerLength.gtU(ipv4.size), () =>
    destination.set(
      c.call(routedTo(c), ip.address.add(ipv4.size), headerLength.sub(ipv4.size), ip.destination.stored.get()),
    ),
  );
  return { source: ip.source.stored.get(), destination: destination.get() };
}

/** Bytes of an address, which end a source route. */
const addressSize = 4;

/** A staged function `(options, length, destination)`: the last address of a source route, or the destination where there is none. */
function routedTo({ module }: FunctionBuilder): Func<"i32"> {
  const name = "routed to";
  return module.once(name, () =>
    module.func(
      name,
      { options: "i32", length: "i32", destination: "i32" },
      "i32",
      (c, { options, length, destination }) => {
        ipv4Options.each(span(c, options, length), ({ kind, span: option }) => {
          const isRoute = kind.eq(ipv4OptionKinds.looseSourceRoute).or(kind.eq(ipv4OptionKinds.strictSourceRoute));
          c.if(isRoute.and(option.has(ipv4SourceRoute.size + addressSize)), () =>
            c.return(c.load32(option.address.add(option.length).sub(addressSize))),
          );
        });
        return destination;
      },
    ),
  );
}
