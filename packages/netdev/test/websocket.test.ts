/** Frames as messages of WebSockets. */
import { createRequire } from "node:module";
import { connectWebSocket, listenWebSocket, openAttachment, serveWebSockets } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import { createSwitch, type Port } from "@clickos/vale";
import { afterEach, describe, expect, it } from "vitest";
import { deliver, frame, joined, take, until } from "./ports.ts";

const place = { host: "127.0.0.1", port: 0 };
const open: Port[] = [];
const undo: (() => unknown)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
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

describe("a server for WebSocket guests", () => {
  const frames = (text: string) => openAttachment(text.replace("PORT", "0"));
  const guestOf = async (url: string) => {
    const guest = kept(connectWebSocket(url));
    await until(() => !guest.problem);
    return guest;
  };
  /** From one station to another; to all where there is no such. */
  const between = (from: number, to: number): Uint8Array => {
    const bytes = frame(from * 16 + to);
    bytes.set([to > 0 ? 2 : 255, 255, 0, 0, 0, to, 2, 255, 0, 0, 0, from]);
    return bytes;
  };

  it("gives each guest a port of its own, and keeps to its number", async () => {
    const sw = createSwitch();
    const inside = sw.attach("inside");
    const server = await serveWebSockets(sw, place, { guests: 2, name: "guest", port: { isolated: false } });
    undo.push(() => server.close());
    const [first, second] = [await guestOf(server.url), await guestOf(server.url)];
    expect(Object.keys(sw.stats.ports)).toEqual(["inside", "guest.1", "guest.2"]);
    const third = kept(connectWebSocket(server.url));
    await until(() => third.problem?.startsWith("not connected"));
    expect(server.ports.length).toBe(2);
    const moved = async (): Promise<void> => until(() => sw.forward() > 0);
    deliver(first, between(1, 0));
    await moved();
    await until(() => second.poll());
    expect([take(second), inside.receive()]).toEqual([[between(1, 0)], [between(1, 0)]]);
    // From guest to guest, and to nobody else.
    deliver(second, between(2, 1));
    await moved();
    await until(() => first.poll());
    expect([take(first), inside.pending]).toEqual([[between(2, 1)], 0]);
    first.detached?.();
    await until(() => server.ports.length === 1);
    expect(Object.keys(sw.stats.ports)).toEqual(["inside", "guest.2"]);
    // Its place is the next one's.
    await until(() => server.ports.length === 2);
    expect(server.ports.map(({ name }) => name)).toEqual(["guest.2", "guest.1"]);
    server.close();
    expect(Object.keys(sw.stats.ports)).toEqual(["inside"]);
  });

  for (const check of portCompliance({
    mayLose: true,
    async open() {
      const port = kept(await frames("ws:PORT/lab,guests=3,mtu=9000"));
      const far = kept(connectWebSocket(/ws:\S+/.exec(port.problem ?? "")?.[0] ?? "", { mtu: 9000 }));
      await until(() => !port.problem && !far.problem);
      return { ...joined(port, far), close: () => far.detached?.() };
    },
  }))
    it(`by its text: ${check.name}`, check.run);
});
