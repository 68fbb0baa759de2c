/**
 * IPGWOptions(MYADDR [, OTHERADDRS]) — processes the IP options that every router does: record route and timestamp.
 *
 * Expects marked IP headers. MYADDR is the router's address on the interface that packets leave by: the element writes it to
 * record routes, and to timestamps that come with addresses. Where a timestamp option names the routers that are to fill it in,
 * the element does so only for MYADDR and the addresses of OTHERADDRS, a list with spaces between them. It computes the
 * header's checksum again where it finds such an option. Other options, source routes included, stay as they are.
 *
 * A packet with malformed options leaves on output 1 if that is connected and is dropped otherwise. Its parameter problem
 * annotation says which byte of the header is wrong, for ICMPError.
 *
 * Handlers: drops (read).
 *
 *   ... -> o :: IPGWOptions(18.26.4.24) -> ...
 *   o [1] -> ICMPError(18.26.4.24, parameterproblem) -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  positional,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { u32 } from "@clickos/layout";
import { type Span, stored32 } from "@clickos/wire";
import {
  ipv4,
  ipv4OptionKinds,
  ipv4Options,
  ipv4SourceRoute,
  ipv4Timestamp,
  ipv4TimestampFlags,
} from "@clickos/wire/ipv4";
import { setHeaderChecksum } from "../lib/ip-header.ts";

const state = { drops: u32 };
interface Config {
  readonly MYADDR: number;
  readonly OTHERADDRS: readonly number[];
}

/** Bytes of an address, and of a time. */
const word = 4;
const mostOverflows = 15;

export const IPGWOptions: ElementClass = element({
  name: "IPGWOptions",
  ports: "1/1-2",
  processing: "a/ah",
  config: { MYADDR: required(arg.ipAddress), OTHERADDRS: positional(arg.listOf(arg.ipAddress), []) },
  state,
  handlers: { drops: { counter: "drops" } },
  action(c, packet, context) {
    const { state, output } = context;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    c.if(ip.headerLength.gtU(ipv4.size), () => {
      const { options } = ip.parts(() => packet.drop("bad IP header length"));
      const wrong = c.var("i32", 0, "wrong");
      const changed = c.var("i32", 0, "changed");
      c.block((done) => {
        const fail: Fail = (address) => {
          wrong.set(address.sub(ip.address));
          c.br(done);
        };
        const next = c.var("i32", options.address, "next");
        ipv4Options.each(
          options,
          ({ kind, span: option }) => {
            next.set(option.address.add(option.length));
            c.if(kind.eq(ipv4OptionKinds.recordRoute), () => {
              recordRoute(c, context.config, option, fail);
              changed.set(1);
            });
            c.if(kind.eq(ipv4OptionKinds.timestamp), () => {
              stampTime(c, context, option, fail);
              changed.set(1);
            });
          },
          // The length is what is wrong with an option that does not fit.
          () => fail(next.get().add(1)),
        );
      });
      c.if(wrong.get(), () => {
        state.drops.inc();
        packet.annotation8(annotation.icmpParameterProblem).set(wrong.get());
        output(1).push(packet, "malformed IP options");
      });
      c.if(changed.get(), () => setHeaderChecksum(c, ip));
    });
  },
});

/** Leaves because of a byte, whose address it gets. */
type Fail = (address: I32) => void;

const addressOf = (bytes: Span, at: number): I32 => bytes.address.add(at);

/** Puts the router's address where the option's pointer says, if there is room. */
function recordRoute(c: FunctionBuilder, { MYADDR }: Config, option: Span, fail: Fail): void {
  const { pointer, length } = option.header(ipv4SourceRoute, () => fail(addressOf(option, 1)));
  const at = pointer.get().sub(1);
  const size = length.get();
  c.if(
    at.geS(ipv4SourceRoute.size).and(at.add(word).leS(size)),
    () => {
      c.store32(option.address.add(at), stored32(MYADDR));
      pointer.set(pointer.get().add(word));
    },
    // A pointer just past the option's end says that it is full.
    () => c.if(at.ne(size), () => fail(addressOf(option, ipv4SourceRoute.fields.pointer.offset))),
  );
}

/** Puts the time where the option's pointer says, and the router's address before it where that is asked for. */
function stampTime(
  c: FunctionBuilder,
  { config, clock }: ElementContext<Config, unknown, typeof state>,
  option: Span,
  fail: Fail,
): void {
  const { pointer, length, overflow, flag } = option.header(ipv4Timestamp, () => fail(addressOf(option, 1)));
  const at = pointer.get().sub(1);
  const size = length.get();
  const time = sinceMidnight(clock.now());
  c.if(at.ltS(ipv4Timestamp.size), () => fail(addressOf(option, ipv4Timestamp.fields.pointer.offset)));
  const place = option.address.add(at);
  const which = flag.get();
  const failAtFlags = (): void => fail(addressOf(option, ipv4Timestamp.fields.flag.offset));
  const countOverflow = (): void => {
    c.if(overflow.get().eq(mostOverflows), failAtFlags);
    overflow.set(overflow.get().add(1));
  };
  const advance = (bytes: number): void => pointer.set(pointer.get().add(bytes));
  const hasTwo = at.add(2 * word).leS(size);
  c.if(
    which.eq(ipv4TimestampFlags.timesOnly),
    () =>
      c.if(
        at.add(word).leS(size),
        () => {
          c.store32(place, time);
          advance(word);
        },
        countOverflow,
      ),
    () =>
      c.if(
        which.eq(ipv4TimestampFlags.withAddresses),
        () =>
          c.if(
            hasTwo,
            () => {
              c.store32(place, stored32(config.MYADDR));
              c.store32(place, time, word);
              advance(2 * word);
            },
            countOverflow,
          ),
        () => {
          c.if(which.eq(ipv4TimestampFlags.prespecified).and(hasTwo).eqz(), failAtFlags);
          const named = c.load32(place);
          const mine = [config.MYADDR, ...config.OTHERADDRS].map((address) => named.eq(stored32(address)));
          c.if(
            mine.reduce((any, one) => any.or(one)),
            () => {
              c.store32(place, time, word);
              advance(2 * word);
            },
          );
        },
      ),
  );
}

const millisecond = 1_000_000n;
const day = 86_400_000n;

/** Milliseconds since midnight UT, as they stand in memory. */
function sinceMidnight(now: I64): I32 {
  return now.divU(millisecond).remU(day).toI32().swap32();
}
