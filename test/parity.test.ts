/** Ours beside what the native program answered to every probe; `npm run parity` asks it again. */
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "./built.ts";
// @ts-expect-error the probes are JavaScript, so that they also run outside of here
import { areaNames, inParallel, ours, probesOf, recordedOf } from "./parity/areas.mjs";
// @ts-expect-error the same
import { difference } from "./parity/difference.mjs";
// @ts-expect-error the same
import { runProbe } from "./parity/probe.mjs";

beforeAll(() => needsBuild(new URL("../apps/clickos/dist/click.cjs", import.meta.url)));

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
      await inParallel(
        probes.filter(({ differs }) => !differs),
        2,
        async (probe: { readonly name: string }) => {
          const what = difference(recorded[probe.name], await runProbe(ours, probe));
          if (what !== undefined) found.push(`${probe.name}\n${what}`);
        },
      );
      expect(found.join("\n\n"), `${fileURLToPath(new URL("parity/probes/", import.meta.url))}${area}.mjs`).toBe("");
    },
    120_000,
  );
});
