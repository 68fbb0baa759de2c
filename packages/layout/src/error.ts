/** A layout that cannot be, or a value that does not fit its field; the message has the numbers. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
  readonly code = "BAD_LAYOUT";
}
