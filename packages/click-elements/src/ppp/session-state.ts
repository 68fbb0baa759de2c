/** What a PPPoE server keeps: subscribers, whom it knows by name, and the sessions that they have. */
import { type ElementContext, hashTable, tokenCount, tokenRate } from "@clickos/click-core/element";
import type { I32, StagedOf } from "@clickos/codegen";
import { array, bytes, struct, u8, u32, u64 } from "@clickos/layout";

/** Bytes of a name and of a password at most; shorter ones are filled up with zeros. */
export const longestName = 32;
const nameWords = longestName / 4;

/** How far a session has come. */
export const phases = { free: 0, link: 1, authentication: 2, network: 3, open: 4 } as const;
export const phaseNames: readonly string[] = ["free", "link", "authentication", "network", "open"];

/** What has been agreed on: bits of a session's `agreed`. */
export const agreed = { ourLink: 1, theirLink: 2, ourNetwork: 4, theirNetwork: 8, plain: 16 } as const;

/** Packets and bytes of IP, from a subscriber and to it. */
const traffic = { upPackets: u64, upBytes: u64, downPackets: u64, downBytes: u64 };
export const trafficFields = ["upPackets", "upBytes", "downPackets", "downBytes"] as const;

/** Addresses are numbers. `session` is that which the subscriber has, 0 for none; counts are those of former sessions. */
export const subscriber = struct(
  {
    ...traffic,
    name: bytes(longestName, 8),
    password: bytes(longestName, 8),
    upRate: tokenRate,
    downRate: tokenRate,
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
export const session = struct(
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
    upRate: tokenRate,
    downRate: tokenRate,
    ...traffic,
  },
  { name: "session" },
);

export const tables = {
  /** Numbers of subscribers, by name. */
  names: hashTable({ keyWords: nameWords, queues: 0, value: { number: u32 } }),
  /** Numbers of sessions, by the host's Ethernet address and by the subscriber's IP address. */
  hosts: hashTable({ keyWords: 2, queues: 0, value: { number: u32 } }),
  addresses: hashTable({ keyWords: 1, queues: 0, value: { number: u32 } }),
};
export const serverState = (capacity: number) => ({
  ...tables,
  users: array(subscriber, capacity),
  sessions: array(session, capacity),
  /** The first session that is free again, and how many were ever used. */
  spare: u32,
  used: u32,
  /** The session that the timer looks at next. */
  cursor: u32,
  /** Of cookies. */
  secret: array(u64, 3),
  scratch: bytes(2 * longestName, 16),
  begun: u64,
  refused: u64,
  ended: u64,
});
export type ServerState = ReturnType<typeof serverState>;
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
