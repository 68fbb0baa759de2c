/**
 * SourceRateLimiter(RATE [, BURST] [, keywords PREFIX, CAPACITY]) — lets each source send so many packets a second.
 *
 * Expects marked IP headers. Of the packets of a source address RATE a second leave on output 0, and BURST (RATE / 10, at least 1) more at
 * once; the others leave on output 1, or are dropped where that is not connected. With PREFIX (32) a source is a network of that length.
 *
 * A source takes memory only until it could send a whole burst again, and a source that nobody has heard of for so long is one that is not
 * known: so a flood from addresses that are made up costs an entry for each only for 1 / RATE seconds. Where there are CAPACITY (262144)
 * sources at once, or there is no memory, packets of others leave on output 1, too.
 *
 * Handlers: rate, burst (read, write), sources (read: how many there are), over (read: packets that were too many), full (read: packets of
 * sources that there was no room for).
 *
 *   ... -> CheckIPHeader -> l :: SourceRateLimiter(1000, 200) -> ...; l [1] -> Discard
 */
import {
  arg,
  type ElementClass,
  element,
  hashTable,
  keyword,
  live,
  positional,
  prefixMask,
  required,
} from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";

const second = 1_000_000_000n;
/** Sources that are looked at for each packet, whether they are to be forgotten. */
const looksEach = 4;
const usualPart = 10;
const networkBits = 32;

export const SourceRateLimiter: ElementClass = element({
  name: "SourceRateLimiter",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    RATE: required(live(arg.u32, { unit: "packets/s" })),
    BURST: positional(live(arg.u32, { unit: "packets" }), 0),
    PREFIX: keyword(arg.u32, networkBits),
    CAPACITY: keyword(arg.u32, 1 << 18),
  },
  prepare({ config, error }) {
    if (config.RATE === 0) error("RATE must be at least 1", 0);
    if (config.PREFIX > networkBits) error("PREFIX must be between 0 and 32");
    return undefined;
  },
  state: {
    over: u64,
    full: u64,
    /** By source: when it has sent what it may, had it sent at its rate (the generic cell rate algorithm, ITU-T I.371 annex A). */
    sources: hashTable({ keyWords: 1, value: { until: u64 } }),
  },
  handlers: {
    sources: { gauge: "sources", unit: "sources" },
    over: { counter: "over" },
    full: { counter: "full" },
  },
  action(c, packet, { state, config, clock, output }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { sources } = state;
    const now = clock.now();
    // In passing, so that nothing is to be done while no packets come.
    c.if(sources.length(), () => {
      sources.expire(now, looksEach, (entry) => sources.remove(entry));
    });
    const tooMany = (count: { inc(): void }) => (): void => {
      count.inc();
      output(1).push(packet, "rate of the source");
    };
    const key = [packet.ip.source.get().and(prefixMask(config.PREFIX))];
    const rate = state.rate.get();
    const given = state.burst.get();
    const usual = rate.divU(usualPart).or(1);
    const burst = c.select(given, given, usual);
    const interval = c.i64(second).divU(c.select(rate, rate, c.i32(1)).toI64());
    const allowance = interval.mul(burst.sub(1).toI64());
    const full = sources.length().geU(config.CAPACITY);
    const found = c.var("i32", 0, "source");
    c.if(
      full,
      () => found.set(sources.find(key)),
      () => found.set(sources.findOrAdd(key)),
    );
    const entry = found.get();
    c.if(entry.eqz(), tooMany(state.full));
    const until = sources.value(entry).until.get();
    const from = c.select(until.gtU(now), until, now);
    c.if(from.sub(now).gtU(allowance), tooMany(state.over));
    const next = from.add(interval);
    sources.value(entry).until.set(next);
    sources.expiresAt(entry, next);
  },
});
