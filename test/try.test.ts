import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { it, expect } from "vitest";
it("works", async () => {
  const r = await Router.compile(`InfiniteSource(LIMIT 1000, BURST 32) -> c :: Counter -> Discard;`, { elements });
  expect(r.run()).toBe("idle");
  expect(r.read("c.count")).toBe("1000");
  console.log(r.text().length, r.wasm.length, r.text());
  const r2 = await Router.compile(`FromDevice(0) -> Print(x) -> c :: Counter -> MarkIPHeader(14) -> IPFilter(allow udp port 53, deny all) -> ToDevice(1);`, { elements, chatter: (t) => console.log(t) });
  const f = new Uint8Array(60); f.set([0x45,0,0,46,0,0,0,0,64,17,0,0,1,2,3,4,5,6,7,8,0,53,0,53],14);
  const g = f.slice(); g[23]=6;
  expect(r2.device(0).send([f,g])).toBe(2);
  expect(r2.run()).toBe("idle");
  expect(r2.device(1).receive()).toEqual([f]);
  console.log(r2.drops(), r2.freeBuffers, r2.wasm.length);
});
