/**
 * EtherSpanTree(ADDR, INPUT_SUPPRESSOR, OUTPUT_SUPPRESSOR, SWITCH) — the spanning tree protocol for an Ethernet switch.
 *
 * Takes the messages of other bridges at the inputs, one for each port of the switch, and sends its own on the outputs, every two
 * seconds or as often as the root says. By them it finds the ports that would close a loop, and has the two Suppressors, which stand
 * before and behind the EtherSwitch named SWITCH, stop those. A port that comes into use listens and learns first. ADDR is the
 * switch's own address; its priority is such that it becomes the root only where there is no other. A message that is too short is
 * dropped.
 *
 * Handlers: msgs (read): the last message of each port, and the best one.
 *
 *   t :: EtherSpanTree(02:00:00:00:00:01, in, out, sw); in, out :: Suppressor; sw :: EtherSwitch;
 *   FromDevice(0) -> c0 :: Classifier(14/4242, -) -> [0] t [0] -> q0 :: Queue -> ToDevice(0);
 *   FromDevice(1) -> c1 :: Classifier(14/4242, -) -> [1] t [1] -> q1 :: Queue -> ToDevice(1);
 *   c0 [1] -> [0] in [0] -> [0] sw [0] -> [0] out [0] -> q0; c1 [1] -> [1] in [1] -> [1] sw [1] -> [1] out [1] -> q1;
 *
 * IEEE 802.1D-1998, section 8.
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  type ElementKind,
  element,
  type NamedElement,
  type Peer,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { array, struct, u32, u64 } from "@clickos/layout";
import { bridgeGroupAddress, bridgeMessage, bridgeMessageLengths, bridgeMessageTypes } from "@clickos/wire/bridge";
import { ethernet } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";
import { type StagedSuppression, Suppression } from "../lib/suppression.ts";
import {
  assign,
  compare,
  forever,
  message,
  messageText,
  readMessage,
  type StagedMessage,
  spoil,
  writeMessage,
} from "./bridge-messages.ts";

const second = 1_000_000_000n;
/** Such that another bridge is the root, if there is one. */
const priority = 0xdeadn;
/** Of a bridge that is the root: seconds. */
const times = { maxAge: 20, helloTime: 2, forwardDelay: 15 };
/** A frame without its padding is shorter than Ethernet's least. */
const frameSize = 60;

/** A port's states, in the order in which it goes through them. */
const [block, listen, learn, forward] = [0, 1, 2, 3];

const port = struct({ since: u64, state: u32, message }, { name: "port" });
const stateOf = (ports: number) => ({ ports: array(port, Math.max(ports, 1)), best: message, sendChange: u32 });

interface Suppressors {
  readonly input: Peer<StagedSuppression, unknown> | undefined;
  readonly output: Peer<StagedSuppression, unknown> | undefined;
}
interface Plan {
  /** The switch's identifier: its priority, and its address. */
  readonly identifier: bigint;
}
type Context = ElementContext<{ readonly ADDR: Uint8Array }, Plan, ReturnType<typeof stateOf>, Suppressors>;

const kind = (type: string): ElementKind => ({ type, is: ({ className }: NamedElement) => className === type });

/** The message of a bridge that is the root itself. */
function resetBest({ state: { best }, plan }: Context): void {
  best.root.set(plan.identifier);
  best.bridge.set(plan.identifier);
  best.cost.set(0);
  best.time.set(forever);
  best.tc.set(0);
  best.maxAge.set(times.maxAge);
  best.helloTime.set(times.helloTime);
  best.forwardDelay.set(times.forwardDelay);
}

/** Has a port go to a state, or towards it. */
function setState(c: FunctionBuilder, context: Context, i: I32, to: number): void {
  const { state, clock, line, peers, peer } = context;
  const own = state.ports.at(i);
  const before = own.state.get();
  const say = (text: string): void => {
    line().text(`Setting send_tc_msg: ${text} on `).decimal(i).end();
    state.sendChange.set(1);
  };
  c.if(before.ne(to), () => {
    const next = c.var("i32", to, "next");
    if (to === forward) {
      c.if(before.eq(block), () => say("BLOCK -> FORWARD"));
      next.set(before.add(1));
    } else say("FORWARD -> BLOCK");
    const after = next.get();
    line().text("Changing port ").decimal(i).text(" from ").decimal(before).text(" to ").decimal(after).end();
    own.state.set(after);
    own.since.set(clock.now());
    if (peers.input) peer(peers.input).suppress(i, after.ltU(learn));
    if (peers.output) peer(peers.output).suppress(i, after.ltU(forward));
  });
}

/** Finds the root, and the ports that are of the tree. */
function findTree(c: FunctionBuilder, context: Context): void {
  const { state, plan, noutputs } = context;
  const { best } = state;
  const rootPort = c.var("i32", -1, "rootPort");
  resetBest(context);
  c.for(0, noutputs, 1, (i) => {
    const its = state.ports.at(i).message;
    // By this port, the root is one further.
    its.cost.inc();
    c.if(compare(c, best, its).ltS(0), () => {
      assign(best, its);
      rootPort.set(i);
    });
    its.cost.inc(-1);
  });
  c.for(0, noutputs, 1, (i) => {
    const own = state.ports.at(i);
    const restore = (): void => c.if(own.state.get().eq(block), () => setState(c, context, i, forward));
    c.if(
      i.eq(rootPort.get()),
      restore,
      // Others are of the tree where no better message came in than would be sent.
      () => {
        const better = compare(c, best, own.message, { bridge: c.i64(plan.identifier), port: i });
        c.if(better.ltS(0), () => setState(c, context, i, block), restore);
      },
    );
  });
}

/** Sends the best message on a port, unless the one that came in there is better. */
function sendMessage(c: FunctionBuilder, context: Context, i: number): void {
  const { state, config, plan, packets, output, clock } = context;
  const { best } = state;
  const order = compare(c, best, state.ports.at(i).message);
  c.if(order.gtS(0).or(order.eqz().and(state.sendChange.get())), () => {
    const isChange = order.eqz();
    packets.make(frameSize, (packet) => {
      c.fill(packet.data, 0, frameSize);
      const frame = dataOf(packet).header(ethernet, "stated");
      const length = c.select(
        isChange,
        c.i32(bridgeMessageLengths.topologyChange),
        c.i32(bridgeMessageLengths.configuration),
      );
      frame.emit({ destination: bridgeGroupAddress, source: config.ADDR, etherType: length });
      const header = frame.payload("stated").header(bridgeMessage, "stated");
      header.emit({});
      c.if(
        isChange,
        () => header.type.set(bridgeMessageTypes.topologyChange),
        () => writeMessage(c, header, best, { bridge: plan.identifier, port: i, now: () => clock.now() }),
      );
      output(i).push(packet);
    });
  });
}

const config = {
  ADDR: required(arg.etherAddress),
  INPUT_SUPPRESSOR: required(arg.elementName(kind("Suppressor"))),
  OUTPUT_SUPPRESSOR: required(arg.elementName(kind("Suppressor"))),
  SWITCH: required(arg.elementName(kind("EtherSwitch"))),
};

export const EtherSpanTree: ElementClass = element<typeof config, Plan, ReturnType<typeof stateOf>, Suppressors>({
  name: "EtherSpanTree",
  ports: "-/=",
  processing: "h/h",
  config,
  prepare: ({ config }) => ({
    // The bytes of the address are those of a number of little end: Click's.
    identifier: (priority << 48n) | [...config.ADDR].reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n),
  }),
  peers: ({ config, named }) => ({
    input: named(config.INPUT_SUPPRESSOR.name, Suppression),
    output: named(config.OUTPUT_SUPPRESSOR.name, Suppression),
  }),
  state: ({ noutputs }) => stateOf(noutputs),
  handlers: {
    msgs: {
      kind: "table",
      read: (s, { noutputs }) =>
        [...Array.from({ length: noutputs }, (_, i) => s.ports[i]?.message), s.best]
          .map((its) => (its ? `${messageText(its)}\n` : ""))
          .join(""),
    },
  },
  endless: () => true,
  init(c, context) {
    const { state, noutputs, timer } = context;
    c.for(0, noutputs, 1, (i) => {
      spoil(state.ports.at(i).message);
      setState(c, context, i, forward);
    });
    resetBest(context);
    timer.after(BigInt(times.helloTime) * second);
  },
  timer(c, context) {
    const { state, noutputs, clock, line, timer } = context;
    const seconds = (n: I32) => n.toI64().mul(second);
    const now = clock.now();
    const cutoff = now.sub(seconds(state.best.forwardDelay.get()));
    c.for(0, noutputs, 1, (i) => {
      const own = state.ports.at(i);
      const waits = own.state.get().eq(listen).or(own.state.get().eq(learn));
      c.if(waits.and(own.since.get().ltS(cutoff)), () => setState(c, context, i, forward));
    });
    const oldest = clock.now().sub(seconds(state.best.maxAge.get()));
    c.for(0, noutputs, 1, (i) => {
      const its: StagedMessage = state.ports.at(i).message;
      c.if(its.time.get().leS(oldest), () => {
        spoil(its);
        line().text("Expiring message on port ").decimal(i).end();
      });
    });
    findTree(c, context);
    for (let i = 0; i < noutputs; i++) sendMessage(c, context, i);
    timer.after(seconds(state.best.helloTime.get()));
  },
  push(c, i, packet, context) {
    const { state, clock } = context;
    const header = dataOf(packet)
      .need(ethernet.size + bridgeMessage.size, () => packet.drop("shorter than a bridge message"))
      .advance(ethernet.size)
      .header(bridgeMessage);
    const own = state.ports.at(i).message;
    const came = readMessage(header);
    // One that is as good as the last one says that this is still so.
    c.if(compare(c, own, came).leS(0), () => {
      assign(own, came);
      const age = header.messageAge.get().mul(1_000_000).shrU(8).toI64().mul(1000n);
      own.time.set(clock.now().sub(age));
      c.if(header.tca.isSet(), () => state.sendChange.set(0));
    });
    findTree(c, context);
    packet.kill();
  },
});
