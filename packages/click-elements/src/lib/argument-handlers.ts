/** Handlers that are an element's arguments, by their places: `pattern0`, `pattern1`, and so on. */
import type { Handlers } from "@clickos/click-core/element";

/** Reading gives the argument; writing reconfigures the element with another in its place. */
export function argumentHandlers(
  name: string,
  texts: readonly string[],
  count: number,
): Handlers<unknown, unknown, Record<never, never>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `${name}${i}`,
      {
        constant: () => texts[i] ?? "",
        write: (_state, value, { reconfigure }) => reconfigure(texts.with(i, value).join(", ")),
      },
    ]),
  );
}
