/**
 * Targets, and their inputs. A target is
 *
 * - `name`
 * - `errors`: names of the classes by which it may refuse an input, each with a `code`;
 * - `seeds()`: inputs that are run as they are, and mutated; `heavy()`: those that take too long for the latter;
 * - `generate(random)`: an input from its grammar; `mutate(input, random)`: one from another;
 * - `run(input)`: takes the bytes; ends with a word for what came of it, or throws.
 *
 * Input `n` of a target depends on the seed and `n` only, and on what is in the corpus.
 */
import { random } from "../hostile/random.mjs";

/** Targets, and how many of a thousand inputs are theirs: cheap ones carry most of a run. */
export const targets = {
  functions: 250,
  archives: 180,
  captures: 100,
  filters: 80,
  control: 80,
  store: 80,
  summaries: 70,
  traces: 30,
  headers: 40,
  handlers: 50,
  codegen: 10,
  scripts: 10,
  configurations: 10,
  images: 6,
  "saved-vms": 4,
  frames: 4,
  middleboxes: 2,
};

export async function loadTarget(name) {
  const { target } = await import(`./targets/${name}.mjs`);
  return { ...target, seeds: await target.seeds(), heavy: (await target.heavy?.()) ?? [] };
}

/** A number from what names an input. */
function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h ^ (h >>> 15);
}

export function inputOf(target, stock, seed, number) {
  const r = random(hash(`${seed} ${target.name} ${number}`));
  // The first numbers of xorshift are close to its seed.
  for (let i = 0; i < 4; i++) r.next();
  if (stock.length === 0 || r.once(2)) return target.generate(r);
  return target.mutate(r.pick(stock), r);
}

/** Random numbers that depend on an input only: for where a stream is cut. */
export function randomOf(bytes) {
  let h = bytes.length;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  return random(h);
}
