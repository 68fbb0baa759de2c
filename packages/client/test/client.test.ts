import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ClientError, createClient, LineReader, type Transport } from "../src/index.ts";

/** A transport whose far end is a function. */
function transport(
  answer: (request: { id: number; method: string; params: any }, send: (message: unknown) => void) => void,
) {
  let line: (text: string) => void = () => {};
  let closed: (why: string) => void = () => {};
  const made: Transport = {
    send: (text) => queueMicrotask(() => answer(JSON.parse(text), (message) => line(JSON.stringify(message)))),
    open(onLine, onClosed) {
      line = onLine;
      closed = onClosed;
    },
    close: () => {},
  };
  return { made, drop: (why: string) => closed(why), say: (text: string) => line(text) };
}

const hello = { api: 1, version: "1.2.3" };

describe("a client", () => {
  it("has each answer go to its question, in whatever order they come", async () => {
    const waiting: (() => void)[] = [];
    const { made } = transport(({ id, method, params }, send) => {
      if (method === "daemon.hello") send({ jsonrpc: "2.0", id, result: hello });
      else waiting.push(() => send({ jsonrpc: "2.0", id, result: { name: params.name } }));
    });
    const client = await createClient(made);
    expect(client.daemon.version).toBe("1.2.3");
    const names = ["a", "b", "c"].map((name) => client.call("domain.get", { name }));
    await new Promise((resolve) => setTimeout(resolve));
    for (const answer of waiting.reverse()) answer();
    expect((await Promise.all(names)).map((d) => d.name)).toEqual(["a", "b", "c"]);
  });

  it("gives errors with their word and diagnostics", async () => {
    const { made } = transport(({ id, method }, send) =>
      send(
        method === "daemon.hello"
          ? { id, result: hello }
          : {
              id,
              error: { code: -32000, message: "no", data: { code: "CONFIGURATION", diagnostics: [{ message: "x" }] } },
            },
      ),
    );
    const client = await createClient(made);
    const e: ClientError = await client.call("domain.list", {}).then(
      () => {
        throw new Error("it should not succeed");
      },
      (e) => e,
    );
    expect([e.name, e.code, e.message, e.diagnostics]).toEqual([
      "ClientError",
      "CONFIGURATION",
      "no",
      [{ message: "x" }],
    ]);
  });

  it("ends everything that waits when the connection ends", async () => {
    const { made, drop } = transport(({ id, method }, send) => {
      if (method === "daemon.hello") send({ id, result: hello });
      else if (method === "daemon.events") send({ id, result: { stream: 1 } });
    });
    const client = await createClient(made);
    const call = client.call("domain.list", {});
    const next = client.stream("daemon.events", {}).next();
    await new Promise((resolve) => setTimeout(resolve));
    drop("gone");
    await expect(call).rejects.toMatchObject({ code: "CLOSED", message: "gone" });
    await expect(next).rejects.toMatchObject({ code: "CLOSED" });
    await expect(client.call("domain.list", {})).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("closes a stream that is left, and gives items that came before the answer", async () => {
    const closed: number[] = [];
    const { made } = transport(({ id, method, params }, send) => {
      if (method === "daemon.hello") send({ id, result: hello });
      else if (method === "daemon.events") {
        send({ method: "item", params: { stream: 7, value: { event: "early" } } });
        send({ id, result: { stream: 7 } });
        send({ method: "item", params: { stream: 7, value: { event: "late" } } });
      } else {
        closed.push(params.stream);
        send({ id, result: null });
      }
    });
    const client = await createClient(made);
    const seen: string[] = [];
    for await (const { event } of client.stream("daemon.events", {})) {
      seen.push(event);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(["early", "late"]);
    expect(closed).toEqual([7]);
  });

  it("tells how many items were lost, and keeps nothing of a stream that has ended", async () => {
    const { made, say } = transport(({ id, method }, send) => {
      if (method === "daemon.hello") send({ id, result: hello });
      else if (method === "daemon.events") {
        send({ id, result: { stream: 1 } });
        send({ method: "lost", params: { stream: 1, count: 7 } });
        send({ method: "item", params: { stream: 1, value: { event: "a" } } });
      } else {
        send({ method: "item", params: { stream: 1, value: { event: "on its way" } } });
        send({ id, result: null });
      }
    });
    const client = await createClient(made);
    const lost: number[] = [];
    const stream = client.stream("daemon.events", {}, { onLost: (count) => void lost.push(count) });
    expect((await stream.next()).value).toEqual({ event: "a" });
    await stream.return?.(undefined);
    // A stream of that number begins with nothing of the former one's.
    const again = client.stream("daemon.events", {});
    expect((await again.next()).value).toEqual({ event: "a" });
    say(JSON.stringify({ method: "end", params: { stream: 1 } }));
    expect((await again.next()).done).toBe(true);
    expect(lost).toEqual([7]);
  });

  it("refuses what is no JSON", async () => {
    const { made, say } = transport(({ id, method }, send) => {
      if (method === "daemon.hello") send({ id, result: hello });
    });
    const client = await createClient(made);
    const call = client.call("domain.list", {});
    say("HTTP/1.1 400 Bad Request");
    await expect(call).rejects.toMatchObject({ code: "PROTOCOL" });
  });
});

describe("lines", () => {
  it("are the same however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat(7)), (texts, cuts) => {
        const lines = texts.map((text) => text.replaceAll("\n", " "));
        const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(""));
        const reader = new LineReader();
        const read: string[] = [];
        let at = 0;
        for (const cut of cuts) {
          read.push(...reader.read(bytes.subarray(at, at + cut)));
          at = Math.min(bytes.length, at + cut);
        }
        read.push(...reader.read(bytes.subarray(at)));
        expect(read).toEqual(lines);
        expect(reader.pending).toBe(0);
      }),
    );
  });

  it("have a longest length, and are UTF-8", () => {
    const reader = new LineReader(8);
    expect([...reader.read(new TextEncoder().encode("12345678\n1234"))]).toEqual(["12345678"]);
    expect(() => [...reader.read(new TextEncoder().encode("56789"))]).toThrow(RangeError);
    expect(() => [...new LineReader().read(Uint8Array.of(0xff, 10))]).toThrow(TypeError);
  });
});
