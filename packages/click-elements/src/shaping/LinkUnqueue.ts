/**
 * LinkUnqueue(LATENCY, BANDWIDTH) — pulls packets and pushes them as they would come out of a serial link.
 *
 * A packet takes LATENCY to go through, and its length by BANDWIDTH (such as 384kbps, at least 100 bytes a second) to go in; a
 * packet behind another goes in when that is in. Those that are on the link are held here; others are not pulled. The extra length
 * annotation counts as length. A packet's timestamp becomes the time at which it is due.
 *
 * Handlers: latency, bandwidth (read; write: empties the link, too), size (read): packets on the link; reset (write): drops them.
 *
 *   ... -> Queue(100) -> LinkUnqueue(20ms, 1Mbps) -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HandlerContext,
  type HostPacketList,
  packetDescriptor,
  packetList,
  required,
} from "@clickos/click-core/element";
import type { I32, I64 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { readValue } from "../lib/handlers.ts";
import { packetsPerTurn } from "../lib/pull-task.ts";
import { Storage } from "../lib/storage.ts";
import { formatInterval } from "../lib/time.ts";

/** Click keeps the bandwidth in hundreds of bytes a second, and times in microseconds. */
const unit = 100;
const microsecond = 1000n;
const tooSmall = "bandwidth too small, minimum 100Bps";
const unlimited = 0x7fffffff;

type State = { readonly packets: HostPacketList; backToBack: number };

/** Drops what is on the link. */
function empty(
  s: State,
  { free, setTimer, schedule }: Pick<HandlerContext<unknown, unknown>, "free" | "setTimer" | "schedule">,
): void {
  for (let address = s.packets.shiftOrZero(); address !== 0; address = s.packets.shiftOrZero()) free(address);
  setTimer(undefined);
  schedule();
}

export const LinkUnqueue: ElementClass = element({
  name: "LinkUnqueue",
  ports: "1/1",
  processing: "l/h",
  config: { LATENCY: required(arg.time), BANDWIDTH: required(arg.bandwidth) },
  prepare({ config, error }) {
    if (config.BANDWIDTH < unit) error(tooSmall);
  },
  state: { packets: packetList, latency: u64, bandwidth: u32, lastDue: u64, backToBack: u32 },
  initial: ({ config }) => ({ latency: config.LATENCY, bandwidth: Math.floor(config.BANDWIDTH / unit) }),
  offers: (offer) => [
    offer(
      Storage,
      (c, { state }) => ({ length: () => state.packets.length(), capacity: () => c.i32(unlimited) }),
      (s) => ({ length: s.packets.length, capacity: unlimited }),
    ),
  ],
  handlers: {
    latency: {
      flags: ".",
      read: (s) => formatInterval(s.latency),
      write(s, text, context) {
        s.latency = readValue(arg.time, text, "latency must be a timestamp");
        empty(s, context);
      },
    },
    bandwidth: {
      flags: ".",
      kind: "rate",
      unit: "bytes/s",
      read: (s) => s.bandwidth * unit,
      write(s, text, context) {
        const bandwidth = readValue(arg.bandwidth, text, "invalid bandwidth");
        if (bandwidth < unit) throw tooSmall;
        s.bandwidth = Math.floor(bandwidth / unit);
        empty(s, context);
      },
    },
    size: { gauge: "packets", unit: "packets" },
    reset: { write: (s, _text, context) => empty(s, context) },
  },
  timer: (_c, { task }) => task.schedule(),
  task(c, { state, clock, input, output, packets, timer, task, mayPull }) {
    const { packets: link, lastDue, backToBack } = state;
    const worked = c.var("i32", 0, "worked");
    const now = clock.now();
    const entered = now.add(state.latency.get());
    const dueOf = (address: I32): I64 => c.load64(address, packetDescriptor.offsets.timestamp);
    c.loop(() => {
      c.if(link.length().ne(0).and(lastDue.get().gtS(entered)), () => c.break());
      input(0).pull(
        (packet) => {
          const length = packet.length.add(packet.annotation32(annotation.extraLength).get());
          const delay = length.mul(10_000).divU(state.bandwidth.get()).toI64().mul(microsecond);
          const behind = link.length().ne(0).and(backToBack.get());
          const due = c.select(behind, lastDue.get(), entered).add(delay);
          packet.timestamp.set(due);
          lastDue.set(due);
          backToBack.set(1);
          worked.inc();
          link.append(packet);
        },
        () => {
          backToBack.set(0);
          c.break();
        },
      );
      // Everything else has a turn too.
      c.if(worked.get().eq(packetsPerTurn), () => c.break());
    });
    c.loop(() => {
      const first = link.first();
      c.if(first.eqz(), () => c.break());
      c.if(dueOf(first).gtS(now), () => c.break());
      worked.inc();
      packets.take(link.shiftOrZero(), (packet) => output(0).push(packet));
    });
    const first = link.first();
    c.if(
      first,
      () => {
        const next = c.var("i64", dueOf(first), "next");
        const room = lastDue.get().sub(state.latency.get());
        c.if(mayPull(0).and(room.ltS(next.get())), () => next.set(room));
        c.if(next.get().gtS(now), () => {
          timer.at(next.get());
          task.unschedule();
        });
      },
      () => c.if(mayPull(0).eqz(), () => task.unschedule()),
    );
    return worked.get();
  },
});
