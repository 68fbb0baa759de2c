/**
 * HeavyHitters([keywords BY, COUNT, INTERVAL, THRESHOLD, TOP, WIDTH]) — finds those who send the most, in little memory.
 *
 * Expects marked IP headers. Counts packets, or with COUNT BYTES the bytes of packets from the IP header on, by source address, with BY DST by
 * destination, in each INTERVAL (1 s). Packets of an address that has more than THRESHOLD in this interval leave on output 1, if that is
 * connected; all others on output 0. Without a THRESHOLD all leave there.
 *
 * Counts are of a sketch of four rows of WIDTH (4096, a power of two) counters, whatever the number of addresses: a count is never too small, and
 * with 98 of 100 chances too large by no more than 2.8 / WIDTH of everything that was counted. Which counters an address has is
 * drawn when the router starts. The TOP (16) addresses with the largest counts are remembered by themselves.
 *
 * Handlers: top (read: the addresses of the last interval that is over, with their counts, the largest first), now (read: those of this one), total
 * (read: what was counted in the last interval), heavy (read: packets that left on output 1); threshold (read, write).
 *
 *   ... -> CheckIPHeader -> h :: HeavyHitters(THRESHOLD 10000) -> ...; h [1] -> Discard
 *
 * Cormode and Muthukrishnan, An Improved Data Stream Summary: The Count-Min Sketch and its Applications, Journal of Algorithms 55(1), 2005;
 * Estan and Varghese, New Directions in Traffic Measurement and Accounting, SIGCOMM 2002 (conservative update).
 */
import { arg, type ElementClass, element, formatIpAddress, keyword, live } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { array, bytes, struct, u32, u64 } from "@clickos/layout";

const second = 1_000_000_000n;
const rows = 4;
const mostTop = 256;
const widest = 1 << 20;
/** What a row's hash is multiplied with between its two rounds. */
const spread = 0x9e3779b1;

const placeLayout = struct({ address: u32, count: u32 }, { name: "place" });

interface Config {
  readonly TOP: number;
  readonly WIDTH: number;
}
const stateOf = ({ config }: { readonly config: Config }) => ({
  heavy: u64,
  total: u64,
  /** Of this interval. */
  counted: u64,
  ends: u64,
  multipliers: array(u32, rows),
  counts: bytes(rows * config.WIDTH * 4, 16),
  /** Of this interval and of the last one, in no order. */
  top: bytes(config.TOP * placeLayout.size, 4),
  last: bytes(config.TOP * placeLayout.size, 4),
  /** The smallest count of those that are remembered. */
  least: u32,
});

export const HeavyHitters: ElementClass = element({
  name: "HeavyHitters",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    BY: keyword(arg.choice("SRC", "DST"), "SRC"),
    COUNT: keyword(arg.choice("PACKETS", "BYTES"), "PACKETS"),
    INTERVAL: keyword(arg.time, second),
    THRESHOLD: keyword(live(arg.u32), 0),
    TOP: keyword(arg.u32, 16),
    WIDTH: keyword(arg.u32, 4096),
  },
  prepare({ config, error }) {
    const { TOP, WIDTH, INTERVAL } = config;
    if (TOP === 0 || TOP > mostTop) error(`TOP must be between 1 and ${mostTop}`);
    if (WIDTH < 2 || WIDTH > widest || (WIDTH & (WIDTH - 1)) !== 0)
      error(`WIDTH must be a power of two, up to ${widest}`);
    if (INTERVAL === 0n) error("INTERVAL must be longer than nothing");
    return undefined;
  },
  state: stateOf,
  handlers: {
    top: { kind: "table", read: (s) => linesOf(s.last) },
    now: { kind: "table", read: (s) => linesOf(s.top) },
    total: { gauge: "total", unit: "packets or bytes" },
    heavy: { counter: "heavy" },
  },
  init(_c, { state, random }) {
    for (let row = 0; row < rows; row++) state.multipliers.at(row).set(random().or(1));
  },
  action(c, packet, { state, config, clock, output }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { top, last, counts, counted, total, ends, least } = state;
    const { TOP, WIDTH, INTERVAL } = config;
    const now = clock.now();
    c.if(now.geU(ends.get()), () => {
      // After a pause the interval that is over had nothing.
      const isNext = now.sub(ends.get()).ltU(INTERVAL);
      c.if(
        isNext,
        () => {
          c.copy(last, top, TOP * placeLayout.size);
          total.set(counted.get());
        },
        () => {
          c.fill(last, 0, TOP * placeLayout.size);
          total.set(0n);
        },
      );
      c.fill(top, 0, TOP * placeLayout.size);
      c.fill(counts, 0, rows * WIDTH * 4);
      counted.set(0n);
      least.set(0);
      ends.set(now.sub(now.remU(INTERVAL)).add(INTERVAL));
    });
    const { ip } = packet;
    const key = (config.BY === "SRC" ? ip.source : ip.destination).get();
    const amount = config.COUNT === "PACKETS" ? c.i32(1) : packet.data.add(packet.length).sub(packet.network);
    counted.inc(amount.toI64());
    const places = Array.from({ length: rows }, (_, row) => {
      const hash = key.add(row).mul(state.multipliers.at(row).get());
      const mixed = hash
        .xor(hash.shrU(15))
        .mul(spread)
        .shrU(32 - Math.log2(WIDTH));
      return mixed.shl(2).add(counts.add(row * WIDTH * 4));
    });
    // Only those that are too small for the new count are raised.
    const smallest = places.map((place) => c.load32(place)).reduce((a, b) => c.select(a.ltU(b), a, b));
    const sum = smallest.add(amount);
    const count = c.select(sum.ltU(smallest), c.i32(0xffffffff), sum);
    for (const place of places) {
      const before = c.load32(place);
      c.store32(place, c.select(before.ltU(count), count, before));
    }
    c.if(count.gtU(least.get()), () => remember(c, { top, TOP, least }, key, count));
    const threshold = state.threshold.get();
    c.if(threshold.ne(0).and(count.gtU(threshold)), () => {
      state.heavy.inc();
      if (output(1).connected) output(1).push(packet);
      else output(0).push(packet);
    });
  },
});

/** Puts an address among those with the largest counts, for the one with the smallest where it is not there. */
function remember(
  c: FunctionBuilder,
  { top, TOP, least }: { readonly top: I32; readonly TOP: number; readonly least: { set(value: I32): void } },
  key: I32,
  count: I32,
): void {
  const place = c.var("i32", top, "place");
  const smallest = c.var("i32", -1, "smallest");
  c.block((done) => {
    c.for(top, top.add(TOP * placeLayout.size), placeLayout.size, (at) => {
      const each = staged(c, placeLayout, at);
      const own = each.count.get();
      c.if(each.address.get().eq(key).and(own.ne(0)), () => {
        place.set(at);
        c.br(done);
      });
      c.if(own.ltU(smallest.get()), () => {
        smallest.set(own);
        place.set(at);
      });
    });
  });
  const chosen = staged(c, placeLayout, place.get());
  chosen.address.set(key);
  chosen.count.set(count);
  smallest.set(-1);
  c.for(top, top.add(TOP * placeLayout.size), placeLayout.size, (at) => {
    const own = staged(c, placeLayout, at).count.get();
    c.if(own.ltU(smallest.get()), () => smallest.set(own));
  });
  least.set(smallest.get());
}

/** Addresses and their counts, the largest first. */
function linesOf(bytes: Uint8Array): string {
  const places = Array.from({ length: bytes.length / placeLayout.size }, (_, i) => {
    const { address, count } = placeLayout.view(bytes.buffer as ArrayBuffer, bytes.byteOffset + i * placeLayout.size);
    return { address, count };
  });
  return places
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.address - b.address)
    .map(({ address, count }) => `${formatIpAddress(address)}\t${count}\n`)
    .join("");
}
