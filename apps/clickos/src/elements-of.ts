/** The element classes that a command has: the library's, and those of `--elements`. */
import { elements } from "@clickos/click-elements/node";
import type { ElementsOption } from "./elements-option.ts";
import type { UserElements } from "./user-elements.ts";

/** @throws {CommandError} */
export async function elementsOf({ elements: given = [] }: ElementsOption): Promise<UserElements> {
  if (given.length === 0) return { elements, pages: new Map() };
  const { withUserElements } = await import("./user-elements.ts");
  return withUserElements(elements, given);
}
