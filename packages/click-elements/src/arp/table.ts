/**
 * A table of Ethernet addresses by IP address, and of the packets that wait for one: what ARPTable has, and ARPQuerier where
 * none is named. Entries are in order of age, as they were last confirmed; those with packets waiting in a queue of their own.
 *
 * An entry that is older than TIMEOUT counts as unknown, and goes when the timer comes, or when there is too much. Where there
 * are more than CAPACITY packets, those of the oldest entries are dropped, down to what CAPACITY_SLIM_FACTOR leaves.
 */
import {
  type ArgumentSpec,
  arg,
  type ElementContext,
  hashTable,
  keyword,
  type Packet,
  type PeerInterface,
  packetList,
  peerInterface,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { type U32Field, type U64Field, u32, u64 } from "@clickos/layout";

const second = 1_000_000_000n;
/** Times are told apart by these, as in Click, where they are counted from one to the next. */
const tick = second / 1000n;
/** The tick that a time is in. */
export const tickOf = (time: bigint): bigint => time - (time % tick);
/** Times from here on, in seconds, are none: Click's clock does not reach that far. */
const forever = 4_294_967n;
/** A host is asked for so often, and after ten times without an answer less often. */
const often = second / 10n;
const seldom = 2n * second;
/** Entries that are looked at in one turn, in search of those to forget. */
const forgottenAtOnce = 1024;
/** The queues of entries that have no packets waiting, and of those that have. */
const [idle, waited] = [0, 1];

/** `ether` is the address as it stands in memory; `order` counts confirmations. */
const entryValue: {
  ether: U64Field;
  polled: U64Field;
  polls: U32Field;
  known: U32Field;
  order: U32Field;
  waiting: typeof packetList;
} = { ether: u64, polled: u64, polls: u32, known: u32, order: u32, waiting: packetList };

/** `killed` counts packets that did not wait to the end. */
export const arpTableState: {
  entries: ReturnType<typeof hashTable<typeof entryValue>>;
  order: U32Field;
  held: U32Field;
  killed: U32Field;
} = {
  entries: hashTable({ keyWords: 1, queues: 2, value: entryValue }),
  order: u32,
  held: u32,
  killed: u32,
};

export const arpTableArguments: {
  readonly CAPACITY: ArgumentSpec<number>;
  readonly ENTRY_CAPACITY: ArgumentSpec<number>;
  readonly ENTRY_PACKET_CAPACITY: ArgumentSpec<number>;
  readonly CAPACITY_SLIM_FACTOR: ArgumentSpec<number>;
  readonly TIMEOUT: ArgumentSpec<bigint>;
} = {
  CAPACITY: keyword(arg.u32, 2048),
  ENTRY_CAPACITY: keyword(arg.u32, 0),
  ENTRY_PACKET_CAPACITY: keyword(arg.u32, 0),
  CAPACITY_SLIM_FACTOR: keyword(arg.u32, 2),
  TIMEOUT: keyword(arg.time, 300n * second),
};

export interface ArpTableConfig {
  readonly CAPACITY: number;
  readonly ENTRY_CAPACITY: number;
  readonly ENTRY_PACKET_CAPACITY: number;
  readonly CAPACITY_SLIM_FACTOR: number;
  readonly TIMEOUT: bigint;
}

/** A time that an argument says; 0 where it is longer than any. */
export const boundedTime = (time: bigint): bigint => (time / second >= forever ? 0n : time);

type Context = ElementContext<ArpTableConfig, unknown, typeof arpTableState>;

/** What a table does in staged code. Keys are IP addresses as they stand in memory. */
export interface StagedArpTable {
  /** The entry of an address that is known, or 0. */
  find(key: I32, now: I64): I32;
  ether(entry: I32): I64;
  /** Whether a known entry is to be asked for again, being older than that; it counts as asked for then. */
  poll(entry: I32, now: I64, age: bigint): I32;
  /** Keeps a packet until the address is known; `ask` where a query is to be sent. */
  append(key: I32, now: I64, packet: Packet, ask: () => void): void;
  /** Remembers an address; `free` gets the packets that waited for it. */
  insert(key: I32, ether: I64, now: I64, free: (packet: Packet) => void): void;
  expire(): void;
  /** Sets the timer for the first time. */
  start(): void;
}

export function stagedArpTable(c: FunctionBuilder, { state, config, clock, packets, timer }: Context): StagedArpTable {
  const { entries } = state;
  const timeout = boundedTime(config.TIMEOUT);
  /** What is so old is too old: older than the timeout by a tick. */
  const tooOld = timeout + tick;
  const inTicks = (now: I64): I64 => now.sub(now.remU(tick));
  const capacity = config.CAPACITY;
  const slim = Math.max(1, capacity - Math.floor(capacity / config.CAPACITY_SLIM_FACTOR));

  const dropFirst = (entry: I32): void => {
    const first = entries.value(entry).waiting.shiftOrZero();
    c.if(first, () => {
      state.held.inc(-1);
      state.killed.inc();
      packets.take(first, (packet) => packet.drop("no answer to ARP"));
    });
  };
  const forget = (entry: I32): void => {
    c.while(
      () => entries.value(entry).waiting.length(),
      () => dropFirst(entry),
    );
    entries.remove(entry);
  };
  const forgetOldest = (): void => {
    const oldest = c.var("i32", entries.first(idle), "oldest");
    const other = entries.first(waited);
    c.if(other, () => {
      c.if(
        oldest.get().eqz(),
        () => oldest.set(other),
        () => c.if(entries.expires(other).ltU(entries.expires(oldest.get())), () => oldest.set(other)),
      );
    });
    forget(oldest.get());
  };
  /** Forgets entries that are too old; nonzero where there may be more. */
  const forgetOld = (now: I64): I32 => {
    const more = c.var("i32", 0, "more");
    if (timeout > 0n)
      c.if(now.gtU(tooOld), () => {
        const last = now.sub(tooOld);
        for (const queue of [idle, waited])
          more.set(more.get().or(entries.expire(last, forgottenAtOnce, forget, queue)));
      });
    return more.get();
  };
  /** The entry of an address, made where there is none; 0 where there is no memory. */
  const ensure = (key: I32, now: I64): I32 => {
    const entry = c.var("i32", entries.find([key]), "entry");
    c.if(entry.get().eqz(), () => {
      const limit = config.ENTRY_CAPACITY;
      if (limit > 0)
        c.if(entries.length().geU(limit), () => {
          forgetOld(now);
          c.while(
            () => entries.length().geU(limit),
            () => forgetOldest(),
          );
        });
      entry.set(
        entries.findOrAdd([key], (added) => {
          entries.value(added).order.set(state.order.get());
          state.order.inc();
          entries.expiresAt(added, inTicks(now), idle);
        }),
      );
    });
    return entry.get();
  };
  const mayAsk = (entry: I32, now: I64): I32 => {
    const { polled, polls } = entries.value(entry);
    const pause = c.select(polls.get().geU(10), c.i64(seldom), c.i64(often));
    return polls
      .get()
      .eqz()
      .or(now.geU(polled.get().add(pause)));
  };
  const asked = (entry: I32, now: I64): void => {
    const { polled, polls } = entries.value(entry);
    polled.set(inTicks(now));
    polls.set(c.select(polls.get().ltU(255), polls.get().add(1), polls.get()));
  };

  return {
    find(key, now) {
      const entry = c.var("i32", entries.find([key]), "known");
      c.if(entry.get(), () => {
        const known = entries.value(entry.get()).known.get();
        const young = timeout > 0n ? known.and(now.ltU(entries.expires(entry.get()).add(tooOld))) : known;
        c.if(young.eqz(), () => entry.set(0));
      });
      return entry.get();
    },
    ether: (entry) => entries.value(entry).ether.get(),
    poll(entry, now, age) {
      const due = c.var("i32", 0, "due");
      if (age > 0n)
        c.if(now.geU(entries.expires(entry).add(age)), () => {
          due.set(mayAsk(entry, now));
          c.if(due.get(), () => asked(entry, now));
        });
      return due.get();
    },
    append(key, now, packet, ask) {
      const entry = ensure(key, now);
      const full = (reason: string): void => {
        state.killed.inc();
        packet.drop(reason);
      };
      c.if(entry.eqz(), () => full("ARP table full"));
      const { waiting } = entries.value(entry);
      if (timeout > 0n)
        c.if(now.geU(entries.expires(entry).add(tooOld)), () => {
          // It is still wanted: it stays just this side of expiring.
          entries.expiresAt(entry, inTicks(now).sub(timeout), waited);
        });
      if (config.ENTRY_PACKET_CAPACITY > 0)
        c.if(waiting.length().geU(config.ENTRY_PACKET_CAPACITY), () => full("too many packets wait for one address"));
      state.held.inc();
      if (capacity > 0)
        c.if(state.held.get().gtU(capacity), () => {
          forgetOld(now);
          c.while(
            () => state.held.get().gtU(slim),
            () => {
              const oldest = entries.first(waited);
              c.if(oldest.eqz(), () => c.break());
              dropFirst(oldest);
              c.if(entries.value(oldest).waiting.length().eqz(), () =>
                entries.expiresAt(oldest, entries.expires(oldest), idle),
              );
            },
          );
        });
      c.if(mayAsk(entry, now), () => {
        asked(entry, now);
        ask();
      });
      c.if(waiting.length().eqz(), () => entries.expiresAt(entry, entries.expires(entry), waited));
      waiting.append(packet);
    },
    insert(key, ether, now, free) {
      const entry = ensure(key, now);
      c.if(entry, () => {
        const value = entries.value(entry);
        value.ether.set(ether);
        value.known.set(1);
        value.polls.set(0);
        value.polled.set(0n);
        value.order.set(state.order.get());
        state.order.inc();
        entries.expiresAt(entry, inTicks(now), idle);
        c.loop(() => {
          const first = value.waiting.shiftOrZero();
          c.if(first.eqz(), () => c.break());
          state.held.inc(-1);
          packets.take(first, free);
        });
      });
    },
    expire() {
      const more = forgetOld(clock.now());
      if (timeout > 0n) timer.after(c.select(more, c.i64(second / 1000n), c.i64((timeout / second + 1n) * second)));
    },
    start() {
      if (timeout > 0n) timer.after((timeout / second) * second || 1n);
    },
  };
}

/** What a table does on the host. */
export interface HostArpTable {
  readonly count: number;
  readonly held: number;
  readonly killed: number;
  table(): string;
  /** Throws a text that says why not. */
  insert(text: string): void;
  delete(text: string): void;
  clear(): void;
}

export const ArpTable: PeerInterface<StagedArpTable, HostArpTable> = peerInterface("ARPTable");
