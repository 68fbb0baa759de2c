/** Why the host side of an element cannot be opened, where that is about a place in a file of its own. */

/** Thrown by a `service`. Click writes `landmark:   message`. */
export class Refusal {
  readonly message: string;
  /** The place in the file, such as `dump:3`. */
  readonly landmark: string;
  /** What stands in parentheses after the element in the line above it, where something does. */
  readonly shown: string | undefined;
  constructor(message: string, landmark: string, shown?: string) {
    this.message = message;
    this.landmark = landmark;
    this.shown = shown;
  }
}
