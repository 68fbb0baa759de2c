/** Ours beside what the native program answered to every probe; `npm run parity` asks it again. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "./built.ts";
// @ts-expect-error the probes are JavaScript, so that they also run outside of here
import { areaNames, ofTheProgram, ours, probesOf, recordedOf } from "./parity/areas.mjs";
// @ts-expect-error the same
import { Host } from "./parity/hosts.mjs";

const program = new URL("../apps/clickos/dist/click.cjs", import.meta.url);
// A process for each core: they run the probes that need none of their own.
const hosts = Array.from({ length: 2 }, () => new Host(fileURLToPath(program), ours));

beforeAll(() => needsBuild(program));
afterAll(() => {
  for (const host of hosts) host.close();
});

describe("click answers as Click does", () => {
  it.each(areaNames as string[])(
    "%s",
    async (area) => {
      const probes: { readonly name: string; readonly differs?: string }[] = await probesOf(area);
      const recorded = recordedOf(area);
      expect(
        probes.filter(({ name }) => !recorded[name]).map(({ name }) => name),
        "nothing is recorded: CLICK=/path/to/click npm run parity -- --record",
      ).toEqual([]);
      const found: string[] = [];
      const waiting = probes.filter(({ differs }) => !differs).values();
      await Promise.all(
        hosts.map(async (host) => {
          for (const probe of waiting) {
            const what = await host.differs(recorded[probe.name], probe, ofTheProgram.has(area) || undefined);
            if (what !== undefined) found.push(`${probe.name}\n${what}`);
          }
        }),
      );
      expect(found.join("\n\n"), `${fileURLToPath(new URL("parity/probes/", import.meta.url))}${area}.mjs`).toBe("");
    },
    120_000,
  );
});
