/**
 * MaglevBalancer(SERVER [WEIGHT], SERVER [WEIGHT], ... [, keywords TABLE_SIZE, TIMEOUT, CAPACITY]) — spreads flows over servers.
 *
 * Takes packets with their IP header marked, and sets the destination annotation to the address of a server; packets themselves stay as
 * they are. The first packet of a flow chooses the server, by a hash of addresses, ports and protocol and Maglev's table; those that
 * follow go to the same one, also when servers come or go, until none has come for TIMEOUT (60s). Where the table of
 * CAPACITY (1048576) flows is full, the flow that has had no packet for longest makes room. Balancers with the same servers
 * choose alike, whatever the order in which they are listed: a flow whose packets come to another balancer keeps its server.
 * Fragments and packets of other protocols than TCP and UDP go by their addresses and protocol.
 *
 * WEIGHT (1, at most 65535) is a server's share. A server of weight 0 keeps its flows and gets no new ones. One that is down gets none,
 * and its flows choose anew. Packets for which there is no server are dropped. TABLE_SIZE (4093) is a prime number, and should be 100
 * times as many as there are servers, or more: then few flows change their server when another one comes or goes.
 *
 * What to do with the annotation: ARPQuerier sends a packet as it is to the server's Ethernet address, and the server, which has
 * the service's address, too, answers the client itself (direct return). `IPEncap(ipip, SRC, DST_ANNO)` does that for
 * servers behind a router. `StoreIPAddress(dst)` rewrites the destination; what the servers answer passes `StoreIPAddress(VIP, src)` then.
 *
 * Handlers: servers (read): of each server its address, weight, whether it is up, flows, packets and bytes; flows (read): how many
 * there are; weight (write `SERVER WEIGHT`), down, up (write `SERVER`); lookup (read, with a number below TABLE_SIZE): the server
 * of an entry of the table.
 *
 *   ... -> IPClassifier(dst host 192.0.2.80 && dst tcp port 80) -> MaglevBalancer(10.0.0.11, 10.0.0.12 2)
 *     -> [0] q :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01) -> ...;  ... -> [1] q
 *
 * Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI '16.
 */
import {
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  hashTable,
  keyword,
  rest,
} from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { array, type HostFields, struct, u16, u32, u64 } from "@clickos/layout";
import { flowHash, flowKey } from "../lib/flow-key.ts";
import { readWords } from "../lib/handler-words.ts";
import { isPrime, maglevTable, mostServers, nobody } from "./maglev-table.ts";

const second = 1_000_000_000n;
const reapedAtOnce = 1024;
const mostWeight = 0xffff;
const mostEntries = 1 << 20;

/** `address` is a number, in the host's order. */
const server = struct({ address: u32, weight: u32, down: u32, packets: u64, bytes: u64 }, { name: "server" });
type Servers = HostFields<(typeof server)["fields"]>[];

/** By addresses, ports and protocol. A flow knows its server by its address: numbers are others where servers are listed otherwise. */
const flowTable = hashTable({ keyWords: 4, value: { address: u32, server: u16 } });

interface State {
  readonly servers: Servers;
  readonly table: number[];
}

function fill({ servers, table }: State): void {
  const shares = [...servers].map(({ address, weight, down }) => ({ address, weight: down ? 0 : weight }));
  maglevTable(shares, table.length).forEach((index, i) => {
    table[i] = index;
  });
}
/** The server that a handler names. */
function find({ servers }: State, address: number): Servers[number] {
  const found = [...servers].find((one) => one.address === address);
  if (!found) throw `no server '${formatIpAddress(address)}'`;
  return found;
}

export const MaglevBalancer: ElementClass = element({
  name: "MaglevBalancer",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    TABLE_SIZE: keyword(arg.u32, 4093),
    TIMEOUT: keyword(arg.time, 60n * second),
    CAPACITY: keyword(arg.u32, 1 << 20),
    SERVER: rest(arg.words({ SERVER: arg.ipAddress, WEIGHT: arg.optional(arg.u32, 1) })),
  },
  prepare({ config, error }) {
    const { SERVER, TABLE_SIZE, CAPACITY, TIMEOUT } = config;
    const known = new Set<number>();
    SERVER.forEach((one, i) => {
      if (known.has(one.SERVER)) error(`SERVER ${formatIpAddress(one.SERVER)} is listed twice`, i);
      if (one.WEIGHT > mostWeight) error(`WEIGHT of ${formatIpAddress(one.SERVER)} is larger than ${mostWeight}`, i);
      known.add(one.SERVER);
    });
    if (SERVER.length === 0 || SERVER.length > mostServers) error(`there must be between 1 and ${mostServers} servers`);
    if (!isPrime(TABLE_SIZE) || TABLE_SIZE > mostEntries || TABLE_SIZE <= SERVER.length)
      error(`TABLE_SIZE must be a prime number larger than the number of servers and below ${mostEntries}`);
    if (CAPACITY < 1) error("CAPACITY must be at least 1");
    if (TIMEOUT < second) error("TIMEOUT must be a second at least");
    const shares = SERVER.map((one) => ({ address: one.SERVER, weight: one.WEIGHT }));
    return { size: Math.max(2, Math.min(TABLE_SIZE, mostEntries)), shares };
  },
  state: ({ plan }) => ({
    servers: array(server, Math.max(1, plan.shares.length)),
    table: array(u16, plan.size),
    flows: flowTable,
  }),
  initial: ({ plan }) => ({
    servers: plan.shares.map((share) => ({ ...share, down: 0, packets: 0n, bytes: 0n })),
    table: [...maglevTable(plan.shares, plan.size)],
  }),
  handlers: {
    servers: {
      kind: "table",
      read(s) {
        const flows = new Map<number, number>();
        for (const { value } of s.flows.entries()) flows.set(value.address, (flows.get(value.address) ?? 0) + 1);
        return [...s.servers]
          .map(({ address, weight, down, packets, bytes }) => {
            const words = [weight, down ? "down" : "up", flows.get(address) ?? 0, packets, bytes];
            return `${formatIpAddress(address)} ${words.join(" ")}\n`;
          })
          .join("");
      },
    },
    flows: { kind: "gauge", unit: "flows", read: (s) => s.flows.length },
    weight: {
      write(s, text, { scope }) {
        const { SERVER, WEIGHT } = readWords(text, { SERVER: arg.ipAddress, WEIGHT: arg.u32 }, scope);
        if (WEIGHT > mostWeight) throw `WEIGHT is larger than ${mostWeight}`;
        find(s, SERVER).weight = WEIGHT;
        fill(s);
      },
    },
    down: {
      write(s, text, { scope }) {
        find(s, readWords(text, { SERVER: arg.ipAddress }, scope).SERVER).down = 1;
        fill(s);
      },
    },
    up: {
      write(s, text, { scope }) {
        find(s, readWords(text, { SERVER: arg.ipAddress }, scope).SERVER).down = 0;
        fill(s);
      },
    },
    lookup: {
      flags: "+",
      read(s, _context, parameter) {
        const index = s.table[Number(parameter)] ?? nobody;
        return index === nobody ? "-" : formatIpAddress(s.servers[index]?.address ?? 0);
      },
    },
  },
  action(c, packet, { config, plan, state, clock }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { servers, table, flows } = state;
    const key = flowKey(c, packet);
    const now = clock.now();
    const count = plan.shares.length;
    const chosen = c.var("i32", nobody, "chosen");
    const flow = c.var("i32", flows.find(key), "flow");
    c.if(flow.get(), () => {
      const its = flows.value(flow.get());
      const number = its.server.get();
      const same = (i: I32): I32 => servers.at(i).address.get().eq(its.address.get());
      const at = c.var("i32", c.select(number.ltU(count), number, c.i32(0)), "at");
      // In another configuration servers had other numbers.
      c.if(same(at.get()).eqz(), () =>
        c.for(0, count, 1, (i) =>
          c.if(same(i), () => {
            at.set(i);
            its.server.set(i);
            c.break();
          }),
        ),
      );
      c.if(same(at.get()).and(servers.at(at.get()).down.get().eqz()), () => chosen.set(at.get()));
    });
    c.if(chosen.get().eq(nobody), () => {
      const number = table.at(flowHash(key).remU(plan.size)).get();
      c.if(number.eq(nobody), () => packet.drop("no server is up"));
      c.if(flow.get().eqz(), () => {
        c.if(flows.length().geU(config.CAPACITY), () => flows.remove(flows.first()));
        // Without memory for it, the flow keeps its server for as long as the table does.
        flow.set(flows.findOrAdd(key));
      });
      chosen.set(number);
      c.if(flow.get(), () => {
        const its = flows.value(flow.get());
        its.server.set(number);
        its.address.set(servers.at(number).address.get());
      });
    });
    c.if(flow.get(), () => flows.expiresAt(flow.get(), now.add(config.TIMEOUT)));
    const { address, packets, bytes } = servers.at(chosen.get());
    packets.inc();
    bytes.inc(packet.length.toI64());
    packet.dstIp.set(address.get());
  },
  init: (_c, { timer }) => timer.after(second),
  endless: () => true,
  timer(c, { state, clock, timer }) {
    const more = state.flows.expire(clock.now(), reapedAtOnce, (flow) => state.flows.remove(flow));
    timer.after(c.select(more, c.i64(1_000_000n), c.i64(second)));
  },
});
