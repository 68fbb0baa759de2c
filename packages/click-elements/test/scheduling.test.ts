/** Schedulers and queues against plain models of the same thing, over random packets. */
import type { Router } from "@clickos/click-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make } from "./packets.ts";

/** A frame whose first byte says what it is. */
const frame = (mark: number, length = 60): Uint8Array => new Uint8Array(length).fill(mark);
const marks = (frames: readonly Uint8Array[]): number[] => frames.map((f) => f[0] as number);

/** Lets frames wait in the queues behind devices, and then takes all that comes out. */
function drain(router: Router, waiting: readonly (readonly Uint8Array[])[], out: number): Uint8Array[] {
  waiting.forEach((frames, device) => {
    if (frames.length > 0) router.device(device).send(frames);
  });
  router.run();
  router.write("u.active", "true");
  // A run ends where pulls find nothing, as those of DRRSched may while deficits grow.
  for (let i = 0; i < 2000; i++) router.run();
  return router.device(out).receive();
}

/** A scheduler of as many inputs, each with a queue; what it gives is sent to the device behind those of the inputs. */
const scheduled = (scheduler: string, inputs: number): string =>
  [
    `s :: ${scheduler} -> u :: Unqueue(ACTIVE false) -> ToDevice(${inputs})`,
    ...Array.from({ length: inputs }, (_, i) => `FromDevice(${i}) -> Queue -> [${i}] s`),
  ].join("; ");

/** Stride scheduling: ports by their passes; among equal ones, who had a turn last is first. */
class Strides {
  private readonly clients: { port: number; pass: number; stride: number }[] = [];

  constructor(tickets: readonly number[]) {
    for (let port = tickets.length - 1; port >= 0; port--) {
      if (tickets[port] === 0) continue;
      const stride = Math.floor(0x10000 / (tickets[port] as number));
      this.insert({ port, pass: stride, stride });
    }
  }
  private insert(client: { port: number; pass: number; stride: number }): void {
    const at = this.clients.findIndex(({ pass }) => pass >= client.pass);
    this.clients.splice(at < 0 ? this.clients.length : at, 0, client);
  }
  /** Ports have their turns until one has something. */
  next(has: (port: number) => boolean): number | undefined {
    const had: typeof this.clients = [];
    let found: number | undefined;
    while (found === undefined && this.clients.length > 0) {
      const client = this.clients.shift() as (typeof this.clients)[number];
      if (has(client.port)) found = client.port;
      client.pass += client.stride;
      had.push(client);
    }
    for (const client of had) this.insert(client);
    return found;
  }
}

const tickets = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 });

describe("stride scheduling", () => {
  it("StrideSwitch takes the outputs that the model takes", async () => {
    await fc.assert(
      fc.asyncProperty(tickets, async (given) => {
        const outputs = given.map((_, i) => `s [${i}] -> ToDevice(${i + 1})`);
        using router = await make([`FromDevice(0) -> s :: StrideSwitch(${given.join(", ")})`, ...outputs].join("; "));
        const model = new Strides(given);
        for (let n = 0; n < 40; n++) {
          router.device(0).send([frame(n)]);
          router.run();
          const port = given.findIndex((_, i) => router.device(i + 1).receive().length > 0);
          expect(port).toBe(model.next(() => true) ?? -1);
        }
      }),
      { numRuns: 12 },
    );
  });

  it("StrideSched takes the inputs that the model takes", async () => {
    const queues = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 20 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(queues, async (given) => {
        const text = scheduled(`StrideSched(${given.map(([n]) => n).join(", ")})`, given.length);
        using router = await make(text);
        const model = new Strides(given.map(([n]) => n));
        const left = given.map(([, count]) => count);
        const expected: number[] = [];
        for (;;) {
          const port = model.next((i) => (left[i] as number) > 0);
          if (port === undefined) break;
          (left[port] as number)--;
          expected.push(port);
        }
        const waiting = given.map(([, count], i) => Array.from({ length: count }, () => frame(i)));
        expect(marks(drain(router, waiting, given.length))).toEqual(expected);
      }),
      { numRuns: 12 },
    );
  });
});

/** The order in which deficit round robin gives packets of these lengths. */
function roundRobin(queues: readonly (readonly number[])[], quantum: number): number[] {
  const left = queues.map((lengths) => [...lengths]);
  const deficit = queues.map(() => 0);
  const order: number[] = [];
  for (let port = 0; left.some((lengths) => lengths.length > 0); ) {
    const [length] = left[port] as number[];
    if (length !== undefined && length <= (deficit[port] as number)) {
      (deficit[port] as number) -= length;
      left[port]?.shift();
      order.push(port);
      continue;
    }
    if (length === undefined) deficit[port] = 0;
    port = (port + 1) % queues.length;
    (deficit[port] as number) += quantum;
  }
  return order;
}

describe("DRRSched", () => {
  it("gives packets in the order of the model, whatever their lengths", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(lengths, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 50, max: 2000 }),
        async (queues, quantum) => {
          using router = await make(scheduled(`DRRSched(${quantum})`, queues.length));
          const waiting = queues.map((its, i) => its.map((length) => frame(i, length)));
          const free = router.freeBuffers;
          expect(marks(drain(router, waiting, queues.length))).toEqual(roundRobin(queues, quantum));
          expect(router.freeBuffers).toBe(free);
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe("queues with two ends", () => {
  const entries = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 30 });

  it("MixedQueue holds what an array would, and gives up what that would", async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 5 }), async (inputs, capacity) => {
        using router = await make(`FromDevice(0) -> q :: MixedQueue(${capacity}) -> u :: Unqueue(ACTIVE false)
          -> ToDevice(2); FromDevice(1) -> [1] q; q [1] -> ToDevice(3)`);
        const [held, left]: [number[], number[]] = [[], []];
        inputs.forEach((input, n) => {
          router.device(input).send([frame(n)]);
          router.run();
          if (held.length === capacity) left.push(input === 0 ? n : (held.pop() as number));
          if (input === 1) held.unshift(n);
          else if (left.at(-1) !== n) held.push(n);
        });
        expect(router.read("q.length")).toBe(String(held.length));
        expect(router.read("q.drops")).toBe(String(left.length));
        expect([marks(drain(router, [], 2)), marks(router.device(3).receive())]).toEqual([held, left]);
      }),
      { numRuns: 12 },
    );
  });

  it("FrontDropQueue keeps the newest, also when it is made smaller", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(20),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        async (n, capacity, then) => {
          using router = await make(`FromDevice(0) -> q :: FrontDropQueue(${capacity}) -> u :: Unqueue(ACTIVE false)
          -> ToDevice(1); q [1] -> ToDevice(2)`);
          const all = Array.from({ length: n }, (_, i) => i);
          for (const i of all) {
            router.device(0).send([frame(i)]);
            router.run();
          }
          expect(marks(router.device(2).receive())).toEqual(all.slice(0, Math.max(n - capacity, 0)));
          router.write("q.capacity", String(then));
          expect(marks(drain(router, [], 1))).toEqual(all.slice(Math.max(n - Math.min(capacity, then), 0)));
        },
      ),
      { numRuns: 12 },
    );
  });
});
