// What is told of rules that are wrong, or decide nothing.
import { messages } from "./filters.mjs";

// Differences that are known and not closed yet.
export const open = messages.filter(({ name }) =>
  ["refused: allow ip len > 70000", "refused: allow ip len >= 0", "refused: allow src ip ttl 4"].includes(name),
);

/** @type {import("../probe.mjs").Probe[]} */
export const probes = messages.filter((probe) => !open.includes(probe));
