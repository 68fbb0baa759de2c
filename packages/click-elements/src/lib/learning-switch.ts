/** EtherSwitch and ListenEtherSwitch: they learn behind which port each station is, and send frames there. */
import {
  anew,
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  hashTable,
  keyword,
  type Packet,
} from "@clickos/click-core/element";
import type { I32, I64 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { ethernet, isGroup } from "@clickos/wire/ethernet";
import { storedEther } from "./ether-address.ts";
import { readAs } from "./handlers.ts";
import { dataOf } from "./headers.ts";
import { inListingOrder } from "./listing-order.ts";

const second = 1_000_000_000n;
/** Addresses that are known at once, at most: then the one that was silent for the longest is forgotten. */
const mostStations = 65_536;

/** `port` is where its frames come from, `order` when it came into the table. */
const station = { port: u32, order: u32, seen: u64 };
const stations = hashTable({ keyWords: 2, value: station });

/** Click's hash of an address, of its three halves as they stand in memory. */
const hashOf = (address: Uint8Array): number => {
  const half = (i: number): number => (address[2 * i] as number) | ((address[2 * i + 1] as number) << 8);
  return (half(2) | (half(1) << 16)) ^ (half(0) << 9);
};

/** The address that a key is made of. */
const storedOf = ([low, high]: readonly number[]): Uint8Array =>
  storedEther(BigInt(low as number) | (BigInt(high as number) << 32n));

/** Whole seconds of a time. */
const secondsOf = (time: bigint): number => {
  const seconds = (time + second / 2n) / second;
  return seconds > 0xffffffffn ? 0xffffffff : Number(seconds);
};

export interface LearningSwitch {
  readonly ports: string;
  /** The last output has no input: it gets every frame. */
  readonly listens: boolean;
}

export function learningSwitch(name: string, { ports, listens }: LearningSwitch): ElementClass {
  return element({
    name,
    ports,
    processing: "h/h",
    flow: "#/[^#]",
    config: { TIMEOUT: keyword(arg.time, 300n * second) },
    // Frames come in bursts: the station of the last one is at hand.
    state: { stations, order: u32, timeout: u32, lastSource: anew(u64), lastEntry: anew(u32) },
    initial: ({ config }) => ({ timeout: secondsOf(config.TIMEOUT) }),
    handlers: {
      table: {
        kind: "table",
        read(s) {
          const entries = [...s.stations.entries()].map(({ key, value }) => ({
            address: storedOf(key()),
            port: value.port,
            order: value.order,
          }));
          return inListingOrder(
            entries.sort((a, b) => a.order - b.order),
            ({ address }) => hashOf(address),
          )
            .map(({ address, port }) => `${formatEtherAddress(address)} ${port}\n`)
            .join("");
        },
      },
      timeout: {
        kind: "gauge",
        unit: "s",
        read: (s) => s.timeout,
        write(s, text) {
          const long = /^\d{10,}$/.test(text.trim());
          s.timeout = long ? 0xffffffff : secondsOf(readAs(arg.time, text, "expected timeout (integer)"));
        },
      },
    },
    push(c, port, packet, { state, output, noutputs, packets }) {
      const { source, destination } = dataOf(packet).header(ethernet, () =>
        packet.drop("shorter than an Ethernet header"),
      );
      const table = state.stations;
      const forget = (entry: I32): void => {
        table.remove(entry);
        state.lastEntry.set(0);
      };
      const key = (address: I64) => [address.toI32(), address.shrU(32n).toI32()];
      const to = c.var("i32", -1, "to");
      const timeout = state.timeout.get();
      // Without a timeout, it is a hub.
      c.if(timeout, () => {
        const now = packet.timestamp.get();
        const lifetime = timeout.toI64().mul(second);
        const { lastSource, lastEntry } = state;
        const from = source.get();
        c.if(lastSource.get().ne(from).or(lastEntry.get().eqz()), () => {
          const entry = table.findOrAdd(key(from), (added) => {
            table.value(added).order.set(state.order.get());
            state.order.inc();
          });
          lastSource.set(from);
          lastEntry.set(entry);
        });
        const entry = lastEntry.get();
        c.if(entry, () => {
          const value = table.value(entry);
          value.port.set(port);
          value.seen.set(now);
          table.expiresAt(entry, now);
          c.if(table.length().gtU(mostStations), () => {
            const first = table.first();
            c.if(first, () => forget(first));
          });
        });
        const address = destination.get();
        c.if(isGroup(address).eqz(), () => {
          const found = table.find(key(address));
          c.if(found, () => {
            const { port: known, seen } = table.value(found);
            c.if(
              now.ltS(seen.get().add(lifetime)),
              () => to.set(known.get()),
              () => forget(found),
            );
          });
        });
      });
      const listener = noutputs - 1;
      const known = listens ? listener : noutputs;
      const forward = (i: number): void => {
        if (listens && i !== port) packets.copy(packet, (copy) => output(listener).push(copy));
        if (i !== port) output(i).push(packet);
        else if (listens) output(listener).push(packet);
        else packet.kill();
      };
      const broadcast = (frame: Packet): void => {
        const others = Array.from({ length: noutputs }, (_, i) => i).filter((i) => i !== port);
        const last = others.shift();
        for (const i of others.reverse()) packets.copy(frame, (copy) => output(i).push(copy));
        if (last === undefined) frame.kill();
        else output(last).push(frame);
      };
      c.switch(
        to.get(),
        Array.from({ length: known }, (_, i) => () => forward(i)),
        () => broadcast(packet),
      );
    },
  });
}
