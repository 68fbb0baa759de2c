/**
 * ARPQuerier(IP, ETH [, keywords CAPACITY, ENTRY_CAPACITY, ENTRY_PACKET_CAPACITY, CAPACITY_SLIM_FACTOR, TIMEOUT, TABLE,
 * BROADCAST, POLL_TIMEOUT, BROADCAST_POLL]) — finds Ethernet addresses.
 *
 * Input 0 takes IP packets. Each gets an Ethernet header from ETH to the address of the host in its destination
 * annotation. When that is not known, the packet waits and an ARP request is sent for it, from IP and ETH.
 * Input 1 takes ARP responses: they teach the address and let waiting packets go. Requests leave on output 1 if it
 * is connected, on output 0 otherwise. One that was confirmed more than POLL_TIMEOUT (a minute; 0 for never) ago is asked for
 * again while it is used, at the address known, or everywhere with BROADCAST_POLL true.
 *
 * Packets for 255.255.255.255, and for the broadcast address of IP's network, or for BROADCAST, go to all hosts; those for
 * multicast addresses to their Ethernet addresses (RFC 1112). A packet for 0.0.0.0 is dropped; the first leaves a message. IP
 * may have a prefix length. With a name of AddressInfo that has both an IP and an Ethernet address, ARPQuerier(NAME) is
 * enough. The other keywords are those of ARPTable, and count where no ARPTable is named with TABLE.
 *
 * Handlers: table, stats, count (entries), length (packets that wait), queries, responses, drops (read); broadcast, ipaddr
 * (read, write); insert, delete, clear (write). See ARPTable.
 *
 *   q :: ARPQuerier(10.0.0.1/24, 02:00:00:00:00:01) -> Queue -> ToDevice(0);
 *   ... -> GetIPAddress(16) -> [0] q;
 *   FromDevice(0) -> c :: Classifier(12/0806 20/0002, -) -> [1] q; c [1] -> ...
 */

import {
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  type ElementKind,
  element,
  type HandlerContext,
  keyword,
  live,
  orFrom,
  type Packet,
  type Peer,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64Like } from "@clickos/codegen";
import { type HostFields, type U32Field, u32 } from "@clickos/layout";
import { storedBytes } from "@clickos/wire";
import { arp, arpOperations, arpTypes } from "@clickos/wire/arp";
import { broadcastAddress, ethernet, etherTypes } from "@clickos/wire/ethernet";
import { copyBytes } from "../lib/bytes.ts";
import { dataOf } from "../lib/headers.ts";
import { hostArpTable } from "./host-table.ts";
import {
  ArpTable,
  type ArpTableConfig,
  arpTableArguments,
  arpTableState,
  boundedTime,
  type HostArpTable,
  type StagedArpTable,
  stagedArpTable,
} from "./table.ts";

const second = 1_000_000_000n;
/** 01-00-5E, the start of the addresses of multicast groups, as it stands in memory. */
const multicast = 0x5e0001n;

const state = { queries: u32, responses: u32, drops: u32, warned: u32, ...arpTableState };

/** An ARPQuerier has a table, too, which others may share. */
const tableClasses: readonly string[] = ["ARPTable", "ARPQuerier"];
const arpTable: ElementKind = { type: "ARPTable", is: ({ className }) => tableClasses.includes(className) };

interface Plan {
  readonly query: Uint8Array;
  readonly eth: Uint8Array;
  readonly broadcast: number;
}
interface Peers {
  readonly table: Peer<StagedArpTable, HostArpTable> | undefined;
}
interface Config extends ArpTableConfig {
  readonly POLL_TIMEOUT: bigint;
  readonly BROADCAST_POLL: boolean;
}
type Context = ElementContext<Config, Plan, typeof state & { ip: U32Field; broadcast: U32Field }, Peers>;

/** The table that it works with. */
function tableOf(c: FunctionBuilder, context: Context): StagedArpTable {
  const { peers, peer } = context;
  return peers.table ? peer(peers.table) : stagedArpTable(c, context);
}
function hostTable(
  s: HostFields<typeof arpTableState>,
  context: HandlerContext<ArpTableConfig, unknown, Peers>,
): HostArpTable {
  const { peers, peer, config } = context;
  return peers.table ? peer(peers.table) : hostArpTable(s, config, context);
}

export const ARPQuerier: ElementClass = element({
  name: "ARPQuerier",
  ports: "2/1-2",
  processing: "h/h",
  flow: "xy/x",
  live: true,
  keywordsFirst: true,
  config: {
    IP: required(live(arg.ipAddressWithPrefix, { handler: "ipaddr" })),
    // A name may stand for both addresses.
    ETH: orFrom("IP", required(arg.etherAddress)),
    ...arpTableArguments,
    BROADCAST: keyword(live(arg.ipAddress), undefined),
    TABLE: keyword(arg.elementName(arpTable), undefined),
    POLL_TIMEOUT: keyword(arg.time, 60n * second),
    BROADCAST_POLL: keyword(arg.bool, false),
  },
  prepare({ config, error }): Plan {
    if (config.CAPACITY_SLIM_FACTOR === 0) error("CAPACITY_SLIM_FACTOR cannot be zero");
    const { address, mask } = config.IP;
    const ofNetwork = mask === 0xffffffff ? 0xffffffff : (address | ~mask) >>> 0;
    const { ETH } = config;
    return { eth: ETH, broadcast: config.BROADCAST ?? ofNetwork, query: requestFrame(ETH) };
  },
  peers: ({ config, named }): Peers => ({
    table: config.TABLE && named(config.TABLE.name, ArpTable),
  }),
  holds: (config) => (config.TABLE === undefined ? Math.min(config.CAPACITY || 2048, 2048) : 0),
  state,
  initial: ({ plan }) => ({ broadcast: plan.broadcast }),
  handlers: {
    table: { read: (s, context) => hostTable(s, context).table() },
    stats: {
      read: (s, context) => `${s.drops + hostTable(s, context).killed} packets killed\n${s.queries} ARP queries sent\n`,
    },
    count: { read: (s, context) => hostTable(s, context).count },
    length: { read: (s, context) => hostTable(s, context).held },
    queries: { counter: "queries" },
    responses: { counter: "responses" },
    drops: { counter: "drops" },
    insert: { write: (s, text, context) => hostTable(s, context).insert(text), flags: "" },
    delete: { write: (s, text, context) => hostTable(s, context).delete(text), flags: "" },
    clear: {
      flags: "",
      write(s, _text, context) {
        s.queries = 0;
        s.responses = 0;
        s.drops = 0;
        hostTable(s, context).clear();
      },
    },
  },
  handlerOrder: ["table", "stats", "count", "length", "queries", "responses", "drops", "broadcast", "ipaddr"],
  offers: (offer) => [
    offer(
      ArpTable,
      (c, context) => tableOf(c, context as unknown as Context),
      (s, context) => hostTable(s, context as never),
    ),
  ],
  push(c, port, packet, context) {
    if (port === 1) {
      learn(c, packet, context);
      return;
    }
    const { state, config, clock, output, packets, line, name } = context;
    const table = tableOf(c, context);
    const now = clock.now();
    const drop = (reason: string): void => {
      state.drops.inc();
      packet.drop(reason);
    };
    c.if(state.ip.get().eqz(), () => drop("no address of its own"));
    const wanted = packet.dstIp.get();
    const key = wanted.swap32();
    const entry = table.find(key, now);
    const ether = c.var("i64", storedBytes(broadcastAddress), "ether");
    c.if(
      entry,
      () => {
        ether.set(table.ether(entry));
        c.if(table.poll(entry, now, boundedTime(config.POLL_TIMEOUT)), () =>
          query(c, key, packet, config.BROADCAST_POLL ? storedBytes(broadcastAddress) : ether.get(), context),
        );
      },
      () =>
        c.if(wanted.ne(0xffffffff).and(wanted.ne(state.broadcast.get())), () =>
          c.if(
            wanted.shrU(28).eq(0xe),
            // The group's last 23 bits are those of its Ethernet address.
            () => ether.set(key.shrU(8).and(0xffff7f).toI64().shl(24n).or(multicast)),
            () => {
              c.if(wanted.eqz(), () => {
                c.if(state.warned.get().eqz(), () => {
                  line().text(`${name} :: ARPQuerier: would query for 0.0.0.0; missing dest IP addr annotation?`).end();
                  state.warned.set(1);
                });
                drop("no destination address");
              });
              table.append(key, now, packet, () => query(c, key, packet, storedBytes(broadcastAddress), context));
            },
          ),
        ),
    );
    packets.room(packet, { head: ethernet.size }, (packet) => {
      encapsulate(packet, ether.get(), context);
      output(0).push(packet);
    });
  },
  init(c, context) {
    if (!context.peers.table) stagedArpTable(c, context).start();
  },
  endless: () => true,
  timer(c, context) {
    if (!context.peers.table) stagedArpTable(c, context).expire();
  },
});

/** Puts an Ethernet header before a packet that has room for it. */
function encapsulate(packet: Packet, destination: I64Like, { plan }: Context): void {
  packet.unpull(ethernet.size);
  const header = dataOf(packet).header(ethernet, "stated");
  header.emit({ destination: packet.c.i64(destination), source: plan.eth, etherType: etherTypes.ip });
}

/** A request for no address yet, from `ether` and no address yet. */
function requestFrame(ether: Uint8Array): Uint8Array {
  return Uint8Array.of(
    ...ethernet.bytes({ destination: broadcastAddress, source: ether, etherType: etherTypes.arp }),
    ...arp.bytes({ operation: arpOperations.request, senderHardware: ether, senderProtocol: 0 }),
  );
}

/** Sends a request for the host of a packet, whose address is `address` as it stands in memory. */
function query(
  c: FunctionBuilder,
  address: I32,
  packet: Packet,
  destination: I64Like,
  { state, plan, data, packets, output, noutputs }: Context,
): void {
  packets.make(plan.query.length, (request) => {
    copyBytes(c, request.data, data(plan.query, 16), plan.query.length);
    const header = dataOf(request).header(ethernet, "stated");
    header.destination.set(c.i64(destination));
    const fields = header.payload("stated").header(arp, "stated");
    fields.senderProtocol.set(state.ip.get());
    fields.targetProtocol.stored.set(address);
    request.timestamp.set(packet.timestamp.get());
    request.annotation16(annotation.vlanTci).set(packet.annotation16(annotation.vlanTci).get());
    state.queries.inc();
    output(noutputs - 1).push(request);
  });
}

/** Takes an ARP response: remembers the sender, lets the packets for it go. */
function learn(c: FunctionBuilder, packet: Packet, context: Context): void {
  const { state, clock, output, packets } = context;
  const ether = dataOf(packet)
    .need(ethernet.size + arp.size, () => packet.drop("not an ARP response"))
    .header(ethernet);
  state.responses.inc();
  const message = ether.payload().header(arp);
  const sender = message.senderHardware.get();
  const isGroup = sender.toI32().and(1);
  const isResponse = ether.etherType
    .get()
    .eq(etherTypes.arp)
    .and(message.hardwareType.get().eq(arpTypes.ethernet))
    .and(message.protocolType.get().eq(arpTypes.ip))
    .and(message.operation.get().eq(arpOperations.reply));
  c.if(isResponse.eqz().or(isGroup), () => packet.drop("not an ARP response"));
  const key = message.senderProtocol.stored.get();
  packet.kill();
  tableOf(c, context).insert(key, sender, clock.now(), (held) =>
    packets.room(held, { head: ethernet.size }, (held) => {
      encapsulate(held, sender, context);
      output(0).push(held);
    }),
  );
}
