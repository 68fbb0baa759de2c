/**
 * What routers are compiled for that look up frames for a switch: `FromDevice(n)` receives the frames that came in at port n, and
 * `ToDevice(n)` says that a frame goes to port n. Which frame a packet is a copy of stands in its descriptor.
 */
import { type FunctionBuilder, type ModuleBuilder, staged } from "@clickos/codegen";
import {
  type Platform,
  type PlatformContext,
  type RouterFunctions,
  routerControl,
  type StagedDevice,
  type StagedPool,
} from "../compile/platform.ts";
import { dataOffset, maximumFrame, packetDescriptor } from "../element/packet.ts";
import { lookupAnswers, lookupBlock, lookupFrames, lookupState, lookupVersion, portShift } from "./lookup-block.ts";
import { processPlatform } from "./process-platform.ts";
import type { RouterOptions } from "./router-options.ts";

/** Firings of tasks between two looks at timers, and how often both are done for a batch: what is not done then is left. */
const firingsPerTurn = 1024;
const turnsPerBatch = 64;
const timersPerTurn = 65;
/** The last number of frames before they are counted from 1 again. */
const lastNumber = 0xffff0000;

interface Places {
  readonly block: number;
  readonly state: number;
  readonly answers: number;
  readonly pool: StagedPool;
}

/** `frameLimit`: bytes of the longest frame that is looked up. */
export function lookupPlatform(options: RouterOptions, frameLimit: number): Platform {
  let places: Places | undefined;
  const placesIn = ({ reserve, pool }: PlatformContext): Places => {
    places ??= {
      block: reserve(lookupBlock.size, 64),
      state: reserve(lookupState.size, 64),
      answers: reserve(lookupAnswers * 4, 64),
      pool,
    };
    return places;
  };
  return {
    ...processPlatform(new Map(), options),
    services: false,
    exactTasks: false,
    followsFrames: true,
    device: (context, number) => stageDevice(context, placesIn(context), number),
    finish(module, functions) {
      for (const [name, part] of Object.entries(functions.parts)) module.export(name, part);
      if (places) stageEntries(module, functions, places, frameLimit);
    },
  };
}

function stageDevice(context: PlatformContext, { block, state, answers, pool }: Places, number: number): StagedDevice {
  const count = (c: FunctionBuilder, reason: string): void => {
    const address = context.dropCounter(reason);
    c.store64(address, c.load64(address).add(1n));
  };
  const { frame: frameOffset } = packetDescriptor.offsets;
  return {
    receive(c, burst, deliver) {
      const b = staged(c, lookupBlock, block);
      const s = staged(c, lookupState, state);
      const received = s.received.get();
      const left = c.select(b.port.get().eq(number), b.count.get().sub(received), c.i32(0));
      const taken = c.select(left.ltU(burst), left, c.i32(burst));
      const first = s.first.get();
      s.received.set(received.add(taken));
      c.for(0, taken, 1, (i) => {
        const k = received.add(i);
        const { address, length } = b.frames.at(k);
        const data = address.get();
        const buffer = data.sub(dataOffset);
        c.store32(buffer, first.add(k), frameOffset);
        deliver({ address: buffer, data, length: length.get() });
      });
      return taken;
    },
    transmit(c, { address }) {
      const s = staged(c, lookupState, state);
      const k = c.load32(address, frameOffset).sub(s.first.get());
      c.if(
        k.ltU(staged(c, lookupBlock, block).count.get()),
        () => {
          const n = s.answered.get();
          c.if(
            n.ltU(lookupAnswers),
            () => {
              c.store32(n.shl(2).add(answers), k.or(number << portShift));
              s.answered.set(n.add(1));
            },
            () => count(c, "no room for answers"),
          );
        },
        () => count(c, "no frame of the batch"),
      );
      pool.free(c, address);
      return c.i32(1);
    },
    space: (c) => c.i32(lookupAnswers).sub(staged(c, lookupState, state).answered.get()),
  };
}

function stageEntries(
  module: ModuleBuilder,
  { parts, control }: RouterFunctions,
  { block, state, answers, pool }: Places,
  frameLimit: number,
): void {
  const isLarge = frameLimit > maximumFrame;
  /** Gives a frame a buffer; without one the switch puts none there. */
  const supply = module.func("supply", { index: "i32" }, undefined, (c, { index }) => {
    const frame = staged(c, lookupBlock, block).frames.at(index);
    const buffer = isLarge ? pool.allocateLarge(c, frameLimit) : pool.allocate(c);
    frame.address.set(c.select(buffer, buffer.add(dataOffset), c.i32(0)));
    frame.room.set(c.select(buffer, c.i32(frameLimit), c.i32(0)));
  });
  module.export(
    "begin",
    module.func("begin", {}, undefined, (c) => {
      const b = staged(c, lookupBlock, block);
      b.version.set(lookupVersion);
      b.answers.set(answers);
      b.answerRoom.set(lookupAnswers);
      staged(c, lookupState, state).next.set(1);
      c.for(0, lookupFrames, 1, (i) => c.call(supply, i));
    }),
  );
  module.export(
    "batch",
    module.func("batch", {}, "i32", (c) => c.i32(block)),
  );
  module.export(
    "lookup",
    module.func("lookup", { count: "i32" }, "i32", (c, { count }) => {
      const s = staged(c, lookupState, state);
      const words = staged(c, routerControl, control);
      const first = s.next.get();
      s.first.set(first);
      s.next.set(c.select(first.ltU(lastNumber), first.add(count), c.i32(1)));
      s.received.set(0);
      s.answered.set(0);
      const turns = c.var("i32", turnsPerBatch, "turns");
      c.loop(() => {
        c.if(turns.get().eqz(), () => c.break());
        turns.set(turns.get().sub(1));
        const result = c.call(parts.tasks, firingsPerTurn);
        const now = words.now.get();
        const isDue = words.nextTimer.get().leU(now);
        c.if(isDue, () => c.call(parts.timers, now, now, timersPerTurn));
        c.if(result.ne(1).and(isDue.eqz()).or(words.stopped.get()), () => c.break());
      });
      c.for(0, s.received.get(), 1, (i) => c.call(supply, i));
      return s.answered.get();
    }),
  );
}
