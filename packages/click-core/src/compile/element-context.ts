/** What element code is given: its outputs and inputs, packets, time, devices, in the terms of its place in the graph. */
import { type FunctionBuilder, type I32, type I64Like, staged } from "@clickos/codegen";
import type { Struct } from "@clickos/layout";
import type { ElementContext, InputPort, OutputPort, PacketPool } from "../element/element.ts";
import { ElementDefinitionError, type Ownership } from "../element/ownership.ts";
import {
  clearAnnotations,
  dataOffset,
  loadParts,
  Packet,
  type PacketParts,
  packetDescriptor,
  saveParts,
} from "../element/packet.ts";
import { TextLine } from "../structures/text-line.ts";
import type { ElementInstance } from "./check.ts";
import type { Signals } from "./flow.ts";
import { noTimer, type Platform, routerControl, type StagedDevice, type StagedPool } from "./platform.ts";

/** Called in place of the real thing where element code pushes and pulls. */
export interface Wiring {
  push(c: FunctionBuilder, element: number, port: number, parts: PacketParts): void;
  pull(c: FunctionBuilder, element: number, port: number, sink: (parts: PacketParts) => void): void;
  data(bytes: Uint8Array, align: number): number;
  drop(element: number, reason: string): number;
}

/** Where things are that every element's code may need. */
export interface ElementPlace {
  /** Addresses of the router's words and of the buffer for lines of text. */
  readonly elements: readonly ElementInstance[];
  readonly control: number;
  readonly line: number;
  /** By element: its state, and the address of its timer's due time. */
  readonly states: readonly { readonly address: number; readonly layout: Struct<any> }[];
  readonly dues: readonly (number | undefined)[];
  readonly devices: ReadonlyMap<number, StagedDevice>;
  readonly pool: StagedPool;
  readonly platform: Platform;
  /** Where the bit of an element's task is. */
  taskBit(element: number): { readonly address: number; readonly mask: number } | undefined;
  /** Elements whose tasks sleep until this one calls. */
  listeners(element: number, which: "empty" | "full"): readonly number[];
  signals(element: number, port: number, direction: "upstream" | "downstream"): Signals;
}

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
    if (reason !== undefined) {
      const counter = wiring.drop(e.index, reason);
      c.store64(counter, c.load64(counter).add(1n));
    }
    place.pool.free(c, packet.parts.address);
  });
}

/** The context of one piece of an element's code. `sink` takes the answer to a pull. */
export function elementContext(
  place: ElementPlace,
  c: FunctionBuilder,
  e: ElementInstance,
  ownership: Ownership,
  wiring: Wiring,
  sink?: (parts: PacketParts) => void,
): ElementContext<any, any, any> {
  const state = place.states[e.index] as { address: number; layout: Struct<any> };
  const due = place.dues[e.index];
  const now = (): ReturnType<typeof c.load64> => c.load64(place.control, routerControl.offsets.now);
  const give = (parts: PacketParts, body: (packet: Packet) => void): void => {
    const packet = elementPacket(place, c, e, parts, ownership, wiring);
    ownership.scope(packet, () => body(packet));
  };
  const setTimer = (at: I64Like): void => {
    if (due === undefined) throw new ElementDefinitionError(`${e.class.name}: sets a timer but defines none`);
    const when = c.i64(at);
    c.store64(due, when);
    const next = staged(c, routerControl, place.control).nextTimer;
    c.if(when.ltU(next.get()), () => next.set(when));
  };
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
      const found = {
        address: c.var("i32", 0, "pulled"),
        data: c.var("i32", 0, "data"),
        length: c.var("i32", 0, "length"),
        network: c.var("i32", 0, "network"),
        transport: c.var("i32", 0, "transport"),
      };
      wiring.pull(c, e.index, port, (parts) => {
        found.address.set(parts.address);
        for (const field of ["data", "length", "network", "transport"] as const) found[field].set(parts[field].get());
      });
      const address = found.address.get();
      c.if(address, () => give({ ...found, address }, some), none);
    },
  });
  const make = (address: I32, data: I32, length: I32): PacketParts => {
    clearAnnotations(c, address);
    c.store64(address, 0n, packetDescriptor.offsets.timestamp);
    return {
      address,
      data: c.var("i32", data, "data"),
      length: c.var("i32", length, "length"),
      network: c.var("i32", 0, "network"),
      transport: c.var("i32", 0, "transport"),
    };
  };
  const setBits = (elements: readonly number[], set: boolean): void => {
    const words = new Map<number, number>();
    for (const element of elements) {
      const bit = place.taskBit(element);
      if (bit) words.set(bit.address, (words.get(bit.address) ?? 0) | bit.mask);
    }
    for (const [address, mask] of words) {
      const bits = c.load32(address);
      c.store32(address, set ? bits.or(mask) : bits.and(~mask));
    }
  };
  const anySignal = (port: number, direction: "upstream" | "downstream"): I32 => {
    const signals = place.signals(e.index, port, direction);
    if (signals.busy) return c.i32(1);
    let any = c.i32(0);
    for (const index of signals.elements) {
      const notifier = place.elements[index] as ElementInstance;
      const ask = direction === "upstream" ? notifier.class.notifier?.active : notifier.class.notifier?.room;
      if (ask) any = any.or(ask(c, elementContext(place, c, notifier, ownership, wiring)));
    }
    return any;
  };
  return {
    name: e.source.name,
    // Made when they are asked for: most elements want few of them.
    get task() {
      return { schedule: () => setBits([e.index], true), unschedule: () => setBits([e.index], false) };
    },
    wake: () => setBits(place.listeners(e.index, "empty"), true),
    wakeUpstream: () => setBits(place.listeners(e.index, "full"), true),
    mayPull: (port) => anySignal(port, "upstream"),
    mayPush: (port) => anySignal(port, "downstream"),
    random: () => {
      // xorshift64*, Vigna 2016.
      const seed = staged(c, routerControl, place.control).random;
      let x = seed.get();
      x = x.xor(x.shrU(12n));
      x = x.xor(x.shl(25n));
      x = x.xor(x.shrU(27n));
      seed.set(x);
      return x.mul(0x2545f4914f6cdd1dn).shrU(32n).toI32();
    },
    config: e.config,
    plan: e.plan,
    get state() {
      return staged(c, state.layout, state.address);
    },
    ninputs: e.inputs.length,
    noutputs: e.outputs.length,
    input,
    output,
    isPush: (port) => e.outputs[port] !== "pull",
    inputIsPush: (port) => e.inputs[port] !== "pull",
    clock: { now },
    get packets(): PacketPool {
      return {
        make: (length, some, none) => {
          const address = place.pool.allocate(c);
          c.if(address, () => give(make(address, address.add(dataOffset), c.i32(length)), some), none);
        },
        copy: (packet, some) => {
          const address = place.pool.allocate(c);
          c.if(address, () => {
            const from = packet.address;
            const { annotations, next } = packetDescriptor.offsets;
            for (let i: number = annotations; i < next; i += 16) c.copy16(address, from, i, i);
            const shift = address.sub(from);
            const to = packet.data.add(shift);
            // Whole blocks of 16: data ends 16 bytes before its buffer does.
            const end = packet.length;
            c.for(0, end, 16, (i) => {
              c.copy16(to.add(i), packet.data.add(i));
            });
            const moved = (v: I32): I32 => c.select(v, v.add(shift), c.i32(0));
            give(
              {
                address,
                data: c.var("i32", to),
                length: c.var("i32", end),
                network: c.var("i32", moved(packet.network)),
                transport: c.var("i32", moved(packet.transport)),
              },
              some,
            );
          });
        },
        take: (address, some) => give(loadParts(c, address), some),
      };
    },
    timer: {
      at: setTimer,
      after: (delay) => setTimer(now().add(delay)),
      cancel: () => {
        if (due !== undefined) c.store64(due, noTimer);
      },
    },
    device: (number) => {
      const device = place.devices.get(number) as StagedDevice;
      return {
        receive: (burst, deliver) =>
          device.receive(c, burst, (frame) => give(make(frame.address, frame.data, frame.length), deliver)),
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
