/** What element code is given: its outputs and inputs, packets, time, devices, in the terms of its place in the graph. */
import { type Func, type FunctionBuilder, type I32, type I32Like, type I64, staged, type Var } from "@clickos/codegen";
import type { Struct } from "@clickos/layout";
import type { ElementContext, InputPort, OutputPort, PacketPool, StagedTimer } from "../element/element.ts";
import { ElementDefinitionError, type Ownership } from "../element/ownership.ts";
import {
  clearAnnotations,
  dataOffset,
  loadParts,
  Packet,
  type PacketParts,
  packetDescriptor,
  packetParts,
  packetWords,
  saveParts,
} from "../element/packet.ts";
import { offerOf } from "../element/peer.ts";
import { TextLine } from "../structures/text-line.ts";
import { drawChance, drawSecret, seedChance } from "./chance.ts";
import type { ElementInstance } from "./check.ts";
import { ElementNote, ElementTask, ElementTimer, RunningTask } from "./element-parts.ts";
import type { ElementPlace, NoteKind } from "./element-place.ts";
import { bufferFor, copyTo, moveToRoom } from "./packet-copy.ts";
import { routerControl, type StagedDevice, type StagedPool } from "./platform.ts";
import { usesSeed } from "./seed.ts";

/** Called in place of the real thing where element code pushes and pulls. */
export interface Wiring {
  push(c: FunctionBuilder, element: number, port: number, parts: PacketParts): void;
  pull(c: FunctionBuilder, element: number, port: number, sink: (parts: PacketParts) => void): void;
  data(bytes: Uint8Array, align: number): number;
  drop(element: number, reason: string): number;
}

const kindOf = (direction: "upstream" | "downstream"): NoteKind => (direction === "upstream" ? "empty" : "full");

/** A packet in an element's hands; ending it counts the reason and frees the buffer. */
export function elementPacket(
  place: ElementPlace,
  c: FunctionBuilder,
  e: ElementInstance,
  parts: PacketParts,
  ownership: Ownership,
  wiring: Wiring,
): Packet {
  return new Packet(c, parts, ownership, (packet, reason) => {
    const { address } = packet.parts;
    const { recorder } = place.platform;
    if (typeof reason === "string") {
      recorder?.end(c, { kind: "drop", element: e.index, reason }, packet.parts);
      c.call(dropFunction(c, place.pool), address, wiring.drop(e.index, reason));
    } else {
      recorder?.end(c, { kind: "kill", element: e.index }, packet.parts, reason);
      place.pool.free(c, address);
    }
  });
}

/** Counts a dropped packet and frees its buffer: seldom done, so that its code is there once. */
function dropFunction({ module }: FunctionBuilder, pool: StagedPool): Func<undefined> {
  return module.once("drop", () =>
    module.func("drop", { address: "i32", counter: "i32" }, undefined, (c, { address, counter }) => {
      c.store64(counter, c.load64(counter).add(1n));
      pool.free(c, address);
    }),
  );
}

/** What pieces of code differ in: `sink` takes the answer to a pull; `stays` is whether the task that the code is stays scheduled. */
interface Piece {
  readonly sink?: ((parts: PacketParts) => void) | undefined;
  readonly stays?: Var<"i32"> | undefined;
}

/** The context of one piece of an element's code. */
export function elementContext(
  place: ElementPlace,
  c: FunctionBuilder,
  e: ElementInstance,
  ownership: Ownership,
  wiring: Wiring,
  { sink, stays }: Piece = {},
): ElementContext<any, any, any> {
  const state = place.states[e.index] as { address: number; layout: Struct<any> };
  const now = (readings = 1): I64 => {
    const time = c.load64(place.control, routerControl.offsets.now);
    if (place.platform.exactClock) c.store64(place.control, time.add(BigInt(readings)), routerControl.offsets.now);
    return time;
  };
  const give = (parts: PacketParts, body: (packet: Packet) => void): void => {
    const packet = elementPacket(place, c, e, parts, ownership, wiring);
    ownership.scope(packet, () => body(packet));
  };
  const timerAt = (number: I32Like): StagedTimer => new ElementTimer(c, place, e, number, now);
  const output = (port: number): OutputPort => ({
    connected: port < e.outputs.length,
    push: (packet, reason) => {
      if (port >= e.outputs.length) {
        if (reason === undefined) packet.kill();
        else packet.drop(reason);
      } else if (e.outputs[port] === "push") wiring.push(c, e.index, port, packet.take("pushed"));
      else if (sink) sink(packet.take("answered to a pull"));
      else throw new ElementDefinitionError(`${e.class.name}: pushes to output ${port}, which is pull`);
    },
  });
  const input = (port: number): InputPort => ({
    pull: (some, none) => {
      const found = packetParts(c, c.i32(0), () => 0);
      const pulled = c.var("i32", 0, "pulled");
      wiring.pull(c, e.index, port, (parts) => {
        pulled.set(parts.address);
        for (const word of packetWords) found[word].set(parts[word].get());
      });
      const address = pulled.get();
      c.if(address, () => give({ ...found, address }, some), none);
    },
  });
  /** A packet in a buffer that was free. */
  const make = (address: I32, data: I32, length: I32): PacketParts => {
    clearAnnotations(c, address);
    return packetParts(c, address, (word) => ({ data, length, network: 0, transport: 0 })[word]);
  };
  const random = (): I32 => {
    // xorshift64*, Vigna 2016.
    usesSeed(c);
    const seed = staged(c, routerControl, place.control).random;
    let x = seed.get();
    x = x.xor(x.shrU(12n));
    x = x.xor(x.shl(25n));
    x = x.xor(x.shrU(27n));
    seed.set(x);
    return x.mul(0x2545f4914f6cdd1dn).shrU(32n).toI32();
  };
  const anySignal = (port: number, direction: "upstream" | "downstream"): I32 => {
    const signals = place.signals(e.index, port, direction);
    if (signals.busy) return c.i32(1);
    let any = c.i32(0);
    for (const index of signals.elements) any = any.or(c.load32(place.note(index, kindOf(direction)) as number));
    return any;
  };
  return {
    name: e.source.name,
    task: stays ? new RunningTask(stays) : new ElementTask(c, place, e.index),
    emptyNote: new ElementNote(c, place, e, "empty"),
    fullNote: new ElementNote(c, place, e, "full"),
    mayPull: (port) => anySignal(port, "upstream"),
    mayPush: (port) => anySignal(port, "downstream"),
    random,
    chance: () => {
      usesSeed(c);
      return drawChance(c, place.control);
    },
    secret: () => drawSecret(c, place.control, random),
    seedChance: (seed) => seedChance(c, place.control, seed),
    config: e.config,
    plan: e.plan,
    peers: e.peers,
    peer: (peer) => {
      const other = place.elements[peer.element] as ElementInstance;
      // Its own ports answer no pull of this element's.
      return offerOf(other.class, peer.to)?.stage(c, elementContext(place, c, other, ownership, wiring)) as never;
    },
    state: staged(c, state.layout, state.address),
    ninputs: e.inputs.length,
    noutputs: e.outputs.length,
    exact: place.platform.exactTasks ?? false,
    input,
    output,
    isPush: (port) => e.outputs[port] !== "pull",
    inputIsPush: (port) => e.inputs[port] !== "pull",
    clock: { now },
    // Made when they are asked for: most elements want few of them.
    get packets(): PacketPool {
      return {
        make: (length, some, none) => {
          const bytes = c.i32(length);
          const address = bufferFor(c, place.pool, bytes);
          const made = (): void => {
            if (place.platform.followsFrames) c.store32(address, 0, packetDescriptor.offsets.frame);
            give(make(address, address.add(dataOffset), bytes), some);
          };
          c.if(address, made, none);
        },
        copy: (packet, some) => {
          const offset = packet.data.sub(packet.address);
          // What was received starts there at the earliest.
          const received = packet.address.add(dataOffset);
          const start = c.select(packet.data.ltU(received), packet.data, received);
          const address = c.var("i32", 0, "copy");
          c.if(
            place.pool.isLarge(c, packet.address),
            () => address.set(place.pool.allocateLarge(c, packet.bufferEnd.sub(packet.address).sub(dataOffset))),
            () => address.set(place.pool.allocate(c)),
          );
          const copy = address.get();
          c.if(copy, () => {
            const { frame } = packetDescriptor.offsets;
            if (place.platform.followsFrames) c.store32(copy, c.load32(packet.address, frame), frame);
            give(copyTo(c, packet, start, copy, copy.add(offset)), some);
          });
        },
        room: (packet, { head = 0, tail = 0 }, some) => {
          const [front, back] = [c.i32(head), c.i32(tail)];
          let enough = front.leU(packet.headroom);
          if (back.constant !== 0) enough = enough.and(back.leU(packet.tailroom));
          const address = c.var("i32", packet.address, "buffer");
          const found = packetParts(c, packet.address, (word) => packet.word(word));
          c.if(enough.eqz(), () => {
            const there = moveToRoom(c, place.pool, place.control, packet.parts, front, back);
            for (const word of packetWords) found[word].set(there[word].get());
            address.set(there.address);
            const { recorder } = place.platform;
            if (recorder)
              c.if(there.address, () => {
                recorder.end(c, { kind: "move", element: e.index }, there, packet.address);
              });
          });
          packet.take("given more room");
          const moved = address.get();
          c.if(moved, () => give({ ...found, address: moved }, some));
        },
        take: (address, some) => give(loadParts(c, address), some),
      };
    },
    timer: timerAt(0),
    timerAt,
    device: (number) => {
      const device = place.devices.get(number) as StagedDevice;
      return {
        receive: (burst, deliver) =>
          device.receive(c, burst, ({ address, data, length, timestamp }) => {
            // A packet that nobody has looked at.
            if (place.platform.recorder) c.store32(address, 0, packetDescriptor.offsets.frame);
            give(make(address, data, length), (packet) => {
              packet.timestamp.set(timestamp ? c.select(timestamp.ne(0n), timestamp, now()) : now());
              deliver(packet);
            });
          }),
        space: () => device.space(c),
        transmit: (packet, full) => {
          const { parts } = packet;
          const accepted = device.transmit(c, {
            address: packet.address,
            data: parts.data.get(),
            length: parts.length.get(),
          });
          c.if(
            accepted,
            () => {
              place.platform.recorder?.end(c, { kind: "send", element: e.index, device: number }, parts);
              packet.take("sent");
            },
            () => full(packet),
          );
        },
      };
    },
    get service(): ElementContext<any, any, any>["service"] {
      return {
        give: (packet, port = 0) => {
          const f = c.module.import("service", "packet", { element: "i32", address: "i32", port: "i32" }, "i32");
          return c.call(f, e.index, saveParts(c, packet.parts), port);
        },
        port: () => c.call(c.module.import("service", "port", { element: "i32" }, "i32"), e.index),
        refill: (packet) => {
          const f = c.module.import("service", "again", { element: "i32", address: "i32" }, undefined);
          c.call(f, e.index, saveParts(c, packet.parts));
          const d = staged(c, packetDescriptor, packet.address);
          packet.setNetworkHeader(d.network.get(), d.transport.get());
        },
        call: (which = 0) => {
          c.call(c.module.import("service", "called", { element: "i32", which: "i32" }, undefined), e.index, which);
        },
        ask: (which = 0) =>
          c.call(c.module.import("service", "asked", { element: "i32", which: "i32" }, "i32"), e.index, which),
        fill: (packet, limit) => {
          const f = c.module.import("service", "next", { element: "i32", address: "i32", limit: "i32" }, "i32");
          const address = saveParts(c, packet.parts);
          const length = c.call(f, e.index, address, limit);
          const d = staged(c, packetDescriptor, address);
          packet.setNetworkHeader(d.network.get(), d.transport.get());
          return length;
        },
      };
    },
    line: () =>
      new TextLine(c, {
        buffer: place.line,
        data: (bytes) => wiring.data(bytes, 1),
        write: (address, length) => place.platform.chatter(c, address, length),
      }),
    data: (bytes, align = 4) => wiring.data(bytes, align),
    stop: () => staged(c, routerControl, place.control).stopped.inc(),
  };
}
