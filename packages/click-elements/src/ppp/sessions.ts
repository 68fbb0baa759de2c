/** Sessions of a PPPoE server come, belong to a subscriber, and go. */
import { tokenRate } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { sendOwn } from "./ppp-frames.ts";
import { phases, type ServerContext, sessionAt, trafficFields } from "./session-state.ts";

const hostKey = (host: I64): I32[] => [host.toI32(), host.shrU(32n).toI32()];

/** A session for a host, whose former one ends; its number, or 0 where there is none. */
export function beginSession(c: FunctionBuilder, host: I64, context: ServerContext): I32 {
  const { state, plan, clock, random } = context;
  const { hosts, sessions, spare, used } = state;
  const former = c.var("i32", hosts.find(hostKey(host)), "former");
  c.if(former.get(), () => {
    const number = c.var("i32", hosts.value(former.get()).number.get(), "ended");
    endSession(c, number.get(), context);
  });
  const number = c.var("i32", spare.get(), "number");
  c.if(
    number.get(),
    () => spare.set(sessions.at(number.get().sub(1)).next.get()),
    () =>
      c.if(used.get().ltU(plan.capacity), () => {
        used.inc();
        number.set(used.get());
      }),
  );
  c.if(number.get(), () => {
    const entry = c.var("i32", hosts.findOrAdd(hostKey(host)), "host");
    c.if(
      entry.get(),
      () => {
        hosts.value(entry.get()).number.set(number.get());
        const its = sessionAt(context, number.get());
        for (const field of ["address", "user", "agreed", "missed", "tries", "closing"] as const) its[field].set(0);
        for (const field of trafficFields) its[field].set(0n);
        its.mac.set(host);
        its.heard.set(clock.now());
        its.magic.set(random());
        its.phase.set(phases.link);
        state.begun.inc();
      },
      () => {
        sessions.at(number.get().sub(1)).next.set(spare.get());
        spare.set(number.get());
        number.set(0);
      },
    );
  });
  return number.get();
}

/** Ends a session: its counts are the subscriber's. */
export function endSession(c: FunctionBuilder, number: I32, context: ServerContext): void {
  const { state } = context;
  const { hosts, addresses, users, spare } = state;
  const its = sessionAt(context, number);
  const entry = c.var("i32", hosts.find(hostKey(its.mac.get())), "host");
  c.if(entry.get(), () => hosts.remove(entry.get()));
  c.if(its.phase.get().geU(phases.network), () => {
    const user = users.at(its.user.get());
    for (const field of trafficFields) user[field].inc(its[field].get());
    user.session.set(0);
    const address = c.var("i32", addresses.find([its.address.get()]), "address");
    c.if(address.get(), () => addresses.remove(address.get()));
  });
  its.phase.set(phases.free);
  its.next.set(spare.get());
  spare.set(number);
  state.ended.inc();
}

/** Ends a session, and tells its host. */
export function hangUp(c: FunctionBuilder, number: I32, context: ServerContext): void {
  sendOwn(context, number, "end");
  endSession(c, number, context);
}

/** Gives a session to a subscriber, whose former one ends. 0 where there is no memory. */
export function belongTo(c: FunctionBuilder, number: I32, user: I32, context: ServerContext): I32 {
  const { addresses, users } = context.state;
  const owner = users.at(user);
  const former = c.var("i32", owner.session.get(), "former");
  c.if(former.get(), () => hangUp(c, former.get(), context));
  const entry = c.var("i32", addresses.findOrAdd([owner.address.get()]), "entry");
  c.if(entry.get(), () => {
    addresses.value(entry.get()).number.set(number);
    owner.session.set(number);
    owner.sessions.inc();
    const its = sessionAt(context, number);
    its.user.set(user);
    its.address.set(owner.address.get());
    its.phase.set(phases.network);
    its.tries.set(0);
    for (const [rate, count] of [
      ["upRate", "upCount"],
      ["downRate", "downCount"],
    ] as const) {
      for (let at = 0; at < tokenRate.size; at += 4) c.store32(its[rate].at, c.load32(owner[rate].at, at), at);
      its[count].start(its[rate]);
    }
  });
  return entry.get();
}
