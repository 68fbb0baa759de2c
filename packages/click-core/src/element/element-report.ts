/** How an element says what is wrong with it, while it is configured or initialized. */
import type { DiagnosticDetails, Diagnostics, Section } from "@clickos/click-language";
import type { Argument } from "@clickos/click-language/arguments";

/** What a message is about. */
export interface About extends Pick<DiagnosticDetails, "hint" | "subject" | "landmark"> {
  /** The argument's index, for the line under the message. */
  readonly argument?: number;
}

/**
 * Messages are Click's own words where Click has some: programs look for them. What helps beyond that is a hint. A number in
 * place of `about` is the argument's index.
 */
export interface ElementReport {
  /** A hint that takes a search is a function: it is asked where it is shown. */
  error(message: string, about?: number | About, hint?: () => string | undefined): void;
  /** Something is wrong that Click names and leaves so: the router runs all the same. */
  complaint(message: string, about?: number | About): void;
  /** Click writes `warning: message`; with a subject, `SUBJECT: warning: message`. */
  warning(message: string, about?: number | About): void;
  /** What Click would not say; Click's form of the messages leaves it out. */
  note(message: string, about?: number | About): void;
  /** The element fails without a word of its own. */
  fail(): void;
}

/** What an element says, in its section of the diagnostics. */
export function elementReport(
  diagnostics: Diagnostics,
  section: Section,
  args: readonly Argument[] = [],
): ElementReport {
  const say =
    (severity: "error" | "complaint" | "warning" | "note") =>
    (message: string, about: number | About = {}, hint?: () => string | undefined): void => {
      const { argument, ...given } = typeof about === "number" ? { argument: about } : about;
      const found = diagnostics.crowded ? undefined : hint?.();
      const more = found === undefined ? given : { ...given, hint: found };
      const place = (argument === undefined ? undefined : args[argument]?.place) ?? section.place;
      diagnostics[severity](place, message, { ...more, section });
    };
  return {
    error: say("error"),
    complaint: say("complaint"),
    warning: say("warning"),
    note: say("note"),
    fail: () => diagnostics.fail(),
  };
}
