/** EtherSwitch against a table of stations, and frames that are too short, or that have no room, for what is done to them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make, pass } from "./packets.ts";

const station = (n: number): number[] => [2, 0, 0, 0, 0, n];
const broadcast = new Array<number>(6).fill(255);
const frame = (to: readonly number[], from: readonly number[], mark = 0): Uint8Array => {
  const bytes = new Uint8Array(60);
  bytes.set([...to, ...from, 8, 0, mark]);
  return bytes;
};
const ports = [0, 1, 2, 3];
const wired = (element: string, listens: boolean): string =>
  [
    `s :: ${element}`,
    ...ports.map((i) => `FromDevice(${i}) -> [${i}] s; s [${i}] -> ToDevice(${i})`),
    ...(listens ? [`s [${ports.length}] -> ToDevice(${ports.length})`] : []),
  ].join("; ");

describe("learning switches", () => {
  it.each(["EtherSwitch", "ListenEtherSwitch"])("%s sends frames where a table of stations says", async (element) => {
    const step = fc.record({
      port: fc.constantFrom(...ports),
      from: fc.integer({ min: 1, max: 9 }),
      to: fc.integer({ min: 0, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const listens = element !== "EtherSwitch";
        using router = await make(wired(element, listens));
        const table = new Map<number, number>();
        steps.forEach(({ port, from, to }, n) => {
          router.device(port).send([frame(to === 0 ? broadcast : station(to), station(from), n)]);
          router.run();
          table.set(from, port);
          const known = table.get(to);
          const expected = known === undefined ? ports.filter((i) => i !== port) : known === port ? [] : [known];
          const reached = ports.filter((i) => router.device(i).receive().length > 0);
          expect(reached).toEqual(expected);
          if (listens) expect(router.device(ports.length).receive()).toHaveLength(1);
        });
        const listed = router
          .read("s.table")
          .split("\n")
          .filter((line) => line !== "");
        expect(listed).toHaveLength(table.size);
      }),
      { numRuns: 15 },
    );
  });

  it("knows as many stations as there are places, and forgets the one that was silent for the longest", async () => {
    using router = await make(
      "FromDevice(0) -> [0] s :: EtherSwitch; s [0] -> Discard; Idle -> [1] s; s [1] -> Discard",
    );
    const of = (n: number): Uint8Array => frame(broadcast, [2, 0, 0, n >> 16, (n >> 8) & 255, n & 255]);
    for (let n = 0; n < 66_000; n += 200)
      pass(
        router,
        Array.from({ length: 200 }, (_, i) => of(n + i)),
      );
    expect(router.read("s.table").split("\n").length - 1).toBe(65_536);
  });
});

describe("frames that are too short", () => {
  const elements = [
    "VLANEncap(5)",
    "StripEtherVLANHeader",
    "HostEtherFilter(02:00:00:00:00:01)",
    "GetEtherAddress(0, 60)",
    "StoreEtherAddress(02:00:00:00:00:01, 60)",
    "CheckARPHeader",
    "EtherRewrite(02:00:00:00:00:01, 02:00:00:00:00:02)",
    "EtherMirror",
  ];
  it.each(elements)("%s drops them", async (element) => {
    using router = await make(`FromDevice(0) -> Truncate(6) -> ${element} -> ToDevice(1)`);
    const free = router.freeBuffers;
    expect(pass(router, [frame(broadcast, station(1))])[1]).toEqual([]);
    expect([router.drops().reduce((sum, { count }) => sum + Number(count), 0), router.freeBuffers]).toEqual([1, free]);
  });

  it.each(["VLANDecap", "SetVLANAnno(5)", "EnsureEther", "MarkMACHeader(100)"])(
    "%s lets them pass",
    async (element) => {
      using router = await make(`FromDevice(0) -> Truncate(6) -> ${element} -> ToDevice(1)`);
      expect(pass(router, [frame(broadcast, station(1))])[1]).toEqual([Uint8Array.from(broadcast)]);
    },
  );
});

describe("tags", () => {
  it("VLANEncap and VLANDecap are the inverse of each other, for frames of any length", async () => {
    using router = await make(
      "FromDevice(0) -> VLANEncap(0x6123) -> c :: Classifier(12/8100) -> VLANDecap -> ToDevice(1)",
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 14, maxLength: 2000 }), async (bytes) => {
        expect(pass(router, [bytes])[1]).toEqual([bytes]);
      }),
      { numRuns: 100 },
    );
  });
});
