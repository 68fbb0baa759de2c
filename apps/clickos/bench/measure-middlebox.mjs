// How a middlebox is measured: its configuration as it is, but that its devices are a source of frames and a sink, inside the router.
import { Router } from "@clickos/click-core";
import { arg, element, elementSet, required } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { u32, u64 } from "@clickos/layout";
import { shortest } from "./middlebox-frames.mjs";
import { example, middleboxes } from "./middleboxes.mjs";
import { measure } from "./rig.mjs";

/** What the sources of the router that is compiled next have, by device. */
let current = {};

const FrameSource = element({
  name: "FrameSource",
  ports: "0/1",
  processing: "h/h",
  config: { DEVICE: required(arg.u32) },
  prepare({ config }) {
    const first = current.first[config.DEVICE] ?? [];
    const frames = [...first, ...(current.frames[config.DEVICE] ?? [])];
    const size = (Math.max(shortest, ...frames.map(({ length }) => length)) + 15) & -16;
    const table = new Uint8Array(frames.length * size);
    frames.forEach((each, i) => table.set(each, i * size));
    return {
      first: first.length,
      count: frames.length,
      size,
      table,
      lengths: Uint32Array.from(frames, (f) => f.length),
    };
  },
  state: { count: u32, limit: u32, next: u32 },
  handlers: {
    count: { gauge: "count" },
    limit: { write: (s, v) => Object.assign(s, { count: 0, limit: Number(v) }) },
  },
  task(c, { plan, state, packets, data: constant, output }) {
    if (plan.count === 0) return c.i32(0);
    const left = state.limit.get().sub(state.count.get());
    const count = c.select(left.ltU(32), left, c.i32(32));
    state.count.inc(count);
    const table = constant(plan.table, 16);
    const lengths = constant(new Uint8Array(plan.lengths.buffer), 4);
    c.for(0, count, 1, () => {
      const i = c.var("i32", state.next.get(), "i");
      const next = i.get().add(1);
      state.next.set(c.select(next.geU(plan.count), c.i32(plan.count > plan.first ? plan.first : 0), next));
      packets.make(c.load32(i.get().shl(2), lengths), (p) => {
        const from = i.get().mul(plan.size);
        for (let at = 0; at < plan.size; at += 16) c.copy16(p.data, from, at, table + at);
        output(0).push(p);
      });
    });
    return count;
  },
});

const FrameSink = element({
  name: "FrameSink",
  ports: "1/0",
  processing: "a/a",
  config: { DEVICE: required(arg.u32) },
  state: { count: u64 },
  handlers: { count: { counter: "count" } },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  push(_c, _port, packet, { state }) {
    state.count.inc();
    packet.kill();
  },
  task(c, { input, state }) {
    const pulled = c.var("i32", 0, "pulled");
    c.for(0, 32, 1, () => {
      input(0).pull(
        (packet) => {
          pulled.inc(1);
          packet.kill();
        },
        () => c.break(),
      );
    });
    state.count.inc(pulled.get().toI64());
    return pulled.get();
  },
});
const all = { ...elements, ...elementSet(FrameSource, FrameSink) };

/** Lines of a configuration that are neither empty nor comments. */
const linesOf = (text) => text.split("\n").filter((line) => /^(?!\s*(\/\/|$))/.test(line)).length;

/** Nanoseconds for a packet, and what else the table says of a middlebox. */
export async function measureMiddlebox(name, packets) {
  const box = middleboxes[name];
  const text = box.text ?? example(name);
  current = { frames: await box.frames(), first: (await box.first?.()) ?? {} };
  const router = await Router.compile(
    text.replace(/\bFromDevice\(/g, "FrameSource(").replace(/\bToDevice\(/g, "FrameSink("),
    {
      elements: all,
      ...(box.seed === undefined ? {} : { seed: box.seed }),
    },
  );
  box.prepare?.(router);
  const sources = router
    .list("*.limit")
    .filter((path) => router.read(path.replace(/limit$/, "class")) === "FrameSource")
    .map((path) => ({ path, device: router.read(path.replace(/limit$/, "config")) }));
  for (const { path, device } of sources) router.write(path, String(current.first[device]?.length ?? 0));
  router.run();
  const busy = sources.filter(({ device }) => current.frames[device]?.length).map(({ path }) => path);
  const counts = (className) =>
    router
      .list("*.count")
      .filter((path) => router.read(path.replace(/count$/, "class")) === className)
      .reduce((sum, path) => sum + Number(router.read(path)), 0);
  const run = (n) => {
    for (const path of busy) router.write(path, String(Math.ceil(n / busy.length)));
    router.run();
  };
  // Tables learn what they are to know.
  run(Math.max(packets / 8, ...Object.values(current.frames).map(({ length }) => length * 2 * busy.length)));
  const before = counts("FrameSink");
  const ns = measure(run, packets);
  const share = (counts("FrameSink") - before) / (packets * 7);
  if (share < (box.passes ?? 1) * 0.999)
    throw new Error(`${name}: ${(share * 100).toFixed(1)} % of packets came through`);
  const image = await linkImage({ file: `${name}.click`, text }, { elements, name });
  return { ns, lines: linesOf(text), imageBytes: image.bytes.length };
}
