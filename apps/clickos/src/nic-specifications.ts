/** What stands behind `--nic`: a capture, or something that a NIC is attached to. */
import { existsSync } from "node:fs";
import { isSpecification } from "@clickos/netdev";
import type { NicCaptures } from "./boot.ts";

/** How a configuration uses a device. */
export interface DeviceUse {
  readonly receives: boolean;
  readonly sends: boolean;
}

/** The attachments of NICs of which one is no capture: captures are played at once then, and recorded. */
export function attachmentsOf(
  nics: readonly [number, string][],
  use: (device: number) => DeviceUse,
): Map<number, string> {
  return new Map(
    nics.map(([device, text]) => {
      if (isSpecification(text)) return [device, text];
      const { input = "", output } = nicCaptures(text, use(device));
      return [device, `pcap:${input}${output === undefined ? "" : `,out=${output}`}`];
    }),
  );
}

/**
 * What a NIC's file is for. An interface that the configuration only receives from plays it, one it only sends to
 * records to it. Where it does both, a file that is there is played, and what leaves goes to FILE.out.pcap beside it.
 */
export function nicCaptures(file: string, use: DeviceUse): NicCaptures {
  const comma = file.lastIndexOf(",");
  if (comma >= 0) {
    const [input, output] = [file.slice(0, comma), file.slice(comma + 1)];
    return { ...(input ? { input } : {}), ...(output ? { output } : {}) };
  }
  if (use.receives && !use.sends) return { input: file };
  if (use.sends && !use.receives) return { output: file };
  return existsSync(file) ? { input: file, output: `${file.replace(/\.pcap(ng)?$/, "")}.out.pcap` } : { output: file };
}
