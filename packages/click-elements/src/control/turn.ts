/**
 * How much scripts do at a time. Click gives a script up that jumps a thousand times without a wait; scripts that call each
 * other in loops, or that do long things in them, could still go on for very long, and are given up beyond a second limit.
 */

/** Jumps of one activation: Click's `max_jumps`. */
export const maximumJumps: number = 1000;
/** Instructions of one activation and of all that it calls. */
export const maximumInstructions: number = 200_000;
/** Scripts that call each other. */
export const maximumDepth: number = 64;
/** Characters of a value. */
export const maximumText: number = 1 << 20;
/** Characters of all variables of a script. */
export const maximumVariables: number = 8 << 20;
/** Characters that take about as long as an instruction. */
const charactersPerInstruction = 64;
/** Instructions that take about as long as to tell an error, and as to compile a configuration. */
const instructionsPerComplaint = 16;
const instructionsPerConfiguration = 10_000;

/**
 * The activation that is under way. Scripts call each other through handlers, which pass nothing on: what they have done
 * together is counted here. They run on one thread, each to its next wait, so that there is only ever one.
 */
export const turn = {
  /** Scripts that are running, each called by the one before. */
  depth: 0,
  /** Instructions that they have run. */
  instructions: 0,
  /** Counts a configuration that was compiled. */
  compiled(): void {
    turn.instructions += instructionsPerConfiguration;
  },
  /** Counts an error. */
  complained(): void {
    turn.instructions += instructionsPerComplaint;
  },
  /** Counts text that was looked at. */
  read(characters: number): void {
    turn.instructions += Math.floor(characters / charactersPerInstruction);
  },
};
