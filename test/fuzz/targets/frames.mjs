/**
 * Frames through graphs of elements: no trap, no loop without end, and at the end every packet buffer is free but those of packets
 * that an element says it has.
 *
 * An input is the name of a graph and a line feed, and then frames: two bytes of length, the first of them the higher, and the
 * bytes. Where the highest bit of the length is set, a tenth of a second goes by first.
 */

import { random } from "../../hostile/random.mjs";
import { fragment, hostileFrame } from "../frames.mjs";
import { graphs } from "../graphs.mjs";
import { bytesOf, concat, mutateBytes } from "../mutate.mjs";
import { compiled } from "../router.mjs";

/** Frames of an input, and of the first that each graph gets. */
export const framesEach = 512;
const firstFrames = 32;
const later = 0x8000;
/** Turns at the end, each with the next timer when nothing else is to be done: what waits for time is gone then. */
const lastTurns = 200;

const record = (frame, waits) =>
  concat(Uint8Array.of((frame.length >> 8) | (waits ? later >> 8 : 0), frame.length & 255), frame);

const nameOf = (input) => String.fromCharCode(...input.subarray(0, Math.min(Math.max(0, input.indexOf(10)), 100)));

function inputOf(name, r, frames) {
  const records = Array.from({ length: frames }, () => record(hostileFrame(r), r.once(16)));
  return concat(bytesOf(`${name}\n`), ...records);
}

function* framesOf(input, from) {
  for (let at = from; at + 2 <= input.length; ) {
    const word = (input[at] << 8) | input[at + 1];
    const length = word & (later - 1);
    yield { frame: input.subarray(at + 2, at + 2 + length), waits: (word & later) !== 0 };
    at += 2 + length;
  }
}

/** A target of frames through these graphs, by name. */
export const framesThrough = (target, graphs, framesEach) => {
  const names = Object.keys(graphs);
  return {
    name: target,
    errors: [],
    // Every graph is run, however few inputs there are.
    seeds: () => names.map((name, i) => inputOf(name, random(i + 1), firstFrames)),
    generate: (r) => inputOf(r.pick(names), r, framesEach),
    // Few are changed as bytes: frames are damaged already.
    mutate: (input, r) => (r.once(16) ? mutateBytes(input, r) : inputOf(nameOf(input), r, framesEach)),
    run(input) {
      const name = nameOf(input);
      const graph = Object.hasOwn(graphs, name) ? graphs[name] : undefined;
      if (!graph) return "no graph";
      const { router, run, wait } = compiled(graph.text);
      const devices = router.deviceNumbers.map((number) => router.device(number));
      // A device in a compound has its number from there: then all of them are inputs.
      const numbers = /FromDevice\(\$/.test(graph.text)
        ? router.deviceNumbers
        : [...new Set(graph.text.match(/(?<=FromDevice\()\d+/g))].map(Number);
      const inputs = numbers.map((number) => router.device(number));
      let n = 0;
      for (const { frame, waits } of framesOf(input, name.length + 1)) {
        if (waits) wait(100_000_000n);
        const device = inputs[n++ % inputs.length];
        if (device.send([frame]) === 0 || n % 16 === 0) run(4);
        for (const each of devices) each.receive();
      }
      const settle = () => {
        for (let i = 0; i < 4; i++) {
          run(lastTurns);
          for (const each of devices) each.receive();
        }
      };
      settle();
      if (graph.quiet !== undefined) {
        wait(BigInt(graph.quiet) * 1_000_000_000n);
        settle();
      }
      for (const handler of graph.end) {
        router.write(handler, "");
        settle();
      }
      if (graph.fragments !== undefined) {
        // What was not complete for a minute is given up when another fragment comes, which is held then.
        wait(60_000_000_000n);
        router.device(graph.fragments).send([fragment]);
        settle();
      }
      const said = router
        .list("*.length")
        .reduce((sum, path) => (router.describe(path).unit === "packets" ? sum + Number(router.read(path)) : sum), 0);
      const { held } = router.unfinished();
      const most = said + (graph.fragments === undefined ? 0 : 1);
      if (held < said || held > most)
        throw new Error(`${held} packet buffers are in use, elements say that they have ${said}`);
      router.close();
      return "sound";
    },
  };
};

export const target = framesThrough("frames", graphs, framesEach);
