/** The timer of a PPPoE server: requests that were not answered are sent again, hosts are asked whether they are there, sessions end. */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { sendOwn } from "./ppp-frames.ts";
import { agreed, phases, type ServerContext, sessionAt } from "./session-state.ts";
import { hangUp } from "./sessions.ts";

const second = 1_000_000_000n;
/** Every session is looked at once a second, a part of them at each turn. */
const turns = 20;
/** A request is sent again after so many looks, and the session given up that is not open after so many. */
const again = 3;
const patience = 30;

export function watch(c: FunctionBuilder, context: ServerContext): void {
  const { state, timer } = context;
  const { used, cursor } = state;
  const share = used
    .get()
    .add(turns - 1)
    .divU(turns);
  c.for(0, share, 1, () => {
    const number = c.var("i32", cursor.get().add(1), "number").get();
    c.if(number.gtU(used.get()), () => {
      cursor.set(0);
      c.break();
    });
    cursor.set(number);
    look(c, number, context);
  });
  timer.after(second / BigInt(turns));
}

function look(c: FunctionBuilder, number: I32, context: ServerContext): void {
  const { config, clock } = context;
  const its = sessionAt(context, number);
  const phase = its.phase.get();
  c.if(phase.eq(phases.free), () => c.continue());
  c.if(its.closing.get(), () => {
    hangUp(c, number, context);
    c.continue();
  });
  c.if(phase.eq(phases.open), () => {
    const due = its.heard.get().add(its.missed.get().add(1).toI64().mul(config.ECHO_INTERVAL));
    c.if(clock.now().ltU(due), () => c.continue());
    c.if(its.missed.get().geU(config.ECHO_FAILURES), () => {
      hangUp(c, number, context);
      c.continue();
    });
    its.missed.inc();
    sendOwn(context, number, "echo");
    c.continue();
  });
  const tries = its.tries.get().add(1);
  its.tries.set(tries);
  c.if(tries.geU(patience), () => {
    hangUp(c, number, context);
    c.continue();
  });
  const waits = tries.remU(again).eqz();
  c.if(waits.and(phase.eq(phases.link)).and(its.agreed.get().and(agreed.ourLink).eqz()), () =>
    c.if(
      its.agreed.get().and(agreed.plain),
      () => sendOwn(context, number, "plainLink"),
      () => sendOwn(context, number, "link"),
    ),
  );
  c.if(waits.and(phase.eq(phases.network)).and(its.agreed.get().and(agreed.ourNetwork).eqz()), () =>
    sendOwn(context, number, "network"),
  );
}
