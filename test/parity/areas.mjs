// The areas of probes: a file each in `probes/`, and what the native program answered in `recorded/`.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const probesFolder = new URL("./probes/", import.meta.url);
const recordedFolder = new URL("./recorded/", import.meta.url);

/** The command that is compared: as built. */
export const ours = [process.execPath, fileURLToPath(new URL("../../apps/clickos/bin/click.cjs", import.meta.url))];

/** Areas about the program itself, how it starts and ends: each of their probes has a process of its own. */
export const ofTheProgram = new Set(["driver", "start"]);

export const areaNames = readdirSync(probesFolder)
  .filter((file) => file.endsWith(".mjs"))
  .map((file) => file.slice(0, -4))
  .sort();

/**
 * @param {string} area
 * @returns {Promise<import("./probe.mjs").Probe[]>}
 */
export async function probesOf(area) {
  const { probes } = await import(new URL(`${area}.mjs`, probesFolder).href);
  const names = new Set();
  for (const { name } of probes) {
    if (names.has(name)) throw new Error(`${area}: two probes are called '${name}'`);
    names.add(name);
  }
  return probes;
}

/**
 * @param {string} area
 * @returns {Record<string, import("./probe.mjs").Outcome>}
 */
export function recordedOf(area) {
  const file = new URL(`${area}.json`, recordedFolder);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

/**
 * @param {string} area
 * @param {Record<string, import("./probe.mjs").Outcome>} outcomes
 */
export function record(area, outcomes) {
  writeFileSync(new URL(`${area}.json`, recordedFolder), `${JSON.stringify(outcomes, null, 2)}\n`);
}

/** Does `task` for each of `items`, as many at a time as there are cores. */
export async function inParallel(items, cores, task) {
  const waiting = items.entries();
  await Promise.all(
    Array.from({ length: cores }, async () => {
      for (const [i, item] of waiting) await task(item, i);
    }),
  );
}
