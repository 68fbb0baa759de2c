/** The options that every router processes, record route and timestamp, in staged code: RFC 791 section 3.1, RFC 1812 section 4.2.2.2. */
import type { ElementContext } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { type Span, stored32 } from "@clickos/wire";
import { ipv4OptionKinds, ipv4Options, ipv4SourceRoute, ipv4Timestamp, ipv4TimestampFlags } from "@clickos/wire/ipv4";

/** The router's address on the interface that packets leave by, and its others. */
export interface RouterAddresses {
  readonly mine: number;
  readonly others: readonly number[];
}

/** Bytes of an address, and of a time. */
const word = 4;
const mostOverflows = 15;

/** What became of a header's options. */
export interface ProcessedOptions {
  /** Where a byte is wrong, an offset in the header; 0 where none is. */
  readonly wrong: I32;
  /** Whether there are options to be processed, and whether one of them was changed. */
  readonly seen: I32;
  readonly changed: I32;
}

/** Processes the options of a header, up to the first byte that is wrong. The checksum is left as it is. */
export function processOptions(
  c: FunctionBuilder,
  { clock }: Pick<ElementContext<any, any, any>, "clock">,
  addresses: RouterAddresses,
  header: I32,
  options: Span,
): ProcessedOptions {
  const wrong = c.var("i32", 0, "wrong");
  const seen = c.var("i32", 0, "seen");
  const changed = c.var("i32", 0, "changed");
  c.block((done) => {
    const fail: Fail = (address) => {
      wrong.set(address.sub(header));
      c.br(done);
    };
    const next = c.var("i32", options.address, "next");
    const change = (): void => changed.set(1);
    ipv4Options.each(
      options,
      ({ kind, span: option }) => {
        next.set(option.address.add(option.length));
        c.if(kind.eq(ipv4OptionKinds.recordRoute), () => {
          seen.set(1);
          recordRoute(c, addresses, option, { fail, change });
        });
        c.if(kind.eq(ipv4OptionKinds.timestamp), () => {
          seen.set(1);
          stampTime(c, clock.now(), addresses, option, { fail, change });
        });
      },
      // The length is what is wrong with an option that does not fit.
      () => fail(next.get().add(1)),
    );
  });
  return { wrong: wrong.get(), seen: seen.get(), changed: changed.get() };
}

/** Leaves because of a byte, whose address it gets. */
type Fail = (address: I32) => void;
interface Outcome {
  readonly fail: Fail;
  /** Notes that the option is changed. */
  change(): void;
}

const addressOf = (bytes: Span, at: number): I32 => bytes.address.add(at);

/** Puts the router's address where the option's pointer says, if there is room. */
function recordRoute(c: FunctionBuilder, { mine }: RouterAddresses, option: Span, { fail, change }: Outcome): void {
  const { pointer, length } = option.header(ipv4SourceRoute, () => fail(addressOf(option, 1)));
  const at = pointer.get().sub(1);
  const size = length.get();
  c.if(
    at.geS(ipv4SourceRoute.size).and(at.add(word).leS(size)),
    () => {
      c.store32(option.address.add(at), stored32(mine));
      pointer.set(pointer.get().add(word));
      change();
    },
    // A pointer just past the option's end says that it is full.
    () => c.if(at.ne(size), () => fail(addressOf(option, ipv4SourceRoute.fields.pointer.offset))),
  );
}

/** Puts the time where the option's pointer says, and the router's address before it where that is asked for. */
function stampTime(
  c: FunctionBuilder,
  now: I64,
  { mine, others }: RouterAddresses,
  option: Span,
  { fail, change }: Outcome,
): void {
  const { pointer, length, overflow, flag } = option.header(ipv4Timestamp, () => fail(addressOf(option, 1)));
  const at = pointer.get().sub(1);
  const size = length.get();
  const time = sinceMidnight(now);
  c.if(at.ltS(ipv4Timestamp.size), () => fail(addressOf(option, ipv4Timestamp.fields.pointer.offset)));
  const place = option.address.add(at);
  const which = flag.get();
  const failAtFlags = (): void => fail(addressOf(option, ipv4Timestamp.fields.flag.offset));
  const countOverflow = (): void => {
    c.if(overflow.get().eq(mostOverflows), failAtFlags);
    overflow.set(overflow.get().add(1));
    change();
  };
  const advance = (bytes: number): void => {
    pointer.set(pointer.get().add(bytes));
    change();
  };
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
              c.store32(place, stored32(mine));
              c.store32(place, time, word);
              advance(2 * word);
            },
            countOverflow,
          ),
        () => {
          c.if(which.eq(ipv4TimestampFlags.prespecified).and(hasTwo).eqz(), failAtFlags);
          const named = c.load32(place);
          const any = others.reduce((any, other) => any.or(named.eq(stored32(other))), named.eq(stored32(mine)));
          c.if(any, () => {
            c.store32(place, time, word);
            advance(2 * word);
          });
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
