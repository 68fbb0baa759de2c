/** The table of ports and rates. */
import { describe, expect, it } from "vitest";
import { type PortSample, portTable } from "../src/live-table.ts";
import { scaled } from "../src/scaled.ts";

const sample = (name: string, packets: number, more: Partial<PortSample> = {}): PortSample => ({
  name,
  attachment: "tap:click0",
  stats: { inPackets: packets, inBytes: packets * 1000, outPackets: packets * 2, outBytes: packets * 64 },
  drops: [],
  problem: undefined,
  ...more,
});

describe("the table of ports", () => {
  it("has what came and left since the sample before, a second, and in all", () => {
    const text = portTable(
      [
        sample("nic0", 3000, {
          drops: [
            ["no room", 4],
            ["rate in", 3],
          ],
        }),
        sample("vif1.0", 5, { attachment: "", problem: "nobody\u001b[31m is there" }),
      ],
      [sample("nic0", 1000)],
      2,
    );
    expect(text).toMatchInlineSnapshot(`
      "  port    in                    packets  out                  packets  drops
        nic0    1.00 kp/s  8.00 Mb/s  3000     2.00 kp/s  512 kb/s  6000     7      tap:click0, 4 no room, 3 rate in
        vif1.0  0 p/s      0 b/s      5        0 p/s      0 b/s     10       0      nobody\\x1b[31m is there"
    `);
  });

  it("has numbers of three digits", () => {
    expect(
      [0, 1, 999, 999.6, 1000, 9994, 9996, 99_940, 99_960, 999_499, 999_500, 12_345_678, 1e15].map(scaled),
    ).toEqual([
      "0 ",
      "1 ",
      "999 ",
      "1.00 k",
      "1.00 k",
      "9.99 k",
      "10.0 k",
      "99.9 k",
      "100 k",
      "999 k",
      "1.00 M",
      "12.3 M",
      "1000 T",
    ]);
  });
});
