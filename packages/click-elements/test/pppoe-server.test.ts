/** PPPoEServer: discovery, negotiation, IP both ways, rates, counts, and ends of sessions. */
import { pppCodes, pppoeCodes, pppProtocols } from "@clickos/wire/ppp";
import { describe, expect, it } from "vitest";
import { ether, ip, make, udp } from "./packets.ts";
import { PppClient, type PppClientOptions, readPppFrame } from "./pppoe-client.ts";

const second = 1_000_000_000n;
const mac = (n: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 7, n);
const alice = { name: "alice", password: "secret", mac: mac(1) };
const bob = { name: "bob", password: "builder", mac: mac(2) };
const subscribers = "alice secret 10.64.0.10, bob builder 10.64.0.11";

async function concentrator(text = subscribers, capacity = 8) {
  let now = 1_000n * second;
  const router = await make(
    `FromDevice(0) -> [0] ac :: PPPoEServer(02:00:00:00:00:01, 10.64.0.1, ${text}, CAPACITY ${capacity}) -> ToDevice(0);
     ac [1] -> ToDevice(1); ac [2] -> other :: Discard; FromDevice(1) -> MarkIPHeader(0) -> [1] ac;`,
    { clock: () => now },
  );
  const send = (device: number, ...frames: Uint8Array[]): Uint8Array[][] => {
    router.device(device).send(frames);
    router.run();
    return [router.device(0).receive(), router.device(1).receive()];
  };
  const exchange = (frame: Uint8Array): Uint8Array[] => send(0, frame)[0]!;
  return {
    router,
    send,
    exchange,
    connect(options: PppClientOptions): PppClient {
      const client = new PppClient(options);
      client.talk(exchange);
      return client;
    },
    /** Time goes by; a client answers what it is sent, unless it is silent. */
    wait(seconds: number, client?: PppClient): void {
      for (let i = 0; i < seconds * 20; i++) {
        now += second / 20n;
        router.run();
        for (const frame of router.device(0).receive())
          for (const reply of client?.answer(frame) ?? []) client?.talk(exchange, reply);
      }
    },
    drops: () => Object.fromEntries(router.drops().map(({ reason, count }) => [reason, Number(count)])),
  };
}
const from = (address: string, data?: Uint8Array) => udp(1024, 53, { src: address, dst: "8.8.8.8" }, data);
const to = (address: string, data?: Uint8Array) => udp(53, 1024, { src: "8.8.8.8", dst: address }, data);

describe("PPPoEServer", () => {
  it("takes a host from discovery to an address", async () => {
    const { router, connect } = await concentrator(`${subscribers}, AC_NAME edge, DNS 10.64.0.1`);
    const client = connect({ ...alice, address: 0x01020304, wantsDns: true });
    expect(client.events).toEqual([
      "offered host-7",
      "confirmed",
      "asked for c023",
      "rejected 13",
      "link acknowledged",
      "authenticated",
      "address acknowledged",
    ]);
    expect([client.concentrator, client.session, client.address, client.dns]).toEqual([
      "edge",
      1,
      0x0a40000a,
      0x0a400001,
    ]);
    expect(router.read("ac.sessions")).toBe("1 02-00-00-00-07-01 open alice 0\n");
    expect(router.read("ac.open")).toBe("1");
  });

  it("passes IP both ways, of the subscriber's address alone, and counts it", async () => {
    const { router, connect, send, drops } = await concentrator();
    const client = connect(alice);
    const up = from("10.64.0.10");
    expect(send(0, client.ip(up))).toEqual([[], [up]]);
    const [[frame], none] = send(1, to("10.64.0.10")) as [Uint8Array[], Uint8Array[]];
    expect(none).toEqual([]);
    const seen = readPppFrame(frame!);
    expect([seen.to, seen.sessionId, seen.protocol, seen.payload]).toEqual([
      mac(1),
      1,
      pppProtocols.ip,
      to("10.64.0.10"),
    ]);
    send(0, client.ip(from("10.64.0.11")), ether(new Uint8Array(46), 0x0806));
    send(1, to("10.64.0.11"), to("10.64.0.99"), to("10.64.0.10", new Uint8Array(1500)));
    expect(router.read("ac.subscribers")).toBe(
      `alice 10.64.0.10 1 1 1 ${up.length} 1 ${up.length}\nbob 10.64.0.11 0 0 0 0 0 0\n`,
    );
    expect(router.read("other.count")).toBe("1");
    expect(drops()).toEqual({
      "not from the subscriber's address": 1,
      "for no subscriber": 2,
      "longer than the session carries": 1,
    });
  });

  it("answers echoes, and rejects what it does not speak", async () => {
    const { connect, exchange } = await concentrator();
    const client = connect(alice);
    client.talk(exchange, client.echo());
    client.talk(exchange, client.control(0x8057, pppCodes.configureRequest, Uint8Array.of(1, 2, 3)));
    expect(client.events.slice(-2)).toEqual(["echo are you there", "protocol 8057 rejected"]);
  });

  it("knows who has said the right password", async () => {
    const { router, connect, wait, send } = await concentrator();
    for (const [options, number] of [
      [{ ...alice, password: "Secret" }, 1],
      [{ ...alice, name: "alic" }, 2],
      [{ ...alice, name: "x".repeat(200) }, 3],
    ] as const) {
      const client = connect(options);
      expect(client.events.at(-1)).toBe("refused");
      expect(send(0, client.ip(from("10.64.0.10")))[1]).toEqual([]);
      wait(2, client);
      expect(client.events.at(-1)).toBe("ended");
      expect(router.read("ac.refused")).toBe(String(number));
    }
    expect(router.read("ac.sessions")).toBe("");
    expect(connect(alice).address).toBe(0x0a40000a);
  });

  it("gives no session without its cookie, and none where there is no more room", async () => {
    const { connect, exchange, drops, router } = await concentrator("alice secret 10.64.0.10", 2);
    const offer = exchange(new PppClient(alice).initiate())[0]!;
    const [request] = new PppClient({ ...alice, mac: mac(9) }).answer(offer);
    expect(exchange(request!)).toEqual([]);
    expect(drops()).toEqual({ "PADR without the cookie of this concentrator": 1 });
    connect(alice);
    connect({ ...bob });
    const third = connect({ ...bob, mac: mac(3) });
    expect(third.events.at(-1)).toBe("refused true");
    expect(router.read("ac.begun")).toBe("2");
  });

  it("has one session for a host and for a subscriber", async () => {
    const { router, connect, send } = await concentrator();
    const first = connect(alice);
    const second = connect(alice);
    expect([first.session, second.session]).toEqual([1, 1]);
    const elsewhere = connect({ ...alice, mac: mac(8) });
    expect(elsewhere.session).toBe(2);
    expect(send(0, second.ip(from("10.64.0.10")))[1]).toEqual([]);
    expect(send(0, elsewhere.ip(from("10.64.0.10")))[1]).toHaveLength(1);
    expect(router.read("ac.subscribers")).toMatch(/^alice 10\.64\.0\.10 2 3 /);
  });

  it("asks who is silent whether it is there, and ends the session of who is not", async () => {
    const { router, connect, wait } = await concentrator(`${subscribers}, ECHO_INTERVAL 5s, ECHO_FAILURES 2`);
    const client = connect(alice);
    wait(30, client);
    expect(client.events.filter((event) => event === "echo asked").length).toBeGreaterThanOrEqual(4);
    expect(router.read("ac.open")).toBe("1");
    wait(20);
    expect([router.read("ac.open"), router.read("ac.ended")]).toEqual(["0", "1"]);
    // One that does not go on is given up.
    const half = new PppClient(bob);
    half.session = 0;
    const { exchange } = {
      exchange: (frame: Uint8Array) => (router.device(0).send([frame]), router.run(), router.device(0).receive()),
    };
    const [request] = half.answer(exchange(half.initiate())[0]!);
    exchange(request!);
    expect(router.read("ac.sessions")).toMatch(/ link - /);
    wait(40);
    expect(router.read("ac.sessions")).toBe("");
  });

  it("ends sessions when hosts say so, by PPP or by PPPoE, and adds up what they have had", async () => {
    const { router, connect, exchange, send } = await concentrator();
    const client = connect(alice);
    send(0, client.ip(from("10.64.0.10")));
    client.talk(exchange, client.control(pppProtocols.lcp, pppCodes.terminateRequest, new Uint8Array()));
    expect(client.events.at(-1)).toBe("terminated");
    const next = connect(alice);
    send(0, next.ip(from("10.64.0.10")));
    // Somebody else cannot end it.
    const other = new PppClient(bob);
    other.answer(exchange(other.initiate())[0]!);
    other.session = next.session;
    send(0, other.terminate());
    expect(router.read("ac.open")).toBe("1");
    send(0, next.terminate());
    expect(router.read("ac.open")).toBe("0");
    expect(router.read("ac.subscribers")).toMatch(/^alice 10\.64\.0\.10 0 2 2 80 0 0\n/);
  });

  it("holds subscribers to their rates", async () => {
    const { connect, send, wait, drops } = await concentrator("alice secret 10.64.0.10 100kBps 200kBps");
    const client = connect(alice);
    const data = new Uint8Array(972);
    const many = Array.from({ length: 30 }, () => client.ip(from("10.64.0.10", data)));
    // A tenth of a second's.
    expect(send(0, ...many)[1]).toHaveLength(10);
    const down = Array.from({ length: 30 }, () => to("10.64.0.10", data));
    expect(send(1, ...down)[0]).toHaveLength(20);
    wait(0.05, client);
    expect(send(0, ...many)[1]).toHaveLength(5);
    expect(drops()).toEqual({ "more than the subscriber may send": 45, "more than the subscriber may get": 10 });
  });

  it("learns of subscribers while it runs, and forgets them", async () => {
    const { router, connect, wait, exchange } = await concentrator("alice secret 10.64.0.10", 2);
    router.write("ac.add", "carol pass 10.64.0.12 1Mbps 2Mbps");
    const carol = connect({ name: "carol", password: "pass", mac: mac(3) });
    expect(carol.address).toBe(0x0a40000c);
    expect(() => router.write("ac.add", "dave pass 10.64.0.13")).toThrow(/as many as CAPACITY/);
    expect(() => router.write("ac.add", "alice pass 10.64.0.12")).toThrow(/is the address of 'carol'/);
    expect(() => router.write("ac.add", "eve")).toThrow(/expected 'NAME PASSWORD/);
    router.write("ac.disconnect", "carol");
    wait(1, carol);
    expect(carol.events.at(-1)).toBe("ended");
    carol.talk(exchange);
    router.write("ac.remove", "carol");
    wait(1, carol);
    expect(carol.events.at(-1)).toBe("ended");
    expect(() => router.write("ac.remove", "carol")).toThrow(/no subscriber 'carol'/);
    expect(connect({ name: "carol", password: "pass", mac: mac(4) }).events.at(-1)).toBe("refused");
  });

  it("keeps sessions when another part of the configuration changes", async () => {
    const { router, connect, send } = await concentrator();
    const client = connect(alice);
    const { config } = { config: router.read("config") };
    await router.hotswap(`${config}\nIdle -> Discard;`);
    expect(send(0, client.ip(from("10.64.0.10")))[1]).toHaveLength(1);
  });

  it("lives through nonsense", async () => {
    const { router, send, connect } = await concentrator();
    const client = connect(alice);
    const whole = [
      client.initiate(),
      client.echo(),
      client.ip(ip()),
      client.control(pppProtocols.ipcp, 1, Uint8Array.of(3, 6, 1, 2, 3, 4, 129, 3, 1)),
    ];
    for (const frame of whole)
      for (let length = 0; length <= frame.length; length++) {
        send(0, frame.slice(0, length));
        for (const value of [0, 1, 255]) {
          const changed = frame.slice();
          if (length > 12 && length < frame.length) changed[length] = value;
          send(0, changed);
        }
      }
    expect(readPppFrame(new PppClient(alice).initiate()).code).toBe(pppoeCodes.padi);
    connect(alice);
    expect(router.read("ac.open")).toBe("1");
  });

  it("refuses what makes no sense", async () => {
    for (const [text, message] of [
      ["alice secret", /expected 'NAME PASSWORD ADDRESS/],
      ["alice secret 10.64.0.1", /is another's/],
      ["alice secret 10.64.0.10, alice x 10.64.0.11", /'alice' is there already/],
      ["alice secret 10.64.0.10 fast", /bad bandwidth 'fast'/],
      [`${"a".repeat(33)} x 10.64.0.10`, /1 to 32 bytes/],
      ["alice secret 10.64.0.10, MRU 1500", /MRU/],
    ] as const)
      await expect(concentrator(text)).rejects.toThrow(message);
    await expect(concentrator(subscribers, 1)).rejects.toThrow(/more subscribers than CAPACITY/);
  });
});
