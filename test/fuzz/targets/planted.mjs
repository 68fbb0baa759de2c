/** Not a target of the project's: mistakes of every kind, to see that the suite finds them. */
import { bytesOf, textOf } from "../mutate.mjs";

/** An error by which a package refuses. */
class Refused extends Error {
  name = "Refused";
  code = "REFUSED";
}

const kept = [];

export const target = {
  name: "planted",
  errors: ["Refused"],
  seeds: () => ["refused", "xxxxxxxx typo xxxxxxxx", "slow", "later", "memory", "stack"].map(bytesOf),
  generate: () => bytesOf("fine"),
  mutate: () => bytesOf("fine"),
  run(input) {
    const text = textOf(input);
    if (text === "refused") throw new Refused("as it should");
    if (text.includes("typo")) return undefined.typo;
    if (text === "slow") for (;;);
    if (text === "later") void Promise.reject(new TypeError("nobody waits for it"));
    if (text === "memory") for (;;) kept.push(new Uint8Array(1 << 24).fill(1));
    if (text === "stack") return target.run(input);
    return undefined;
  },
};
