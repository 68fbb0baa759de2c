/** A table of Ethernet addresses on the host: what its handlers show and do. */
import {
  arg,
  formatEtherAddress,
  formatIpAddress,
  type HandlerContext,
  Mistake,
  readText,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import type { HostFields } from "@clickos/layout";
import { storedBytes } from "@clickos/wire";
import { broadcastAddress } from "@clickos/wire/ethernet";
import { storedEther } from "../lib/ether-address.ts";
import { formatTimestamp } from "../lib/time.ts";
import { type ArpTableConfig, type arpTableState, boundedTime, type HostArpTable, tickOf } from "./table.ts";

type HostState = HostFields<typeof arpTableState>;
type Context = Pick<HandlerContext<any, any>, "heap" | "now" | "free" | "scope">;

const millisecond = 1_000_000n;
const milliseconds = (time: bigint): bigint => time / millisecond;

/** The other way round: what stands in memory is the address with its bytes in the machine's order. */
const swapped = (word: number): number =>
  (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;

export function hostArpTable(state: HostState, config: ArpTableConfig, context: Context): HostArpTable {
  const { entries } = state;
  const timeout = boundedTime(config.TIMEOUT);

  const drain = (waiting: { readonly length: number; shiftOrZero(): number }): void => {
    for (let at = waiting.shiftOrZero(); at !== 0; at = waiting.shiftOrZero()) {
      context.free(at);
      state.held--;
      state.killed++;
    }
  };
  const put = (ip: number, ether: Uint8Array): void => {
    const entry = entries.findOrAdd(context.heap, [swapped(ip)]);
    if (!entry) throw "out of memory!";
    const { value } = entry;
    const isKnown = ether.some((byte) => byte !== 0xff);
    value.ether = storedBytes(ether);
    value.known = Number(isKnown);
    value.polls = 0;
    value.polled = 0n;
    value.order = state.order++;
    entries.expiresAt(entry, tickOf(context.now()), value.waiting.length > 0 ? 1 : 0);
  };
  /** The words of a text: an IP address, and an Ethernet address where one is wanted. */
  const read = (text: string, names: readonly ("IP" | "ETH")[]): (number | Uint8Array)[] => {
    const words = splitWords(text);
    const problems: string[] = [];
    const values = names.map((name, i) => {
      const word = words[i];
      if (word === undefined) problems.push(`${name}: required argument missing`);
      else {
        const value = readText<number | Uint8Array>(
          name === "IP" ? arg.ipAddress : arg.etherAddress,
          word,
          context.scope,
        );
        if (!(value instanceof Mistake)) return value;
        problems.push(`${name}: parse error`);
      }
      return 0;
    });
    if (words.length > names.length) problems.push("too many arguments");
    if (problems.length > 0) throw problems.join("\n");
    return values;
  };

  return {
    count: entries.length,
    held: state.held,
    killed: state.killed,
    table() {
      const now = context.now();
      return [...entries.entries()]
        .sort((a, b) => (a.expires === b.expires ? a.value.order - b.value.order : a.expires < b.expires ? -1 : 1))
        .map((entry) => {
          const { ether, known } = entry.value;
          const age = milliseconds(now) - milliseconds(entry.expires);
          const isKnown = known !== 0 && (timeout === 0n || age <= milliseconds(timeout));
          // One that nobody has answered for yet has no address.
          const address = ether === 0n ? broadcastAddress : storedEther(ether);
          const ip = formatIpAddress(swapped(entry.key()[0] as number));
          return `${ip} ${Number(isKnown)} ${formatEtherAddress(address)} ${formatTimestamp(age * millisecond)}\n`;
        })
        .join("");
    },
    insert(text) {
      const [ip, ether] = read(text, ["IP", "ETH"]) as [number, Uint8Array];
      put(ip, ether);
    },
    delete(text) {
      const [ip] = read(text, ["IP"]) as [number];
      put(ip, broadcastAddress);
    },
    clear() {
      for (const entry of [...entries.entries()]) {
        drain(entry.value.waiting);
        entries.remove(context.heap, entry);
      }
    },
  };
}
