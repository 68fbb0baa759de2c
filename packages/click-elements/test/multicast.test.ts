/** McastSocket on this machine's own interface. */
import { createSocket } from "node:dgram";
import { drive, Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements/node";
import { describe, expect, it } from "vitest";

const group = "239.255.77.1";

/** A port that nobody has. */
async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

async function until(routers: readonly Router[], condition: () => boolean): Promise<void> {
  const abort = new AbortController();
  const running = routers.map((router) => drive(router, { signal: abort.signal }));
  const end = performance.now() + 10_000;
  while (!condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  await Promise.all(running);
  expect(condition()).toBe(true);
}

describe("McastSocket", () => {
  it("reaches all who listen, and leaves out what it has sent itself", async () => {
    const port = await freePort();
    const text = `i :: InfiniteSource("hello", LIMIT 3, ACTIVE false) -> m :: McastSocket(${group}, ${port}, 127.0.0.1) -> c :: Counter -> Discard`;
    using a = await Router.compile(text, { elements });
    using b = await Router.compile(text, { elements });
    const count = (router: Router): string => router.read("c.count");
    a.write("i.active", "true");
    await until([a, b], () => count(b) === "3");
    expect([count(a), a.read("m.count"), a.read("m.drops")]).toEqual(["0", "3", "0"]);
    expect(Number(a.read("m.port"))).not.toBe(Number(b.read("m.port")));
    b.write("i.active", "true");
    await until([a, b], () => count(a) === "3");
    expect(count(b)).toBe("3");
  });

  it("pulls what it sends, and cuts what it receives", async () => {
    const port = await freePort();
    using a = await Router.compile(
      `i :: InfiniteSource("hello", LIMIT 3, ACTIVE false) -> Queue -> McastSocket(${group}, ${port}, 127.0.0.1)`,
      { elements },
    );
    using b = await Router.compile(`McastSocket(${group}, ${port}, 127.0.0.1, SNAPLEN 2) -> c :: Counter -> Discard`, {
      elements,
    });
    a.write("i.active", "true");
    await until([a, b], () => b.read("c.byte_count") === "6");
    expect(b.read("c.count")).toBe("3");
  });

  it.each([
    ["192.0.2.1, 5000", "bind: Cannot assign requested address"],
    [`${group}, 5000, 192.0.2.1`, "bind: Cannot assign requested address"],
    ["127.0.0.1, 0", "setsockopt(IP_ADD_MEMBERSHIP): Invalid argument"],
    [`${group}, 5000, SNAPLEN 0`, "SNAPLEN must be at least 1"],
  ])("says what is wrong with %s", async (given, problem) => {
    await expect(Router.compile(`McastSocket(${given}) -> Discard`, { elements })).rejects.toThrow(problem);
  });
});

describe("sockets that Node.js does not have", () => {
  it.each([
    ["RawSocket(udp, 53) -> Discard", "socket: Node.js has no raw sockets"],
    ["FromRawSocket(icmp) -> Discard", "socket: Node.js has no raw sockets"],
    ["Idle -> Queue -> ToRawSocket(47, 5)", "socket: Node.js has no raw sockets"],
    ["RawSocket(300) -> Discard", "socket: Invalid argument"],
    ["RawSocket(47, 70000) -> Discard", "PORT: out of range, bound 65535"],
    ["Socket(UNIX_DGRAM, x) -> Discard", "socket: Node.js has no UNIX datagrams"],
    ["UMLSwitch(/nowhere/x) -> Discard", "could not connect to control socket /nowhere/x: No such file or directory"],
  ])("%s", async (text, problem) => {
    await expect(Router.compile(text, { elements })).rejects.toThrow(problem);
  });
});

describe("ChangeUID", () => {
  it("has the process give up its privileges, where there is one", async () => {
    const text = "ChangeUID; Idle -> Discard";
    (await Router.compile(text, { elements })).close();
    let dropped = 0;
    const process = { id: 1, onSignal: () => () => {}, kill() {}, dropPrivileges: () => void dropped++ };
    (await Router.compile(text, { elements, process })).close();
    expect(dropped).toBe(1);
    const refuses = {
      ...process,
      dropPrivileges() {
        throw new Error("Operation not permitted");
      },
    };
    await expect(Router.compile(text, { elements, process: refuses })).rejects.toThrow(
      "could not drop privilege: Operation not permitted",
    );
  });
});
