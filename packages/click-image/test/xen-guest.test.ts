/** Images for Xen without Xen: the staged kernel and router over a model of it, with a back end that behaves, and one that does not. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import {
  createRing,
  NETTXF,
  type NetifRxRequest,
  type NetifTxRequest,
  netifRx,
  netifTx,
  netifTxRequest,
  sring,
} from "@clickos/xen-ring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linkXenImage, loadXenImage } from "../src/index.ts";
import { back, home, type Model, xenModel } from "./xen-model.ts";

const bridge = "FromDevice(0) -> in :: Counter -> Queue(64) -> ToDevice(1); FromDevice(1) -> Queue(64) -> ToDevice(0);";

/** What back ends put into pages. */
const filler = 0xa5;
const guest = xenModel(bridge, elements, 2);

/** The interfaces' rings, once the guest has announced them. */
function rings(model: Model, device: number) {
  const read = (key: string): number => Number(model.store.read(`${home}/device/vif/${device}/${key}`));
  const at = (key: string): number => model.granted(read(key))?.address as number;
  const { buffer } = model.memory;
  return { tx: at("tx-ring-ref"), rx: at("rx-ring-ref"), port: read("event-channel"), buffer };
}
/** Whether a request goes on in the next. */
const continues = (buffer: ArrayBuffer, tx: number, index: number): boolean =>
  (netifTxRequest.view(buffer, tx + sring.size + (index & 255) * 12).flags & NETTXF.moreData) !== 0;
const connected = (model: Model, device: number): boolean =>
  model.store.read(`${home}/device/vif/${device}/state`) === "4";

describe("a guest of Xen", () => {
  it("finds its devices, forwards what comes, shows itself in the store, and ends when it is told to", async () => {
    const model = guest();
    const frames = Array.from({ length: 300 }, (_, i) =>
      Uint8Array.from({ length: 60 + (i % 900) }, (_, n) => n * 7 + i),
    );
    const out: Uint8Array[] = [];
    let sent = 0;
    let backs: { tx: ReturnType<typeof createRing>; rx: ReturnType<typeof createRing> }[] | undefined;
    const status = (): string => model.store.read(`${home}/data/clickos/0/status`);
    let step = 0;
    const idle = (): void => {
      if (!connected(model, 0) || !connected(model, 1)) throw new Error(`it waits: ${model.console()}`);
      backs ??= [0, 1].map((device) => {
        const { tx, rx, buffer } = rings(model, device);
        model.store.write(`${back}/${device}/state`, "4");
        return {
          tx: createRing({ buffer, offset: tx }, netifTx),
          rx: createRing({ buffer, offset: rx }, netifRx),
        } as never;
      });
      const [from, to] = backs as [(typeof backs)[0], (typeof backs)[0]];
      // What the guest sends is read where it is granted, and answered.
      for (const request of to.tx.back.requests() as Iterable<NetifTxRequest>) {
        const page = model.granted(request.gref);
        expect(page?.writable).toBe(false);
        const start = (page?.address ?? 0) + request.offset;
        out.push(model.bytes.slice(start, start + request.size));
        to.tx.back.respond({ id: request.id, status: 0 } as never);
      }
      to.tx.back.publish();
      if (sent < frames.length) {
        for (const request of from.rx.back.requests() as Iterable<NetifRxRequest>) {
          const frame = frames[sent++];
          if (!frame) break;
          const page = model.granted(request.gref);
          expect(page?.writable).toBe(true);
          model.bytes.set(frame, page?.address ?? 0);
          from.rx.back.respond({ id: request.id, offset: 0, flags: 0, status: frame.length } as never);
        }
        from.rx.back.publish();
      } else if (out.length >= frames.length) {
        if (step === 0) model.store.write(`${home}/data/clickos/0/control/read/in/count`, "");
        if (step === 2) model.store.write(`${home}/data/clickos/0/status`, "Halted");
        if (step === 3) model.store.write(`${home}/control/shutdown`, "suspend");
        if (step === 4) model.store.write(`${home}/control/shutdown`, "poweroff");
        if (step++ > 10) throw new Error("it does not end");
      }
    };
    expect(model.run(idle)).toBe("poweroff");
    expect(out).toEqual(frames);
    expect(model.store.read(`${home}/data/clickos/0/elements/in/count`)).toBe("300");
    expect(model.store.read(`${home}/data/clickos/0/config/0`)).toBe(bridge);
    expect(status()).toBe("Halted");
    expect(model.store.read(`${home}/data/clickos/0/error`)).toMatch(/cannot be saved/);
    expect(model.console()).toBe(
      "model: ClickOS under Xen, 2 interfaces\nmodel: runs\nclickos/0: Halted\n" +
        "model: suspend: refused, a guest of Xen cannot be saved; it goes on\nmodel: poweroff\n",
    );
  });

  it("lets nothing of its own out and comes to rest, whatever a back end writes into the rings", () => {
    const short = fc.oneof(fc.constantFrom(0, 1, 4, 60, 64, 255, 256, 1514, 4095, 4096, 32768, 65535), fc.nat(65535));
    const word = fc.tuple(short, short).map(([low, high]) => (high * 65536 + low) >>> 0);
    const turn = fc.record({
      slots: fc.array(fc.tuple(fc.nat(767), word), { maxLength: 100 }),
      // So many answers that the guest may take for real ones; and indices that are anything.
      answered: fc.nat(70),
      indices: fc.array(fc.tuple(fc.constantFrom(...Object.values(sring.offsets)), word), { maxLength: 2 }),
    });
    // Three frames, which leave by the other interface; then answers there, all to the first of them.
    const frame = (id: number): [number, number][] => [
      [2 * id, id],
      [2 * id + 1, 60 << 16],
    ];
    const answeredTwice = [
      { slots: [0, 1, 2].flatMap(frame), answered: 3, indices: [] },
      { slots: [0, 3, 6].map((at): [number, number] => [at, 0]), answered: 0, indices: [] },
    ];
    const refused = new Set<string>();
    let passed = 0;
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 12 }), (turns) => {
        const model = guest();
        const words = new Uint32Array(model.memory.buffer);
        const fixed = model.fixed();
        const seen = [0, 0];
        let next = 0;
        const end = model.run(() => {
          if (!connected(model, 0) || !connected(model, 1)) throw new Error(`it waits: ${model.console()}`);
          const all = [0, 1].map((device) => rings(model, device));
          const grants = Array.from({ length: 4096 }, (_, ref) => model.granted(ref));
          // Pages for receiving hold one byte only, so nothing else may be sent.
          for (const page of grants)
            if (page?.writable && all.every(({ tx, rx }) => page.address !== tx && page.address !== rx))
              model.bytes.fill(filler, page.address, page.address + 4096);
          all.forEach(({ tx, buffer }, device) => {
            const shown = words[tx / 4] as number;
            expect((shown - (seen[device] as number)) >>> 0).toBeLessThanOrEqual(256);
            // From the end, as the first request of a frame has the bytes of all of them.
            let behind = 0;
            for (let i = shown; i !== seen[device]; ) {
              i = (i - 1) >>> 0;
              const request = netifTxRequest.view(buffer, tx + sring.size + (i & 255) * 12);
              const isFirst = i === seen[device] || !continues(buffer, tx, i - 1);
              const size = isFirst ? request.size - behind : request.size;
              behind = isFirst ? 0 : behind + size;
              const page = grants[request.gref];
              expect([page?.writable, size > 0, request.offset + size <= 4096]).toEqual([false, true, true]);
              const start = (page?.address as number) + request.offset;
              expect(model.bytes.subarray(start, start + size).every((byte) => byte === filler)).toBe(true);
              passed++;
            }
            seen[device] = shown;
          });
          const turn = turns[next++];
          if (!turn) {
            model.store.write(`${home}/control/shutdown`, "poweroff");
            return;
          }
          for (const ring of all.flatMap(({ tx, rx }) => [tx, rx])) {
            for (const [at, value] of turn.slots) words[(ring + sring.size) / 4 + at] = value;
            words[(ring + sring.offsets.rspProd) / 4]! += turn.answered;
            for (const [at, value] of turn.indices) words[(ring + at) / 4] = value;
          }
        });
        expect([end, model.console().endsWith("model: poweroff\n")]).toEqual(["poweroff", true]);
        expect(Buffer.compare(model.fixed(), fixed)).toBe(0);
        for (const reason of Object.keys(model.drops())) refused.add(reason);
      }),
      { numRuns: 40, examples: [[answeredTwice]] },
    );
    expect(passed).toBeGreaterThan(0);
    expect([...refused]).toEqual(
      expect.arrayContaining([
        "device 0: bad receive answer",
        "device 0: bad index of answers",
        "device 1: answer to nothing that was sent",
      ]),
    );
  });
});

describe("an image for Xen", () => {
  it("is the same bytes for the same configuration, and says what it is", async () => {
    const source = { file: "bridge.click", text: bridge };
    const image = linkXenImage(source, { elements, name: "bridge" });
    expect(linkXenImage(source, { elements, name: "bridge" }).bytes).toEqual(image.bytes);
    const { manifest } = loadXenImage(image.bytes);
    expect(manifest).toEqual(image.manifest);
    expect([manifest.name, manifest.vifs, manifest.memory, manifest.config]).toEqual(["bridge", [0, 1], 4, source]);
    expect(manifest.handlers).toContain("in/count");
    await expect(Router.compile(manifest.config.text, { elements })).resolves.toBeDefined();
  });
});
