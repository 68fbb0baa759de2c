/** How elements that replay packets send what they have loaded, round by round. */
import { type Packet, packetDescriptor } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type I64, staged } from "@clickos/codegen";
import { boundedBurst } from "./pull-task.ts";
import { keepTime, type ReplayContext, rewind } from "./replay-load.ts";

const second = 1_000_000_000n;
/** Longer pauses between two packets are cut to that: some two years, which times a hundred are below 2^63 ns. */
const longestPause = 1n << 56n;

/** Sends a burst, as far as it is time for it; how many packets. */
export function sendPackets(
  c: FunctionBuilder,
  context: ReplayContext,
  push: (packet: Packet) => void,
  timing?: I32,
): I32 {
  const { state, config, packets, clock } = context;
  const { packets: list, next, sent, stop } = state;
  const now = c.var("i64", clock.now(), "now");
  const count = c.var("i32", 0, "count");
  // Another configuration's element, whose packets it has, did not leave its place among them.
  c.if(next.get().eqz(), () => {
    rewind(state);
    state.restarted.set(1);
  });
  c.if(state.restarted.get(), () => keepTime(c, state, now.get()));
  const givesAway = config.FREEONTERMINATE
    ? undefined
    : c.var("i32", stop.get().eq(1).and(sent.get().eqz()), "givesAway");
  c.loop(() => {
    c.if(count.get().geU(boundedBurst(c, c.i32(config.BURST))), () => c.break());
    c.if(sent.get().geU(list.length()), () => c.break());
    if (timing) wait(c, context, timing, now.get());
    const copyNext = (): void => {
      const address = c.var("i32", next.get(), "address");
      next.set(c.load32(address.get(), packetDescriptor.offsets.next));
      sent.inc();
      packets.take(address.get(), (packet) => {
        packets.copy(packet, push);
        packet.store();
      });
    };
    count.inc();
    if (!givesAway) copyNext();
    else
      c.if(
        givesAway.get(),
        () => {
          const address = c.var("i32", list.shiftOrZero(), "address");
          next.set(list.first());
          packets.take(address.get(), push);
        },
        copyNext,
      );
  });
  c.if(
    sent.get().geU(list.length()),
    () => {
      endRound(c, context, now.get());
      // Rounds without packets are counted too, while their number is limited: the task does not sleep.
      c.if(stop.get().gtS(0), () => count.set(1));
    },
    () => {
      if (config.STOP_TIME > 0)
        c.if(count.get().eqz().and(seconds(state.start.get(), now.get()).geS(config.STOP_TIME)), () =>
          endReplay(context),
        );
    },
  );
  return count.get();
}

/** Leaves the loop around it where it is not time yet for the next packet; the timer says when it is. */
function wait(c: FunctionBuilder, { state, config, timer, task }: ReplayContext, timing: I32, now: I64): void {
  const speed = timing.toI64();
  c.if(timing, () => {
    const after = staged(c, packetDescriptor, state.next.get()).timestamp.get().sub(state.loopTime.get());
    const pause = c.select(after.gtS(longestPause), c.i64(longestPause), after);
    c.if(pause.gtS(0n), () => {
      const rest = pause.remU(speed).mul(100n).add(speed).sub(1n).divU(speed);
      const due = c.var("i64", pause.divU(speed).mul(100n).add(rest).add(state.loopStart.get()), "due");
      c.if(due.get().gtS(now), () => {
        if (config.STOP_TIME > 0) {
          const last = state.start.get().add(BigInt(config.STOP_TIME) * second);
          c.if(last.ltS(due.get()), () => due.set(last));
        }
        timer.at(due.get());
        task.unschedule();
        c.break();
      });
    });
  });
}

const seconds = (from: I64, to: I64): I32 => to.sub(from).divS(second).toI32();

/** All packets were sent: the next round begins, or it was the last one. */
function endRound(c: FunctionBuilder, context: ReplayContext, now: I64): void {
  const { state, config, line, name, className } = context;
  const { stop } = state;
  rewind(state);
  keepTime(c, state, now);
  const say = (write: (out: ReturnType<typeof line>) => void): void => {
    if (!config.VERBOSE) return;
    const out = line();
    write(out);
    out.end();
  };
  const countDown = (): void => c.if(stop.get().gtS(0), () => stop.inc(-1));
  const title = `${name} :: ${className}: `;
  if (config.STOP_TIME === 0) {
    say((out) => out.text(`${title}Replay loop (`).signed(stop.get()).text(" loops left)"));
    countDown();
    c.if(stop.get().eqz(), () => say((out) => out.text(`${title}stopped because there is 0 loops left`)));
  } else {
    const elapsed = seconds(state.start.get(), now);
    const ofTime = `/${config.STOP_TIME} seconds`;
    c.if(
      elapsed.geS(config.STOP_TIME),
      () => {
        say((out) =>
          out.text("Replay stopped after ").signed(elapsed).text(" seconds (").signed(stop.get()).text(" loops left)"),
        );
        stop.set(0);
      },
      () => {
        say((out) =>
          out
            .text(`${title}continue after `)
            .signed(elapsed)
            .text(`${ofTime} (`)
            .signed(stop.get())
            .text(" loops left)"),
        );
        countDown();
        c.if(stop.get().eqz(), () =>
          say((out) =>
            out.text(`${title}stopped early after `).signed(elapsed).text(`${ofTime} because there is 0 loops left`),
          ),
        );
      },
    );
  }
  c.if(stop.get().eqz(), () => endReplay(context));
}

/** Asks the driver to stop; \`active\` has it begin again. */
export function endReplay({ state, stop, task }: ReplayContext): void {
  stop();
  state.active.set(0);
  state.start.set(0n);
  task.unschedule();
}
