/** What a switch is told of a port, as it comes over the socket, and as a switch takes it. */
import type { PortDefinition } from "@clickos/client";
import type { PortOptions } from "@clickos/vale";
import { z } from "zod";

const whole = (least: number, most: number): z.ZodNumber => z.int().min(least).max(most);
const vid = whole(1, 4094);
const rate = whole(1, 1e12).optional();

/** The switch says which of these go together. */
export const portShape: { readonly [K in keyof PortDefinition]-?: z.ZodType<PortDefinition[K]> } = {
  vlans: z
    .strictObject({
      access: vid.optional(),
      trunk: z.union([z.literal("all"), z.array(vid).max(4094)]).optional(),
      native: vid.optional(),
      priority: whole(0, 7).optional(),
    })
    .optional(),
  isolated: z.union([z.boolean(), z.string().min(1).max(64)]).optional(),
  flood: z.boolean().optional(),
  floodLimits: z
    .strictObject({ broadcast: whole(0, 0xffffffff).optional(), unknownUnicast: whole(0, 0xffffffff).optional() })
    .optional(),
  rateLimits: z.strictObject({ entering: rate, leaving: rate, burst: whole(1, 0xffffffff).optional() }).optional(),
  priority: whole(0, 7).optional(),
};

const keys = Object.keys(portShape) as (keyof PortDefinition)[];

/** Those that are given. */
export function portOptionsOf(definition: PortDefinition): PortOptions {
  const given = keys.flatMap((key) => (definition[key] === undefined ? [] : [[key, definition[key]] as const]));
  // What is undefined in there is as if it were not there.
  return JSON.parse(JSON.stringify(Object.fromEntries(given))) as PortOptions;
}
