/** How the interpreter stops a program. */

/** Why. That a program traps, and where, is part of what it means; which of these it is, is not. */
export type TrapCode = "OUT_OF_BOUNDS" | "UNALIGNED" | "DIVISION_BY_ZERO" | "OVERFLOW" | "UNREACHABLE";

/** The program came to an operation that has no result. What it wrote before is written. */
export class Trap extends Error {
  override readonly name = "Trap";
  readonly code: TrapCode;

  constructor(code: TrapCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The program took more steps than the interpreter was given. */
export class StepLimitError extends Error {
  override readonly name = "StepLimitError";
  readonly code = "STEP_LIMIT";

  constructor(steps: number) {
    super(`the program takes more than ${steps} steps`);
  }
}
