/** What a PPPoE server keeps: subscribers, whom it knows by name, and the sessions that they have. */
import {
  type ElementContext,
  type HostHashTable,
  hashTable,
  type PlainField,
  type StagedHashTable,
  type TransferableField,
  tokenCount,
  tokenRate,
} from "@clickos/click-core/element";
import type { I32, StagedOf } from "@clickos/codegen";
import {
  type ArrayField,
  array,
  type BytesField,
  bytes,
  type Struct,
  struct,
  type U32Field,
  type U64Field,
  u8,
  u32,
  u64,
} from "@clickos/layout";

/** Bytes of a name and of a password at most; shorter ones are filled up with zeros. */
export const longestName = 32;
const nameWords = longestName / 4;

/** How far a session has come. */
export const phases = { free: 0, link: 1, authentication: 2, network: 3, open: 4 } as const;
export const phaseNames: readonly string[] = ["free", "link", "authentication", "network", "open"];

/** What has been agreed on: bits of a session's `agreed`. */
export const agreed = { ourLink: 1, theirLink: 2, ourNetwork: 4, theirNetwork: 8, plain: 16 } as const;

/** Packets and bytes of IP, from a subscriber and to it. */
type Traffic = { upPackets: U64Field; upBytes: U64Field; downPackets: U64Field; downBytes: U64Field };
const traffic: Traffic = { upPackets: u64, upBytes: u64, downPackets: u64, downBytes: u64 };
export const trafficFields: readonly (keyof Traffic)[] = ["upPackets", "upBytes", "downPackets", "downBytes"];
type Rates = { upRate: typeof tokenRate; downRate: typeof tokenRate };
const rates: Rates = { upRate: tokenRate, downRate: tokenRate };

/** Addresses are numbers. `session` is that which the subscriber has, 0 for none; counts are those of former sessions. */
export const subscriber: Struct<
  Traffic &
    Rates & {
      name: BytesField;
      password: BytesField;
      address: U32Field;
      session: U32Field;
      sessions: U32Field;
      known: U32Field;
    }
> = struct(
  {
    ...traffic,
    name: bytes(longestName, 8),
    password: bytes(longestName, 8),
    ...rates,
    address: u32,
    session: u32,
    sessions: u32,
    known: u8,
  },
  { name: "subscriber" },
);

/**
 * By its number less 1. `mac` is the host's address as it stands in memory, `heard` when a frame of it came last, `user` the
 * subscriber's number. `next` links those that are free.
 */
export const session: Struct<
  Traffic &
    Rates & {
      mac: U64Field;
      heard: U64Field;
      address: U32Field;
      user: U32Field;
      next: U32Field;
      magic: U32Field;
      phase: U32Field;
      agreed: U32Field;
      missed: U32Field;
      tries: U32Field;
      identifier: U32Field;
      closing: U32Field;
      upCount: typeof tokenCount;
      downCount: typeof tokenCount;
    }
> = struct(
  {
    mac: u64,
    heard: u64,
    address: u32,
    user: u32,
    next: u32,
    magic: u32,
    phase: u8,
    agreed: u8,
    missed: u8,
    tries: u8,
    identifier: u8,
    closing: u8,
    upCount: tokenCount,
    downCount: tokenCount,
    ...rates,
    ...traffic,
  },
  { name: "session" },
);

type NumberOf = { number: U32Field };
type Numbers = TransferableField<StagedHashTable<NumberOf>, HostHashTable<NumberOf>> & PlainField;
const numbers = (keyWords: number): Numbers => hashTable({ keyWords, queues: 0, value: { number: u32 } });

export type ServerState = {
  /** Numbers of subscribers, by name. */
  names: Numbers;
  /** Numbers of sessions, by the host's Ethernet address and by the subscriber's IP address. */
  hosts: Numbers;
  addresses: Numbers;
  users: ArrayField<typeof subscriber>;
  sessions: ArrayField<typeof session>;
  /** The first session that is free again, and how many were ever used. */
  spare: U32Field;
  used: U32Field;
  /** The session that the timer looks at next. */
  cursor: U32Field;
  /** Of cookies. */
  secret: ArrayField<U64Field>;
  /** For a name and a password. */
  scratch: BytesField;
  begun: U64Field;
  refused: U64Field;
  ended: U64Field;
};
export const serverState = (capacity: number): ServerState => ({
  names: numbers(nameWords),
  hosts: numbers(2),
  addresses: numbers(1),
  users: array(subscriber, capacity),
  sessions: array(session, capacity),
  spare: u32,
  used: u32,
  cursor: u32,
  secret: array(u64, 3),
  scratch: bytes(2 * longestName, 16),
  begun: u64,
  refused: u64,
  ended: u64,
});
export type StagedSession = StagedOf<typeof session>;

export interface ServerConfig {
  readonly ETH: Uint8Array;
  readonly ADDRESS: number;
  readonly AC_NAME: string;
  readonly DNS: number | undefined;
  readonly MRU: number;
  readonly ECHO_INTERVAL: bigint;
  readonly ECHO_FAILURES: number;
}
export interface ServerPlan {
  readonly capacity: number;
}
export type ServerContext = ElementContext<ServerConfig, ServerPlan, ServerState>;

/** A session by its number, which is known to be one. */
export function sessionAt({ state }: ServerContext, number: I32): StagedSession {
  return state.sessions.at(number.sub(1)) as StagedSession;
}

/** The words of a name or password, as they stand in memory. */
export function paddedWords(text: string): number[] {
  const padded = new Uint8Array(longestName);
  padded.set(new TextEncoder().encode(text).subarray(0, longestName));
  const view = new DataView(padded.buffer);
  return Array.from({ length: nameWords }, (_, i) => view.getUint32(i * 4, true));
}
