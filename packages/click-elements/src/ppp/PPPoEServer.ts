/**
 * PPPoEServer(ETH, ADDRESS [, SUBSCRIBER, ..., keywords AC_NAME, DNS, MRU, CAPACITY, ECHO_INTERVAL, ECHO_FAILURES]) — an access concentrator:
 * gives hosts sessions of PPP over Ethernet, and their subscribers IP.
 *
 * Input 0 takes Ethernet frames of hosts. Its frames for them leave on output 0. The IP packets of subscribers leave on output 1, with
 * their IP header marked and the destination annotation set; their source is the subscriber's address, or they are dropped. Frames that are none of
 * PPPoE leave on output 2, if it is connected, and are dropped otherwise. IP packets that come to input 1 leave on output 0 in the
 * session of whose address they are for, or are dropped.
 *
 * The concentrator's Ethernet address is ETH, its IP address ADDRESS and its name AC_NAME ("clickos"). A SUBSCRIBER is `NAME PASSWORD ADDRESS
 * [UP [DOWN]]`: who says this name and password by PAP gets this address, and may send and get so much, in bandwidths (`10Mbps`; 0 is as
 * much as there is). Bytes are counted with what IP has of them; a tenth of a second's may come at once. Names and passwords have 32 bytes at most. A
 * subscriber has one session, as has a host: another one takes the former's place. There are up to CAPACITY (1024) subscribers
 * and sessions.
 *
 * Hosts are told DNS, where it is given, and that packets of MRU (1492) bytes are taken. A host that has not been heard for ECHO_INTERVAL
 * (30s) is asked by LCP's echo, and after ECHO_FAILURES (3) without an answer its session ends; so it does when it is not open within half a minute.
 * The answer to a request for a session needs a cookie that was sent to the host, so that nobody fills the table with invented addresses.
 *
 * Handlers: subscribers (read): a line for each: name, address, number of its session or 0, how many it has had, packets and bytes from it, and to
 * it; sessions (read): number, host, phase, name, and seconds since the host was heard; open, begun, ended, refused (read): how many are
 * open, were begun and ended, and hosts that were refused; add (write `NAME PASSWORD ADDRESS [UP [DOWN]]`), also to change one; remove,
 * disconnect (write `NAME`).
 *
 *   FromDevice(0) -> [0] ac :: PPPoEServer(02:00:00:00:00:01, 10.64.0.1, alice secret 10.64.0.10 2Mbps 10Mbps) -> ToDevice(0);
 *   ac [1] -> CheckIPHeader -> ... -> [1] ac
 *
 * RFC 2516, PPP over Ethernet; RFC 1661, PPP; RFC 1334, PAP; RFC 1332 and 1877, IPCP.
 */
import {
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  formatIpAddress,
  type HandlerContext,
  type HostHeap,
  keyword,
  readText,
  required,
  rest,
  type Scope,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import type { HostFields } from "@clickos/layout";
import { storedEther } from "../lib/ether-address.ts";
import { subscriberFrame, subscriberPacket } from "./forwarding.ts";
import {
  longestName,
  paddedWords,
  phaseNames,
  phases,
  type ServerContext,
  type ServerState,
  serverState,
  trafficFields,
} from "./session-state.ts";
import { watch } from "./watch.ts";

const second = 1_000_000_000n;
const mostSessions = 0xfffe;

interface Subscriber {
  readonly name: string;
  readonly password: string;
  readonly address: number;
  readonly up: number;
  readonly down: number;
}

/** Reads a subscriber; a text is what is wrong with it. */
function readSubscriber(text: string, scope: Scope): Subscriber | string {
  const words = splitWords(text).map((word) => readText(arg.string, word, scope));
  const [name, password] = words;
  if (words.length < 3 || words.length > 5 || typeof name !== "string" || typeof password !== "string")
    return "expected 'NAME PASSWORD ADDRESS [UP [DOWN]]'";
  const bytes = (word: string): number => new TextEncoder().encode(word).length;
  if (name === "" || bytes(name) > longestName || bytes(password) > longestName)
    return `NAME and PASSWORD have 1 to ${longestName} bytes`;
  const texts = splitWords(text);
  const address = readText(arg.ipAddress, texts[2] as string, scope);
  if (typeof address !== "number" || address === 0) return `bad ADDRESS '${texts[2]}'`;
  const rates = texts.slice(3).map((word) => (word === "0" ? 0 : readText(arg.bandwidth, word, scope)));
  const wrong = rates.findIndex((rate) => typeof rate !== "number");
  if (wrong >= 0) return `bad bandwidth '${texts[3 + wrong]}'`;
  const [up = 0, down = 0] = rates as number[];
  return { name, password, address, up, down };
}

/** A tenth of a second's bytes, and two of the longest packets at least. */
const burstOf = (rate: number): number => (rate === 0 ? 0 : Math.max(3000, Math.ceil(rate / 10)));

type Users = HostFields<ServerState>["users"];
function keep(user: Users[number], { password, name, address, up, down }: Subscriber): void {
  const put = (to: Uint8Array, text: string): void => {
    to.fill(0);
    to.set(new TextEncoder().encode(text));
  };
  put(user.name, name);
  put(user.password, password);
  user.address = address;
  user.known = 1;
  user.upRate.assign(up, burstOf(up));
  user.downRate.assign(down, burstOf(down));
}

const nameOf = (user: Users[number]): string => {
  const end = user.name.indexOf(0);
  return new TextDecoder().decode(user.name.subarray(0, end < 0 ? longestName : end));
};
/** Subscribers by number, those that are known. */
const known = (users: Users): { user: Users[number]; number: number }[] =>
  Array.from({ length: users.length }, (_, number) => ({ user: users[number] as Users[number], number })).filter(
    ({ user }) => user.known !== 0,
  );

type State = HostFields<ServerState>;
type Context = Pick<HandlerContext<unknown, unknown>, "heap" | "fire" | "now" | "scope">;

function add(s: State, text: string, { heap, scope, fire }: Context): void {
  const subscriber = readSubscriber(text, scope);
  if (typeof subscriber === "string") throw subscriber;
  const all = known(s.users);
  const same = all.find(({ user }) => user.address === subscriber.address);
  if (same && nameOf(same.user) !== subscriber.name)
    throw `${formatIpAddress(subscriber.address)} is the address of '${nameOf(same.user)}'`;
  const found = find(s, subscriber.name);
  const taken = new Set(all.map(({ number }) => number));
  const number = found ? found.number : Array.from({ length: s.users.length }, (_, i) => i).find((i) => !taken.has(i));
  if (number === undefined) throw `there are ${s.users.length} subscribers, as many as CAPACITY`;
  const user = s.users[number] as Users[number];
  if (!found) {
    const entry = s.names.findOrAdd(heap, paddedWords(subscriber.name));
    if (!entry) throw "no memory for another subscriber";
    entry.value.number = number;
    for (const field of trafficFields) user[field] = 0n;
    user.session = 0;
    user.sessions = 0;
  }
  hangUpOnHost(s, user, fire);
  keep(user, subscriber);
}
/** A subscriber by name. A name may be left in its table from before a hot swap, when its number has become another's. */
function find(
  s: State,
  name: string,
): { user: Users[number]; number: number; forget(heap: HostHeap): void } | undefined {
  const entry = s.names.find(paddedWords(name));
  const user = entry && s.users[entry.value.number];
  if (!entry || !user?.known || nameOf(user) !== name) return undefined;
  return { user, number: entry.value.number, forget: (heap) => s.names.remove(heap, entry) };
}
function named(s: State, text: string): NonNullable<ReturnType<typeof find>> {
  const found = find(s, text.trim());
  if (!found) throw `no subscriber '${text.trim()}'`;
  return found;
}
/** Has the element's code end the session of a subscriber. */
function hangUpOnHost(s: State, user: Users[number], fire: () => void): void {
  const its = s.sessions[user.session - 1];
  if (user.session === 0 || !its) return;
  its.closing = 1;
  s.cursor = user.session - 1;
  fire();
}

export const PPPoEServer: ElementClass = element({
  name: "PPPoEServer",
  ports: "2/2-3",
  processing: "h/h",
  config: {
    ETH: required(arg.etherAddress),
    ADDRESS: required(arg.ipAddress),
    AC_NAME: keyword(arg.string, "clickos"),
    DNS: keyword(arg.ipAddress, undefined),
    MRU: keyword(arg.u16, 1492),
    CAPACITY: keyword(arg.u32, 1024),
    ECHO_INTERVAL: keyword(arg.time, 30n * second),
    ECHO_FAILURES: keyword(arg.u8, 3),
    SUBSCRIBER: rest(arg.raw),
  },
  prepare({ config, scope, error }) {
    const { CAPACITY, SUBSCRIBER, AC_NAME, MRU, ECHO_INTERVAL, ECHO_FAILURES } = config;
    if (CAPACITY < 1 || CAPACITY > mostSessions) error(`CAPACITY must be between 1 and ${mostSessions}`);
    const capacity = Math.min(Math.max(1, CAPACITY), mostSessions);
    if (AC_NAME === "" || AC_NAME.length > 64) error("AC_NAME has between 1 and 64 bytes");
    if (MRU < 576 || MRU > 1492) error("MRU must be between 576 and 1492");
    if (ECHO_INTERVAL < second || ECHO_FAILURES < 1) error("ECHO_INTERVAL is a second at least, ECHO_FAILURES 1");
    const names = new Set<string>();
    const addresses = new Set<number>([config.ADDRESS]);
    const subscribers = SUBSCRIBER.flatMap((text, i) => {
      const subscriber = readSubscriber(text, scope);
      const complain = (message: string): [] => {
        error(message, i + 2);
        return [];
      };
      if (typeof subscriber === "string") return complain(`SUBSCRIBER ${i + 1}: ${subscriber}`);
      const { name, address } = subscriber;
      if (names.has(name)) return complain(`SUBSCRIBER ${i + 1}: '${name}' is there already`);
      if (addresses.has(address)) return complain(`SUBSCRIBER ${i + 1}: ${formatIpAddress(address)} is another's`);
      names.add(name);
      addresses.add(address);
      return [subscriber];
    });
    if (subscribers.length > capacity) error(`there are more subscribers than CAPACITY (${capacity})`);
    return { capacity, subscribers: subscribers.slice(0, capacity) };
  },
  state: ({ plan }) => serverState(plan.capacity),
  initial: () => ({ spare: 0, used: 0, cursor: 0 }),
  // All of this begins anew where the configuration is another one.
  fill: {
    users: (users, { plan }) =>
      plan.subscribers.forEach((subscriber, i) => {
        keep(users[i] as Users[number], subscriber);
      }),
    names() {},
    hosts() {},
    addresses() {},
    sessions() {},
  },
  handlers: {
    subscribers: {
      kind: "table",
      read: (s) =>
        known(s.users)
          .map(({ user }) => {
            const its = user.session > 0 ? s.sessions[user.session - 1] : undefined;
            const counts = trafficFields.map((field) => user[field] + (its?.[field] ?? 0n));
            const words = [nameOf(user), formatIpAddress(user.address), user.session, user.sessions, ...counts];
            return `${words.join(" ")}\n`;
          })
          .join(""),
    },
    sessions: {
      kind: "table",
      read: (s, { now }) =>
        Array.from({ length: s.used }, (_, i) => {
          const its = s.sessions[i] as State["sessions"][number];
          if (its.phase === phases.free) return "";
          const name = its.phase >= phases.network ? nameOf(s.users[its.user] as Users[number]) : "-";
          const heard = (now() - its.heard) / second;
          const host = formatEtherAddress(storedEther(its.mac));
          return `${i + 1} ${host} ${phaseNames[its.phase]} ${name} ${heard}\n`;
        }).join(""),
    },
    open: {
      kind: "gauge",
      unit: "sessions",
      read: (s) =>
        Array.from({ length: s.used }, (_, i) => s.sessions[i]?.phase).filter((phase) => phase === phases.open).length,
    },
    begun: { counter: "begun", unit: "sessions" },
    ended: { counter: "ended", unit: "sessions" },
    refused: { counter: "refused" },
    add: { flags: "", write: (s, text, context) => add(s, text, context) },
    remove: {
      flags: "",
      write(s, text, { heap, fire }) {
        const { user, forget } = named(s, text);
        hangUpOnHost(s, user, fire);
        forget(heap);
        user.known = 0;
      },
    },
    disconnect: { flags: "", write: (s, text, { fire }) => hangUpOnHost(s, named(s, text).user, fire) },
  },
  push(c, port, packet, context) {
    const server = context as unknown as ServerContext;
    if (port === 0) subscriberFrame(c, packet, server);
    else subscriberPacket(c, packet, server);
  },
  init(c, { state, plan, timer }) {
    // Where names lie in their table depends on the router's seed.
    c.for(0, plan.subscribers.length, 1, (number) => {
      const { name } = state.users.at(number);
      const words = Array.from({ length: longestName / 4 }, (_, i) => c.load32(name, i * 4));
      const entry = state.names.findOrAdd(words);
      c.if(entry, () => state.names.value(entry).number.set(number));
    });
    timer.after(second);
  },
  endless: () => true,
  timer: (c, context) => watch(c, context as unknown as ServerContext),
});
