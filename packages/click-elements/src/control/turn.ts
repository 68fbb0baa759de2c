/**
 * How much scripts do at a time, so that neither the driver nor a signal waits for one.
 *
 * A script that may wait goes on in the next turn when it has done its share of one. A script whose result is wanted
 * at once (a packet's, a handler's) is given up beyond a limit, as Click gives up after 1000 jumps.
 */

/** Instructions of one turn. */
export const stepsPerTurn: number = 1000;
/** Jumps without a wait, over all turns, after which a script is taken to hang. */
export const maximumJumps: number = 1_000_000;
/** The same for a script whose result is wanted at once: Click's `max_jumps`. */
export const jumpsPerCall: number = 1000;
/** Instructions of a script whose result is wanted at once, and of those that it calls. */
export const stepsPerCall: number = 20_000;
/** Scripts that call each other. */
export const maximumDepth: number = 32;
/** Characters of a value. */
export const maximumText: number = 1 << 20;
/** Characters of all variables of a script. */
export const maximumVariables: number = 8 << 20;
/** Characters that take about as long as an instruction. */
const charactersPerStep = 64;
/** Instructions that take about as long as to find out what is wrong with one, and to say it. */
const stepsPerComplaint = 16;

/**
 * The turn that is under way. Scripts call each other through handlers, which pass nothing on: what they have done
 * together is counted here. Scripts run to the end of their turn on one thread, so that there is only ever one.
 */
export const turn = {
  /** Scripts that are running, each called by the one before. */
  depth: 0,
  /** Instructions that they have run. */
  steps: 0,
  /** Counts a configuration that was compiled: one is enough for a turn. */
  compiled(): void {
    turn.steps += stepsPerTurn;
  },
  /** Counts a complaint. */
  complained(): void {
    turn.steps += stepsPerComplaint;
  },
  /** Counts text that was looked at. */
  read(characters: number): void {
    turn.steps += Math.floor(characters / charactersPerStep);
  },
};
