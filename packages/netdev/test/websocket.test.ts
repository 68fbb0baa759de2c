/** Frames as messages of WebSockets. */
import { createRequire } from "node:module";
import { connectWebSocket, listenWebSocket } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import type { Port } from "@clickos/vale";
import { afterEach, describe, expect, it } from "vitest";
import { deliver, frame, joined, take, until } from "./ports.ts";

const place = { host: "127.0.0.1", port: 0 };
const open: Port[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.detached?.();
});
function kept<P extends Port>(port: P): P {
  open.push(port);
  return port;
}
async function connected() {
  const listening = kept(await listenWebSocket(place, { mtu: 9000, path: "/guest" }));
  const connecting = kept(connectWebSocket(`ws://127.0.0.1:${listening.place.port}/guest`, { mtu: 9000 }));
  await until(() => !listening.problem && !connecting.problem);
  return { listening, connecting };
}

describe("a WebSocket that listens", () => {
  for (const check of portCompliance({
    mayLose: true,
    async open() {
      const { listening, connecting } = await connected();
      return { ...joined(listening, connecting), close: () => connecting.detached?.() };
    },
  }))
    it(check.name, check.run);
});

describe("a WebSocket that connects", () => {
  for (const check of portCompliance({
    mayLose: true,
    async open() {
      const { listening, connecting } = await connected();
      return { ...joined(connecting, listening), close: () => listening.detached?.() };
    },
  }))
    it(check.name, check.run);
});

describe("a WebSocket", () => {
  it("counts what is no frame, has one peer, and another when that went", async () => {
    const WebSocket = createRequire(import.meta.url)("ws");
    const port = kept(await listenWebSocket(place));
    const url = `ws://127.0.0.1:${port.place.port}/`;
    const dial = () => {
      const socket = new WebSocket(url);
      socket.on("error", () => {});
      return socket;
    };
    const first = dial();
    await until(() => !port.problem);
    const second = dial();
    await until(() => second.readyState === 3);
    first.send("text");
    first.send(frame(1, 2033));
    first.send(frame(2));
    await until(() => port.poll());
    expect([take(port), port.drops]).toEqual([[frame(2)], { "a text message": 1, "longer than the port carries": 1 }]);
    first.send(new Uint8Array(100_000));
    await until(() => first.readyState === 3 && port.problem);
    deliver(port, frame(3));
    expect(port.drops).toMatchObject({ "nobody is connected": 1 });
    const third = dial();
    await until(() => !port.problem);
    third.terminate();
  });

  it("connects again, and says what is wrong until then", async () => {
    const { place: at } = kept(await listenWebSocket(place));
    for (const port of open.splice(0)) port.detached?.();
    const connecting = kept(connectWebSocket(`ws://127.0.0.1:${at.port}/`));
    await until(() => connecting.problem?.includes("ECONNREFUSED"));
    const listening = kept(await listenWebSocket(at));
    await until(() => !connecting.problem && !listening.problem);
    await expect(listenWebSocket(at)).rejects.toMatchObject({ code: "IN_USE" });
    expect(() => connectWebSocket("http://x/")).toThrow(expect.objectContaining({ code: "BAD_SPECIFICATION" }));
  });
});
