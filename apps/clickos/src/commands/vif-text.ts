/** Interfaces as `xl` writes them: `bridge=vale0,mac=02:00:00:00:00:01,rate=10Mb/s`. */
import type { PortDefinition, VifDefinition, VifMode } from "@clickos/client";
import { UsageError } from "../failure.ts";
import { parsePortKeywords, portKeywords } from "../port-specifications.ts";

const modes: readonly string[] = ["baseline", "+grants", "+vale", "+batch"];
const flags: Readonly<Record<string, boolean>> = { yes: true, no: false, 1: true, 0: false, true: true, false: false };

/** Keys that `xl` has, and that have no use here: what they say is the case, or of no consequence. */
const without: Readonly<Record<string, string>> = {
  type: "all interfaces are paravirtual",
  model: "all interfaces are paravirtual",
  backend: "the back end is the daemon",
  script: "the daemon joins interfaces to switches itself",
};

/** What holds for a port at its switch: `vlan=10,rate-in=10M`. @throws {UsageError} */
export function parsePortOptions(text: string): PortDefinition {
  try {
    return parsePortKeywords(text) as PortDefinition;
  } catch (e) {
    throw new UsageError(`port '${text}': ${(e as Error).message}`);
  }
}

/** @throws {UsageError} */
export function parseVif(text: string): VifDefinition {
  const found: Record<string, unknown> = {};
  /** What is the switch's to know. */
  const ofPort: string[] = [];
  const words = text.split(",").map((word) => word.trim());
  for (const [i, word] of words.entries()) {
    if (word === "" && words.length > 1) continue;
    const at = word.indexOf("=");
    if (portKeywords.includes(at < 0 ? word : word.slice(0, at).trim()) && !(at < 0 && i === 0)) {
      ofPort.push(word);
      continue;
    }
    // A switch may be named alone.
    const [key, value] = at < 0 ? ["bridge", word] : [word.slice(0, at).trim(), word.slice(at + 1).trim()];
    if (at < 0 && i > 0) throw new UsageError(`interface '${text}': '${word}' is no KEY=VALUE`);
    if (key in found) throw new UsageError(`interface '${text}': '${key}' is given twice`);
    switch (key) {
      case "bridge":
      case "mac":
      case "rate":
        found[key] = value;
        break;
      case "mode":
        if (!modes.includes(value)) throw new UsageError(`interface '${text}': mode is one of ${modes.join(", ")}`);
        found[key] = value as VifMode;
        break;
      case "mtu":
        if (!/^\d+$/.test(value)) throw new UsageError(`interface '${text}': mtu is a number of bytes`);
        found[key] = Number(value);
        break;
      case "antispoof":
        if (flags[value] === undefined) throw new UsageError(`interface '${text}': antispoof is yes or no`);
        found.antiSpoof = flags[value];
        break;
      case "addresses":
        found[key] = value.split("+");
        break;
      default:
        throw new UsageError(
          Object.hasOwn(without, key)
            ? `interface '${text}': '${key}' has no use here: ${without[key]}; leave it out`
            : `interface '${text}': no key '${key}'; there are bridge, mac, rate, mode, mtu, antispoof, addresses, ${portKeywords.join(", ")}`,
        );
    }
  }
  if (!found.bridge) throw new UsageError(`interface '${text}' names no switch: bridge=NAME`);
  const options = ofPort.length === 0 ? {} : parsePortOptions(ofPort.join(","));
  return { ...found, ...options } as unknown as VifDefinition;
}
