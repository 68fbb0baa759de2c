/** A lookup with steerings before it: each may say where a frame goes, whatever the lookup would say. They come and go. */
import type { FrameBatch } from "../frame-batch.ts";
import type { Answers, Lookup } from "../lookup.ts";
import { dropped, foreignSource, overLimit } from "../lookup-result.ts";
import { SwitchError } from "../switch-error.ts";

/** Says where some frames of a switch go. Batches are those that nobody else can write to. */
export interface Steering {
  /** A port, another result, or `undecided`. Not asked about frames that the lookup drops, or that enter at ports of steerings. */
  steer(batch: FrameBatch, i: number, ingress: number): number;
  /** Whether a port is the steering's own. What enters there goes where `fromOwn` says. */
  owns(port: number): boolean;
  fromOwn(batch: FrameBatch, i: number, ingress: number): number;
  /** A port is attached, or leaves. When a steering comes it is told of those that are there. */
  enter(port: number, name: string): void;
  forget(port: number): void;
}

/** A steering has nothing to say: the lookup, or the next one, decides. */
export const undecided = -9;

export interface SteeredLookup extends Lookup {
  /** One that comes later is asked later. */
  add(steering: Steering): void;
  delete(steering: Steering): void;
}

/** Whether frames of a switch with this lookup can be steered. */
export function isSteered(lookup: Lookup): lookup is SteeredLookup {
  return "add" in lookup && "delete" in lookup;
}

/** What comes and goes with the steerings may be `undefined`. */
type Steered = { [K in keyof SteeredLookup]: SteeredLookup[K] | undefined };

/**
 * The same as `inner` while there are no steerings. While there are some, it still hears of every frame, so that it learns addresses and
 * refuses what it refuses. For switches without VLANs.
 *
 * @throws {SwitchError} `NO_LOOKUP` for an `inner` that looks no frame up, or several at a time.
 */
export function steeredLookup(inner: Lookup): SteeredLookup {
  if (inner.whole || inner.lookupMany)
    throw new SwitchError(
      "NO_LOOKUP",
      `frames of a ${inner.name} lookup cannot be steered: it looks none up by itself`,
    );
  const steerings: Steering[] = [];
  const names = new Map<number, string>();

  const decide = (batch: FrameBatch, i: number, ingress: number): number => {
    for (const steering of steerings) {
      if (!steering.owns(ingress)) continue;
      const to = steering.fromOwn(batch, i, ingress);
      return to === undecided ? inner.lookup(batch, i, ingress) : to;
    }
    const to = inner.lookup(batch, i, ingress);
    if (to === foreignSource || to === overLimit || to === dropped) return to;
    for (const steering of steerings) {
      const steered = steering.steer(batch, i, ingress);
      if (steered !== undecided) return steered;
    }
    return to;
  };
  const lookupMany = (batch: FrameBatch, list: Int32Array, count: number, ingress: number, answers: Answers): void => {
    for (let k = 0; k < count; k++) {
      const i = list[k] as number;
      answers.give(i, decide(batch, i, ingress));
    }
  };
  const lookupBatch = inner.lookupBatch?.bind(inner);
  return {
    name: inner.name,
    // Asked only while there are no steerings: then frames are looked up by `lookupMany`.
    lookup: inner.lookup.bind(inner),
    get lookupBatch() {
      return steerings.length === 0 ? lookupBatch : undefined;
    },
    get lookupMany() {
      return steerings.length === 0 ? undefined : lookupMany;
    },
    begin: () => inner.begin?.(),
    ...(inner.admit ? { admit: (port, rules, vids) => inner.admit?.(port, rules, vids) } : {}),
    enter(port, name) {
      names.set(port, name);
      inner.enter?.(port, name);
      for (const steering of steerings) steering.enter(port, name);
    },
    forget(port) {
      names.delete(port);
      inner.forget?.(port);
      for (const steering of steerings) steering.forget(port);
    },
    add(steering) {
      steerings.push(steering);
      for (const [port, name] of names) steering.enter(port, name);
    },
    delete(steering) {
      const at = steerings.indexOf(steering);
      if (at >= 0) steerings.splice(at, 1);
    },
  } satisfies Steered as SteeredLookup;
}
