/** Packets whose ways through a router are recorded. */
import { type PacketRecord, Recorder, type RecorderOptions } from "@clickos/click-core/compile";
import { packetFilter } from "@clickos/click-elements";
import type { Recording, Vm } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";
import { bench, shell } from "./rig.ts";

/** A UDP packet to a port, in an Ethernet frame. */
function packet(port: number, ttl = 64): Uint8Array {
  const ip = [0x45, 0, 0, 46, 0, 0, 0, 0, ttl, 17, 0, 0, 10, 0, 0, 1, 8, 8, 8, 8];
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ((ip[i] as number) << 8) | (ip[i + 1] as number);
  sum = ~((sum & 65535) + (sum >> 16)) & 65535;
  ip[10] = sum >> 8;
  ip[11] = sum & 255;
  const head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...ip, 0x30, 0x39, port >> 8, port & 255, 0, 26, 0, 0];
  return Uint8Array.from({ length: 60 }, (_, i) => head[i] ?? 0);
}
const options: RecorderOptions = { records: 256, snapLength: 64 };
const told = ({ image }: Recording, { id, place }: PacketRecord): string => {
  const name = image.manifest.router.elements[place.element]?.name;
  return `${id} ${place.kind} ${name}${"port" in place ? `[${place.port}]` : ""}${"reason" in place ? ` (${place.reason})` : ""}`;
};
const way = (recording: Recording): string[] => recording.read().records.map((r) => told(recording, r));
const configuration = `FromDevice(0) -> c :: Counter -> m :: CheckIPHeader(14) -> f :: IPFilter(deny udp port 9, allow all)
  -> t :: Tee -> q :: Queue(400) -> d :: Counter -> ToDevice(1); t[1] -> DecIPTTL -> x :: Discard;`;

async function rig(text: string, onCrash?: "restart") {
  const b = bench(2);
  const vm: Vm = await shell(b, text, onCrash ? { onCrash } : {});
  const send = (...frames: Uint8Array[]): void => {
    b.ports[0]!.send(frames);
    b.settle();
  };
  return { ...b, vm, send };
}

describe("a recording of packets' ways", () => {
  it("has every connection that a packet passed, its copies, and its end", async () => {
    const { vm, send, ports } = await rig(configuration);
    send(packet(53));
    const recording = await vm.record(0, new Recorder({ ...options, test: packetFilter("udp port 53 or 9") }));
    expect(recording.read()).toEqual({ records: [], lost: 0, followed: 0 });
    send(packet(80), packet(53), packet(9), packet(123));
    const { records, lost } = recording.read();
    expect(lost).toBe(0);
    const from = (id: number): PacketRecord[] => records.filter((r) => r.id === id);
    const names = from(0).map((r) => told(recording, r));
    expect(names.slice(0, 4)).toEqual(["0 push FromDevice@1[0]", "0 push c[0]", "0 push m[0]", "0 push f[0]"]);
    expect([...names].sort()).toEqual(
      [
        "0 kill x",
        "0 pull ToDevice@8[0]",
        "0 pull d[0]",
        "0 push DecIPTTL@9[0]",
        "0 push FromDevice@1[0]",
        "0 push c[0]",
        "0 push f[0]",
        "0 push m[0]",
        "0 push t[0]",
        "0 push t[1]",
        "0 send ToDevice@8",
      ].sort(),
    );
    expect(new Set(from(0).map((r) => r.buffer)).size).toBe(2);
    expect(from(1).map((r) => told(recording, r))).toEqual([
      "1 push FromDevice@1[0]",
      "1 push c[0]",
      "1 push m[0]",
      "1 kill f",
    ]);
    const killed = from(1).at(-1) as PacketRecord;
    const filter = recording.graph.elements[killed.place.element]!;
    expect(filter.class.reasonOf!(killed.detail, filter)).toBe("rule 1: deny udp port 9");
    expect(records).toHaveLength(15);
    // What it looks like at each of them.
    const [first] = from(0) as [PacketRecord];
    expect([...first.bytes]).toEqual([...packet(53)]);
    expect(first.network).toBeUndefined();
    expect(from(0)[2]!.network).toBe(14);
    expect(from(0).find((r) => told(recording, r).includes("DecIPTTL"))!.bytes[22]).toBe(63);
    await recording.stop();
    expect(recording.over).toBe("it was stopped");
    expect(vm.image).toBe(recording.image);
    expect(vm.read("c.count")).toBe("5");
    send(packet(53));
    expect(ports[1]!.receive()).toHaveLength(5);
    expect(vm.read("c.count")).toBe("6");
  });

  it("follows no more packets than it is to, counts what it has no room for, and begins with what it finds in queues", async () => {
    const { vm, send } = await rig("FromDevice(0) -> q :: Queue(400) -> u :: Unqueue(ACTIVE false) -> x :: Discard");
    send(packet(1), packet(2));
    const recording = await vm.record(0, new Recorder({ records: 8, snapLength: 16, packets: 6 }));
    vm.write("u.active", "true");
    send();
    expect(way(recording)).toEqual([0, 1].flatMap((i) => [`${i} pull u[0]`, `${i} push u[0]`, `${i} kill x`]));
    send(...Array.from({ length: 20 }, (_, i) => packet(i)));
    // Four more packets, of four records each.
    const { records, lost } = recording.read();
    expect([records.length, lost]).toEqual([8, 8]);
    expect(new Set(records.map((r) => r.id)).size).toBeLessThanOrEqual(4);
    await recording.stop();
    // Packets that a former recording has marked are no different from others.
    const again = await vm.record(0, new Recorder(options));
    send(packet(5));
    expect(way(again)).toEqual(["0 push FromDevice@1[0]", "0 pull u[0]", "0 push u[0]", "0 kill x"]);
    await again.stop();
  });

  it("records what passes one port, and that alone", async () => {
    const { vm, send } = await rig(configuration);
    const port = async (element: string, port: number, direction: "in" | "out"): Promise<readonly PacketRecord[]> => {
      const index = vm.image.manifest.router.elements.findIndex((e) => e.name === element);
      const recording = await vm.record(0, new Recorder({ ...options, port: { element: index, port, direction } }));
      send(packet(53), packet(9), packet(80));
      const { records } = recording.read();
      await recording.stop();
      return records;
    };
    expect((await port("f", 0, "in")).map((r) => r.bytes[37])).toEqual([53, 9, 80]);
    expect((await port("f", 0, "out")).map((r) => r.bytes[37])).toEqual([53, 80]);
    expect((await port("d", 0, "in")).map((r) => r.bytes[37])).toEqual([53, 80]);
    expect((await port("q", 0, "out")).map((r) => r.bytes[37])).toEqual([53, 80]);
    expect((await port("x", 0, "in")).map((r) => r.bytes[22])).toEqual([63, 63]);
  });

  it("is one at a time, and over when its router is replaced, saved or ended", async () => {
    const { vm, send, xl } = await rig(configuration);
    const start = (): Promise<Recording> => vm.record(0, new Recorder(options));
    const first = await start();
    await expect(start()).rejects.toMatchObject({ code: "RECORDED" });
    await vm.install(0, "FromDevice(0) -> c :: Counter -> Discard");
    expect(first.over).toMatch(/was replaced/);
    await first.stop();
    const second = await start();
    const { image } = second;
    send(packet(53));
    const saved = await xl.save(vm.name, { keep: true });
    expect(second.over).toMatch(/is saved/);
    expect(vm.image).toBe(image);
    expect(vm.read("c.count")).toBe("1");
    expect(Buffer.from(saved).includes("packet hop")).toBe(false);
    const third = await start();
    await vm.halt(0);
    expect(third.over).toMatch(/stopped/);
    await third.stop();
    await expect(start()).rejects.toMatchObject({ code: "NOT_RUNNING" });
    await vm.install(0, "FromDevice(0) -> Discard");
    const fourth = await start();
    xl.destroy(vm.name);
    expect(fourth.over).toMatch(/destroyed/);
    await fourth.stop();
  });

  it("follows a packet into another buffer", async () => {
    const { vm, send } = await rig(
      `FromDevice(0) -> ${"EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ".repeat(7)} Discard`,
    );
    const recording = await vm.record(0, new Recorder(options));
    send(packet(53));
    const { records } = recording.read();
    const moves = records.filter(({ place }) => place.kind === "move");
    expect(moves).toHaveLength(1);
    expect(moves[0]!.detail).toBe(records[0]!.buffer);
    expect(moves[0]!.buffer).toBe(records.at(-1)!.buffer);
    expect(new Set(records.map(({ id }) => id)).size).toBe(1);
    expect(records.filter(({ place }) => place.kind === "push")).toHaveLength(8);
    expect(records.at(-2)!.length).toBe(60 + 7 * 14);
  });

  it("is gone when its VM crashes and starts anew", async () => {
    const { vm, send, xl } = await rig("FromDevice(0) -> c :: Counter -> Faulty -> Discard", "restart");
    const recording = await vm.record(0, new Recorder(options));
    const restarted = new Promise<Vm>((resolve) => xl.onVmEvent((e) => e.kind === "restarted" && resolve(e.vm)));
    const bad = packet(53);
    bad[0] = 0xee;
    send(bad);
    expect((await restarted).image).toBe(recording.image);
    expect(recording.over).toMatch(/'vm' is /);
    await recording.stop();
  });

  it("keeps watches of handlers", async () => {
    const { vm, send } = await rig(configuration);
    const seen: string[] = [];
    vm.handlers().watch("c.count", (value) => seen.push(value));
    const recording = await vm.record(0, new Recorder(options));
    send(packet(1));
    vm.write("d.reset", "");
    await recording.stop();
    send(packet(1));
    vm.write("d.reset", "");
    expect(seen).toEqual(["1", "2"]);
  });
});
