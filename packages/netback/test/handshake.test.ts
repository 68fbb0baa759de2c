import { parseRate, RateLimit, type VifMode, vifModes } from "@clickos/netback";
import type { NetFront } from "@clickos/netfront";
import type { MemoryPort } from "@clickos/vale";
import { describe, expect, it } from "vitest";
import { driver, echo, frame, guestWith, host } from "./guest.ts";

const states = (h: ReturnType<typeof host>, id: number): string[] => [
  h.store.read(`/local/domain/${id}/device/vif/0/state`),
  h.store.read(`/local/domain/0/backend/vif/${id}/0/state`),
];

describe("the handshake", () => {
  for (const mode of Object.keys(vifModes) as VifMode[]) {
    const fronts = vifModes[mode].netmap ? (["netmap", "standard"] as const) : (["standard"] as const);
    for (const front of fronts)
      for (const singleChannel of [false, true])
        it(`connects a ${front} front end in mode ${mode} over ${singleChannel ? "one channel" : "two channels"}`, async () => {
          const h = host();
          const port = h.bridge.attach("outside");
          const guest = await echo(h, { mode: front, singleChannel }, { mode });
          h.settle();
          expect(states(h, guest.id)).toEqual(["4", "4"]);
          for (let round = 0; round < 20; round++) {
            const sent = Array.from({ length: 50 }, (_, i) => frame(guest.id, 9, round * 50 + i, 60 + i * 20));
            port.send(sent);
            h.settle();
            expect(port.receive().map((f) => [...f.subarray(12)])).toEqual(sent.map((f) => [...f.subarray(12)]));
          }
          const vif = h.backend.vifs.get(`${guest.id}/0`)!;
          expect([vif.stats.txPackets, vif.stats.rxPackets, guest.crash]).toEqual([1000, 1000, undefined]);
          expect(Object.values(vif.drops!).every((n) => n === 0)).toBe(true);
        });
  }

  it("connects again when the back end was restarted, and loses no frame or grant for it", async () => {
    for (const mode of ["standard", "netmap"] as const) {
      const h = host();
      const port = h.bridge.attach("outside");
      const guest = await echo(h, { mode });
      h.settle();
      port.send([frame(guest.id, 9, 0)]);
      h.settle();
      port.receive();
      const { mapped } = h.xen.mapper;
      for (let round = 0; round < 5; round++) {
        h.restartBackend();
        h.settle();
        expect(states(h, guest.id)).toEqual(["4", "4"]);
        port.send([frame(guest.id, 9, round)]);
        h.settle();
        expect(port.receive()).toHaveLength(1);
        expect([h.xen.mapper.mapped, guest.crash]).toEqual([mapped, undefined]);
      }
    }
  });

  it("follows a front end that closes and comes back, and one whose domain dies", async () => {
    const h = host();
    const guest = await echo(h, { mode: "standard" });
    h.settle();
    const front = `/local/domain/${guest.id}/device/vif/0`;
    h.store.write(`${front}/state`, "5");
    h.settle();
    expect([h.backend.vifs.size, states(h, guest.id)[1]]).toEqual([0, "6"]);
    h.store.write(`${front}/state`, "1");
    h.settle();
    expect(states(h, guest.id)).toEqual(["4", "4"]);
    h.xen.destroyDomain(guest.id);
    h.store.rm(`/local/domain/${guest.id}`);
    h.settle();
    expect([h.backend.vifs.size, h.xen.mapper.mapped]).toEqual([0, 0]);
    h.store.rm(`/local/domain/0/backend/vif/${guest.id}`);
    expect(h.backend.failures).toEqual({});
  });

  it("refuses front ends whose keys make no sense, and says why", async () => {
    const wrong: [Record<string, string>, string][] = [
      [{ "tx-ring-ref": "x" }, "bad ring reference"],
      [{ "tx-ring-ref": "99999999" }, "bad ring reference"],
      [{ "rx-ring-ref": "4000" }, "bad grant"],
      [{ "event-channel-tx": "77" }, "bad event channel"],
      [{ "event-channel-tx": "-1" }, "bad event channel"],
      [{ "buffer-frames": "70000" }, "bad grant"],
      [{ "buffer-count": "9999999999" }, "bad grant"],
    ];
    for (const [keys, reason] of wrong) {
      const h = host();
      const guest = await guestWith(h, "liar", (os) =>
        driver(
          {
            ...os,
            xenbus: {
              ...os.xenbus,
              *write(path: string, value: string) {
                const key = path.split("/").at(-1) as string;
                yield* os.xenbus.write(path, Object.hasOwn(keys, key) ? (keys[key] as string) : value);
              },
            },
          },
          { mode: "netmap" },
          () => {},
        ),
      );
      h.settle();
      expect(h.backend.failures).toEqual({ [reason]: 1 });
      expect(h.store.read(`/local/domain/0/error/backend/vif/${guest.id}/0/error`)).not.toBe("");
      expect([h.backend.vifs.size, h.xen.mapper.mapped, guest.crash]).toEqual([0, 0, undefined]);
      // Nothing of a domain that is gone stays in the store.
      h.xen.destroyDomain(guest.id);
      h.store.rm(`/local/domain/${guest.id}`);
      h.store.rm(`/local/domain/0/backend/vif/${guest.id}`);
      h.settle();
      expect(h.store.exists(`/local/domain/0/error/backend/vif/${guest.id}`)).toBe(false);
    }
  });
});

describe("a guest that goes through the states without end", () => {
  it("is not listened to after some failures, and what domain 0 keeps of it does not grow", async () => {
    const h = host();
    const guest = await guestWith(h, "flipper", () => {});
    h.settle();
    const front = `/local/domain/${guest.id}/device/vif/0`;
    const errors = `/local/domain/0/error/backend/vif/${guest.id}`;
    h.store.write(`${front}/tx-ring-ref`, "x");
    let written = 0;
    h.store.watch(`/local/domain/0/backend/vif/${guest.id}/0`, "w", () => written++);
    let { nodes } = h.store.statistics;
    for (let round = 0; round < 500; round++) {
      for (const state of ["1", "3", "5", "6", "7", "x"]) {
        h.store.write(`${front}/state`, state);
        h.settle();
      }
      if (round === 20) {
        ({ nodes } = h.store.statistics);
        written = 0;
      }
    }
    expect([h.backend.failures, h.store.statistics.nodes, written]).toEqual([{ "bad ring reference": 16 }, nodes, 0]);
    expect(states(h, guest.id)[1]).toBe("6");
    // Nothing is left of it with its domain, though nobody took its back half away.
    expect(h.store.exists(errors)).toBe(true);
    h.xen.destroyDomain(guest.id);
    h.store.rm(`/local/domain/${guest.id}`);
    h.settle();
    expect(h.store.exists(errors)).toBe(false);
  });

  it("costs one write for each offer when its handshakes succeed", async () => {
    const h = host();
    const guest = await guestWith(h, "flipper", () => {});
    h.settle();
    const front = `/local/domain/${guest.id}/device/vif/0`;
    let written = 0;
    h.store.watch(`/local/domain/0/backend/vif/${guest.id}/0`, "w", () => written++);
    written = 0;
    for (let round = 0; round < 100; round++)
      for (const state of ["5", "1"]) {
        h.store.write(`${front}/state`, state);
        h.settle();
      }
    expect(written).toBe(200);
  });
});

describe("the standard mode", () => {
  async function sender(): Promise<{
    h: ReturnType<typeof host>;
    front: () => NetFront;
    port: MemoryPort;
    id: number;
  }> {
    const h = host();
    const port = h.bridge.attach("outside");
    let front: NetFront | undefined;
    const guest = await guestWith(h, "sender", (os) =>
      driver(os, { mode: "standard" }, (f) => {
        front = f;
      }),
    );
    h.settle();
    return { h, front: () => front as NetFront, port, id: guest.id };
  }

  it("puts packets together from their pieces", async () => {
    const { h, front, port, id } = await sender();
    const frames = [60, 61, 1500, 2032].map((length, i) => frame(9, id, i, length));
    for (const fragment of [4096, 1000, 500, 127]) {
      for (const f of frames)
        expect(front().send(f, { fragment: f.length > 1500 ? Math.max(fragment, 127) : fragment })).toBe(true);
      front().flush();
      h.settle();
      expect(port.receive()).toEqual(frames);
    }
    expect(() => front().send(frame(9, id, 0, 2000), { fragment: 10 })).toThrow(RangeError);
    front().send(frame(9, id, 0, 2033));
    front().flush();
    h.settle();
    expect(port.pending).toBe(0);
    const vif = h.backend.vifs.get(`${id}/0`)!;
    expect(vif.drops!["transmit frame too long"]).toBe(1);
    front().receive();
    expect(front().stats).toMatchObject({ sent: 17, refused: 1, bad: 0 });
  });

  it("completes checksums that were left to it", async () => {
    const { h, front, port, id } = await sender();
    // UDP over IPv4, 10.0.0.1:1 to 10.0.0.2:2, "abc"; the same over IPv6.
    const v4 = new Uint8Array(60);
    v4.set(frame(9, id, 0).subarray(0, 12));
    v4.set(
      [
        8, 0, 0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 11, 0xaa, 0xaa, 97, 98,
        99,
      ],
      12,
    );
    const v6 = new Uint8Array(70);
    v6.set(frame(9, id, 0).subarray(0, 12));
    v6.set([0x86, 0xdd, 0x60, 0, 0, 0, 0, 11, 17, 64], 12);
    v6.set([0x20, 1], 22);
    v6.set([0x20, 2], 38);
    v6.set([0, 1, 0, 2, 0, 11, 0, 0, 97, 98, 99], 54);
    front().send(v4, { checksumBlank: true });
    front().send(v6, { checksumBlank: true });
    front().send(frame(9, id, 1), { checksumBlank: true });
    front().flush();
    h.settle();
    const got = port.receive();
    expect(got).toHaveLength(2);
    /** The sum over pseudo header and segment is all ones. */
    const sum = (words: number[]): number => {
      let s = words.reduce((a, b) => a + b, 0);
      while (s > 0xffff) s = (s & 0xffff) + (s >>> 16);
      return s;
    };
    const words = (f: Uint8Array, from: number, to: number): number[] => {
      const list = [];
      for (let i = from; i < to; i += 2) list.push((f[i]! << 8) | (i + 1 < to ? f[i + 1]! : 0));
      return list;
    };
    expect(sum([...words(got[0]!, 26, 34), 17, 11, ...words(got[0]!, 34, 45)])).toBe(0xffff);
    expect(sum([...words(got[1]!, 22, 54), 17, 11, ...words(got[1]!, 54, 65)])).toBe(0xffff);
    expect(h.backend.vifs.get(`${id}/0`)!.drops!["checksum cannot be completed"]).toBe(1);
  });

  it("keeps to its rate, and to its back pressure", async () => {
    expect(parseRate("10Mb/s")).toEqual({ bytes: 62_500, microseconds: 50_000 });
    expect(parseRate("1GB/s@20ms")).toEqual({ bytes: 20_000_000, microseconds: 20_000 });
    expect(parseRate("125000,50000")).toEqual({ bytes: 125_000, microseconds: 50_000 });
    for (const bad of ["", "fast", "10", "0b/s", "1b/s@1us", "10MB"]) expect(parseRate(bad)).toBe(undefined);
    const limit = new RateLimit({ bytes: 1000, microseconds: 100 }, 0);
    let sent = 0;
    for (let t = 0; t < 10_000; t++)
      while (limit.open(t)) {
        limit.spend(300);
        sent += 300;
      }
    expect(sent).toBeGreaterThan(99_000);
    expect(sent).toBeLessThan(101_300);
    const h = host();
    const port = h.bridge.attach("outside");
    let front: NetFront | undefined;
    await guestWith(
      h,
      "fast",
      (os) =>
        driver(os, { mode: "standard" }, (f) => {
          front = f;
        }),
      { rate: "2400,50000" },
    );
    h.settle();
    let accepted = 0;
    while (front!.send(frame(9, 1, accepted))) accepted++;
    front!.flush();
    h.settle();
    expect([accepted, port.receive().length]).toEqual([64, 40]);
  });
});
