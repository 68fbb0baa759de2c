import { createSocket } from "node:dgram";
import { lstatSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drive, Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "socket-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

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

/** Runs a configuration that prints packets as text; what it printed. */
async function compile(config: string): Promise<{ router: Router; said: string[] }> {
  const said: string[] = [];
  const router = await Router.compile(config, { elements, chatter: (text) => said.push(text) });
  return { router, said };
}

const port = (router: Router): number => Number(router.read("s.port"));

/** A client, and what it has received. */
function client(port: number): { socket: Socket; got: string; closed: boolean } {
  const peer = { socket: connect(port, "127.0.0.1"), got: "", closed: false };
  peer.socket.on("data", (data) => (peer.got += data.toString("latin1")));
  peer.socket.on("error", () => {});
  peer.socket.on("close", () => (peer.closed = true));
  return peer;
}

describe("a UDP Socket", () => {
  it("receives datagrams and answers who sent them", async () => {
    const { router } = await compile("s :: Socket(UDP, 127.0.0.1, 0) -> c :: Counter -> s");
    using r = router;
    const peer = createSocket("udp4");
    const got: string[] = [];
    peer.on("message", (m) => got.push(m.toString()));
    await until(r, () => {
      if (r.read("c.count") === "0") peer.send("ping", port(r), "127.0.0.1");
      return got.length > 0;
    });
    expect(got[0]).toBe("ping");
    peer.close();
  });

  it("cuts what is longer than SNAPLEN, says how much is missing, and outlives an empty datagram", async () => {
    // Pad puts zeros where something is missing.
    const { router } = await compile(
      "s :: Socket(UDP, 127.0.0.1, 0, SNAPLEN 4) -> c :: Counter -> Pad -> p :: Counter -> Discard",
    );
    using r = router;
    const peer = createSocket("udp4");
    await until(r, () => {
      peer.send("", port(r), "127.0.0.1");
      if (r.read("c.count") === "0") peer.send("abcdefg", port(r), "127.0.0.1");
      return r.read("c.count") !== "0";
    });
    peer.close();
    expect([r.read("c.byte_count"), r.read("p.byte_count")]).toEqual(["4", "7"]);
  });

  it("sends to a packet's own destination where its address is 0.0.0.0", async () => {
    const peer = createSocket("udp4");
    const got: string[] = [];
    peer.on("message", (m) => got.push(m.toString()));
    await new Promise<void>((resolve) => peer.bind(0, "127.0.0.1", resolve));
    const { router } = await compile(
      `InfiniteSource("hello", LIMIT 2) -> SetIPAddress(127.0.0.1) -> Queue -> Socket(UDP, 0.0.0.0, ${peer.address().port})`,
    );
    using r = router;
    await until(r, () => got.length === 2);
    expect(got).toEqual(["hello", "hello"]);
    peer.close();
  });

  it("sends from the port that it is given", async () => {
    const peer = createSocket("udp4");
    const from: number[] = [];
    peer.on("message", (_, { port }) => from.push(port));
    await new Promise<void>((resolve) => peer.bind(0, "127.0.0.1", resolve));
    const free = createSocket("udp4");
    await new Promise<void>((resolve) => free.bind(0, "127.0.0.1", resolve));
    const local = free.address().port;
    await new Promise<void>((resolve) => free.close(resolve));
    const { router } = await compile(
      `InfiniteSource("hello", LIMIT 1) -> Socket(UDP, 127.0.0.1, ${peer.address().port}, 127.0.0.1, ${local})`,
    );
    using r = router;
    await until(r, () => from.length === 1);
    expect(from).toEqual([local]);
    peer.close();
  });
});

describe("a TCP Socket", () => {
  it("makes a packet of what one read has found, SNAPLEN bytes at most", async () => {
    const { router } = await compile("s :: Socket(TCP, 127.0.0.1, 0, SNAPLEN 1000) -> c :: Counter -> s");
    using r = router;
    const peer = client(port(r));
    const sent = "x".repeat(2500);
    peer.socket.write(sent);
    await until(r, () => peer.got.length >= sent.length);
    expect(peer.got).toBe(sent);
    expect(r.read("c.count")).toBe("3");
    peer.socket.destroy();
  });

  it("loses nothing of a stream that comes faster than it goes", async () => {
    const { router } = await compile("s :: Socket(TCP, 127.0.0.1, 0, SNAPLEN 100) -> c :: Counter -> Discard");
    using r = router;
    const peer = client(port(r));
    peer.socket.write(Buffer.alloc(3_000_000, 7));
    await until(r, () => r.read("c.byte_count") === "3000000");
    expect(r.read("s.drops")).toBe("0");
    peer.socket.destroy();
  });

  it("talks to one client at a time, lets two wait, and turns others away", async () => {
    const { router, said } = await compile("s :: Socket(TCP, 127.0.0.1, 0, VERBOSE true) -> c :: Counter -> s");
    using r = router;
    const first = client(port(r));
    first.socket.write("one");
    await until(r, () => first.got === "one");
    const [second, third] = [client(port(r)), client(port(r))];
    second.socket.write("two");
    third.socket.write("three");
    await until(r, () => second.socket.readyState === "open" && third.socket.readyState === "open");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const fourth = client(port(r));
    await until(r, () => fourth.closed);
    expect([second.got, third.got]).toEqual(["", ""]);
    first.socket.destroy();
    await until(r, () => second.got === "two");
    second.socket.destroy();
    await until(r, () => third.got === "three");
    third.socket.destroy();
    await until(r, () => said.filter((text) => text.includes("closed")).length === 3);
    expect(
      said
        .join("")
        .replace(/connection \d+/g, "connection N")
        .replace(/:\d+/g, ":PORT"),
    ).toBe(
      `s :: Socket: listening for connections on 127.0.0.1:PORT (${/\((\d+)\)/.exec(said[0] ?? "")?.[1]})\n` +
        "s :: Socket: opened connection N from 127.0.0.1:PORT\ns :: Socket: closed connection N\n".repeat(3),
    );
  });

  it("asks ALLOW, then DENY, about who connects", async () => {
    const tables = (deny: string): string =>
      `allow :: RadixIPLookup(127.0.0.1 0); deny :: RadixIPLookup(${deny}); allow -> deny -> allow;`;
    const { router: open } = await compile(
      `${tables("0/0 0")} s :: Socket(TCP, 127.0.0.1, 0, ALLOW allow, DENY deny) -> c :: Counter -> s`,
    );
    const welcome = client(port(open));
    welcome.socket.write("hello");
    await until(open, () => welcome.got === "hello");
    open.close();
    const { router: shut, said } = await compile(
      `${tables("127.0.0.0/8 0")} s :: Socket(TCP, 127.0.0.1, 0, DENY deny, VERBOSE true) -> c :: Counter -> s`,
    );
    const refused = client(port(shut));
    await until(shut, () => refused.closed);
    expect(said.join("")).toMatch(/s :: Socket: denied connection \d+ from 127\.0\.0\.1:\d+\n$/);
    // Routes may change.
    shut.write("deny.remove", "127.0.0.0/8");
    const later = client(port(shut));
    later.socket.write("hello");
    await until(shut, () => later.got === "hello");
    shut.close();
  });

  it("drops datagrams from whom DENY has", async () => {
    const { router, said } = await compile(
      "d :: RadixIPLookup(0/0 0); Idle -> d -> Discard; s :: Socket(UDP, 127.0.0.1, 0, DENY d, VERBOSE true) -> c :: Counter -> Discard",
    );
    using r = router;
    const peer = createSocket("udp4");
    await until(r, () => {
      peer.send("x", port(r), "127.0.0.1");
      return said.length > 0;
    });
    expect(said[0]).toMatch(/^s :: Socket: dropped datagram from 127\.0\.0\.1:\d+\n$/);
    expect(r.read("c.count")).toBe("0");
    peer.close();
  });

  it("leaves packets where they are until somebody takes them", async () => {
    const { router } = await compile(
      'InfiniteSource("abc", LIMIT 3) -> q :: Queue -> s :: Socket(TCP, 127.0.0.1, 0) -> Discard',
    );
    using r = router;
    await until(r, () => r.read("q.length") === "3");
    const peer = client(port(r));
    await until(r, () => peer.got === "abcabcabc");
    expect(r.read("q.length")).toBe("0");
    peer.socket.destroy();
  });

  it("connects as a client", async () => {
    let got = "";
    const server = createServer((s) => s.on("data", (d) => (got += d)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const { router } = await compile(`InfiniteSource("abc", LIMIT 3) -> Socket(TCP, 127.0.0.1, ${port}, CLIENT true)`);
    using r = router;
    await until(r, () => got === "abcabcabc");
    server.close();
  });

  it("fails where a connection is refused, or an address is not to be had", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await expect(compile(`Socket(TCP, 127.0.0.1, ${port}) -> Discard`)).rejects.toThrow("bind: Address already in use");
    await expect(compile(`Idle -> Socket(TCP, 127.0.0.1, ${port}, 192.0.2.1, 9)`)).rejects.toThrow(
      "bind: Cannot assign requested address",
    );
    await new Promise((resolve) => server.close(resolve));
    await expect(compile(`Idle -> Socket(TCP, 127.0.0.1, ${port})`)).rejects.toThrow("connect: Connection refused");
  });
});

describe("a UNIX Socket", () => {
  it("leaves its file, as Click does, and so is not made twice", async () => {
    const path = join(dir, "s");
    const { router } = await compile(`Socket(UNIX, ${path}) -> Discard`);
    router.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(lstatSync(path).isSocket()).toBe(true);
    await expect(compile(`Socket(UNIX, ${path}) -> Discard`)).rejects.toThrow("bind: Address already in use");
    await expect(compile(`Idle -> Socket(UNIX, ${path})`)).rejects.toThrow("connect: Connection refused");
  });

  it("carries packets from a client to a server", async () => {
    const path = join(dir, "s");
    const { router, said } = await compile(
      `Socket(UNIX, ${path}) -> c :: Counter -> Print(x, 5, CONTENTS ASCII) -> Discard`,
    );
    using server = router;
    using from = (await compile(`InfiniteSource("hello", LIMIT 1) -> Queue -> Socket(UNIX, ${path})`)).router;
    const sending = new AbortController();
    const running = drive(from, { signal: sending.signal });
    await until(server, () => server.read("c.count") === "1");
    sending.abort();
    await running;
    expect(said).toEqual(["x:    5 |  hello\n"]);
  });
});
