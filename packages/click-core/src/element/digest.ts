/**
 * Digests of element classes: whether the class that an image was made with is the one that is here. It covers everything
 * that the definition says, its `revision` included: ports, arguments, state, which handlers there are and what they give. It
 * does not cover the text of functions, which is another one in every build of the same library: where a function chooses
 * the layout of the state, layouts are compared as well.
 */
import type { ElementClass } from "./element.ts";

/** By class name: the digest of each class that a configuration uses. */
export type LibraryDigest = Readonly<Record<string, string>>;

const known = new WeakMap<ElementClass, string>();

/** 16 hexadecimal digits. No defence against forgery: it tells versions of a library apart. */
export function classDigest(cls: ElementClass): string {
  let digest = known.get(cls);
  if (digest === undefined) {
    const text: string[] = [];
    describe(cls, text, []);
    digest = fingerprint(text.join("\n"));
    known.set(cls, digest);
  }
  return digest;
}

/** Names of classes that are not the same here, or not here at all. */
export function otherClasses(library: LibraryDigest, elements: Readonly<Record<string, ElementClass>>): string[] {
  return Object.entries(library)
    .filter(([name, digest]) => {
      const cls = Object.hasOwn(elements, name) ? elements[name] : undefined;
      return !cls || classDigest(cls) !== digest;
    })
    .map(([name]) => name);
}

/** Writes a value down, its properties in the order of their names. */
function describe(value: unknown, text: string[], around: readonly unknown[]): void {
  if (typeof value === "function") text.push("function");
  else if (typeof value !== "object" || value === null) text.push(`${typeof value} ${String(value)}`);
  else if (!around.includes(value)) {
    text.push("{");
    for (const [name, property] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
      text.push(name);
      describe(property, text, [...around, value]);
    }
    text.push("}");
  }
}

/** Two 32-bit FNV-1a hashes, the second of the characters in a different mixture. */
function fingerprint(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + i), 0x85ebca6b);
    b ^= b >>> 13;
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
