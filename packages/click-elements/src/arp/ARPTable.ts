/**
 * ARPTable([keywords CAPACITY, ENTRY_CAPACITY, ENTRY_PACKET_CAPACITY, CAPACITY_SLIM_FACTOR, TIMEOUT]) — Ethernet addresses
 * by IP address, for several ARPQueriers.
 *
 * An address is forgotten TIMEOUT (5 minutes; 0 for never) after it was last confirmed. At most CAPACITY packets (2048) wait
 * for addresses, ENTRY_PACKET_CAPACITY for one; where they are too many, 1/CAPACITY_SLIM_FACTOR of them (2) is dropped, those
 * first that wait for the oldest entries. ENTRY_CAPACITY is how many entries there are at most. 0 is no limit.
 *
 * Handlers: table (read): a line an entry, IP address, 1 where it is known, Ethernet address, seconds since it was confirmed;
 * drops, count, length (read): packets dropped, entries, packets that wait; insert, delete, clear (write).
 *
 *   t :: ARPTable(TIMEOUT 60); ... -> q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01, TABLE t) -> ...; ... -> [1] q
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { hostArpTable } from "./host-table.ts";
import { ArpTable, arpTableArguments, arpTableState, stagedArpTable } from "./table.ts";

export const ARPTable: ElementClass = element({
  name: "ARPTable",
  ports: "0/0",
  processing: "a/a",
  live: true,
  config: arpTableArguments,
  prepare({ config, error }) {
    if (config.CAPACITY_SLIM_FACTOR === 0) error("CAPACITY_SLIM_FACTOR cannot be zero");
  },
  holds: (config) => Math.min(config.CAPACITY || 2048, 2048),
  state: arpTableState,
  offers: (offer) => [
    offer(ArpTable, stagedArpTable, (state, context) => hostArpTable(state, context.config, context)),
  ],
  handlers: {
    table: { read: (s, context) => hostArpTable(s, context.config, context).table() },
    drops: { counter: "killed" },
    count: { gauge: "entries", unit: "entries" },
    length: { gauge: "held", unit: "packets" },
    insert: { write: (s, text, context) => hostArpTable(s, context.config, context).insert(text), flags: "" },
    delete: { write: (s, text, context) => hostArpTable(s, context.config, context).delete(text), flags: "" },
    clear: { write: (s, _text, context) => hostArpTable(s, context.config, context).clear(), flags: "" },
  },
  init: (c, context) => stagedArpTable(c, context).start(),
  endless: () => true,
  timer: (c, context) => stagedArpTable(c, context).expire(),
});
