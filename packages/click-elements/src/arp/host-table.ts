/** A table of Ethernet addresses on the host: what its handlers show and do. */
import { arg, formatEtherAddress, formatIpAddress, type HandlerContext } from "@clickos/click-core/element";
import type { HostFields } from "@clickos/layout";
import { storedBytes } from "@clickos/wire";
import { broadcastAddress } from "@clickos/wire/ethernet";
import { storedEther } from "../lib/ether-address.ts";
import { readWords } from "../lib/handler-words.ts";
import { asArguments } from "../lib/handlers.ts";
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
      const { IP, ETH } = asArguments(() =>
        readWords(text, { IP: arg.ipAddress, ETH: arg.etherAddress }, context.scope),
      );
      put(IP, ETH);
    },
    delete(text) {
      const { IP } = asArguments(() => readWords(text, { IP: arg.ipAddress }, context.scope));
      put(IP, broadcastAddress);
    },
    clear() {
      for (const entry of [...entries.entries()]) {
        drain(entry.value.waiting);
        entries.remove(context.heap, entry);
      }
    },
  };
}
