/** Elements that push, or answer pulls with, the packets that their host side makes, one each time they are asked. */
import { type ElementContext, maximumFrame, type Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";

type HostSource = ElementContext<unknown, unknown, Record<never, never>>;

/** Packets of one turn that may leave on another output before one leaves on the first. */
const refusedPerTurn = 16;

/** Gets one packet from the host: `some` has it. `asleep` is called where the host has none before it schedules the element. */
export function nextPacket(
  c: FunctionBuilder,
  { packets, service }: Pick<HostSource, "packets" | "service">,
  some: (packet: Packet) => void,
  asleep?: () => void,
): void {
  packets.make(0, (packet) => {
    const length = service.fill(packet, maximumFrame);
    if (asleep) c.if(length.eq(-1).or(length.eq(-3)), asleep);
    // None in this turn, perhaps: the task is still scheduled, and asks again in the next.
    c.if(length.ltS(0), () => packet.kill());
    packets.room(packet, { tail: length }, (packet) => {
      c.if(length.gtU(maximumFrame), () => service.refill(packet));
      packet.setLength(length);
      some(packet);
    });
  });
}

/** The same, where packets that the host refuses leave on output 1, if there is one. */
function nextAccepted(
  c: FunctionBuilder,
  context: HostSource,
  some: (packet: Packet) => void,
  asleep?: () => void,
): void {
  if (context.noutputs < 2) {
    nextPacket(c, context, some, asleep);
    return;
  }
  c.for(0, refusedPerTurn, 1, () => {
    const refused = c.var("i32", 0, "refused");
    nextPacket(
      c,
      context,
      (packet) => {
        refused.set(context.service.port());
        c.if(
          refused.get(),
          () => context.output(1).push(packet),
          () => some(packet),
        );
      },
      asleep,
    );
    c.if(refused.get().eqz(), () => c.break());
  });
}

/** A task that pushes a packet, and sleeps when the host has none; `sent` is staged behind a packet that left on output 0. */
export function pushFromHost(c: FunctionBuilder, context: HostSource, sent?: () => void): I32 {
  const worked = c.var("i32", 1, "worked");
  nextAccepted(
    c,
    context,
    (packet) => {
      context.output(0).push(packet);
      sent?.();
    },
    () => {
      context.task.unschedule();
      worked.set(0);
    },
  );
  return worked.get();
}

/** Answers a pull; `found` is staged before a packet that leaves on output 0. */
export function pullFromHost(c: FunctionBuilder, context: HostSource, found?: () => void): void {
  nextAccepted(
    c,
    context,
    (packet) => {
      found?.();
      context.output(0).push(packet);
    },
    () => context.emptyNote.sleep(),
  );
}

/** What an element does whose host side reads packets of a file. */
export interface FileSourceActions {
  files(config: { readonly FILENAME: string }): { readonly reads?: string };
  startsScheduled(context: { readonly config: { readonly ACTIVE: boolean } }): boolean;
  hasTask(context: { readonly outputIsPush: boolean }): boolean;
  readonly notifier: { readonly empty: true };
  pull(c: FunctionBuilder, port: number, context: HostSource): void;
  task(c: FunctionBuilder, context: HostSource): I32;
}

/**
 * The actions of a source that is told what to read by FILENAME, where `-` is standard input, and whether to begin by ACTIVE. `each` is
 * staged with each packet that leaves on output 0.
 */
export function fileSource(each?: (context: HostSource) => void): FileSourceActions {
  return {
    files: ({ FILENAME }) => (FILENAME === "" || FILENAME === "-" ? {} : { reads: FILENAME }),
    startsScheduled: ({ config }) => config.ACTIVE,
    hasTask: ({ outputIsPush }) => outputIsPush,
    notifier: { empty: true },
    pull: (c, _port, context) => pullFromHost(c, context, each && (() => each(context))),
    task: (c, context) => pushFromHost(c, context, each && (() => each(context))),
  };
}
