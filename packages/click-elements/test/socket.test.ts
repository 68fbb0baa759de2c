import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";
import { drive, Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements/node";
import { describe, expect, it } from "vitest";

/** Runs a router until a condition holds. */
async function until(router: Router, condition: () => boolean): Promise<void> {
  const abort = new AbortController();
  const running = drive(router, { signal: abort.signal });
  const end = performance.now() + 10_000;
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  await running;
  expect(condition()).toBe(true);
}

describe("Socket", () => {
  it("receives datagrams and answers who sent them", async () => {
    using r = await Router.compile("s :: Socket(UDP, 127.0.0.1, 0) -> c :: Counter -> s", { elements });
    const peer = createSocket("udp4");
    const got: string[] = [];
    peer.on("message", (m) => got.push(m.toString()));
    await until(r, () => {
      let port = 0;
      try {
        port = Number(r.read("s.port"));
      } catch {
        return false;
      }
      if (r.read("c.count") === "0") peer.send("ping", port, "127.0.0.1");
      return got.length > 0;
    });
    expect(got[0]).toBe("ping");
    peer.close();
  });

  it("frames packets on a stream, and takes frames apart however they come", async () => {
    using r = await Router.compile("s :: Socket(TCP, 127.0.0.1, 0) -> c :: Counter -> s", { elements });
    let port = 0;
    await until(r, () => {
      port = Number(r.read("s.port"));
      return port > 0;
    });
    const peer = connect(port, "127.0.0.1");
    let got = Buffer.alloc(0);
    peer.on("data", (d) => {
      got = Buffer.concat([got, d]);
    });
    const frame = (text: string): Buffer => {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(text.length + 4);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    const sent = Buffer.concat(["one", "", "three three", "x".repeat(1500)].map(frame));
    for (let i = 0; i < sent.length; i += 7) peer.write(sent.subarray(i, i + 7));
    await until(r, () => got.length >= sent.length);
    expect(got.equals(sent)).toBe(true);
    expect(r.read("c.count")).toBe("4");
    // A length that is none closes the connection, and the next one is served.
    peer.write(Buffer.from([0, 0, 0, 1]));
    let closed = false;
    peer.on("close", () => {
      closed = true;
    });
    await until(r, () => closed);
    const next = connect(port, "127.0.0.1");
    next.write(frame("again"));
    await until(r, () => r.read("c.count") === "5");
    next.destroy();
  });

  it("connects as a client, unframed", async () => {
    let got = "";
    const server = createServer((s) => s.on("data", (d) => (got += d)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    using r = await Router.compile(
      `InfiniteSource("abc", LIMIT 3) -> Socket(TCP, 127.0.0.1, ${port}, CLIENT true, FRAME false)`,
      { elements },
    );
    await until(r, () => got === "abcabcabc");
    server.close();
  });

  it("reports a connection that is refused", async () => {
    const chatter: string[] = [];
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    using r = await Router.compile(`Idle -> Socket(TCP, 127.0.0.1, ${port}, CLIENT true)`, {
      elements,
      chatter: (t) => chatter.push(t),
    });
    await until(r, () => r.problems.length > 0);
    expect(chatter.join("")).toContain(`127.0.0.1:${port}`);
  });
});
