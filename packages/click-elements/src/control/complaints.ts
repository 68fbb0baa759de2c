/** Where errors and warnings of scripts are told, and under which headings. */

export interface Complaints {
  error(message: string): void;
  warn(message: string): void;
  /** Tells a text that is no error. */
  tell(text: string): void;
  /** How many errors there were. */
  readonly count: number;
}

/** Tells each as it is. */
export function toldBy(tell: (message: string) => void, tellError: (message: string) => void = tell): Complaints {
  let count = 0;
  return {
    error(message) {
      count++;
      tellError(message);
    },
    warn: (message) => tell(`warning: ${message}`),
    tell,
    get count() {
      return count;
    },
  };
}

/** The place in a configuration that was written to `hotconfig`: it stays in front of a line. */
const place = /^(?:config:\d+: )?/gm;

/** Tells them under a heading, which is said with the first, and indented; the heading has the place of that, if it has one. */
export function under(heading: string, outer: Complaints): Complaints {
  let said = false;
  const placed = (message: string): string => {
    const indented = message.replace(place, "$&  ");
    const text = said ? indented : `${heading.replace(/^/gm, message.match(place)?.[0] ?? "")}\n${indented}`;
    said = true;
    return text;
  };
  return toldBy(
    (message) => outer.tell(placed(message)),
    (message) => outer.error(placed(message)),
  );
}
