/** What class names mean where a configuration is read. */
import type { Class } from "./definition.ts";

/** What is known of the classes that a configuration does not define. */
export interface KnownClasses {
  /** The element classes that there are, by name. Without them, names that start with a capital letter are classes. */
  readonly classes?: Readonly<Record<string, unknown>>;
}

export class ClassScope {
  private readonly known: KnownClasses["classes"];
  /** Innermost last. */
  private readonly scopes: Map<string, Class>[] = [new Map()];
  private readonly primitives = new Map<string, Class>();

  constructor({ classes }: KnownClasses) {
    this.known = classes;
  }

  /** Whether any name may be a class, since it is not known which are. */
  get open(): boolean {
    return this.known === undefined;
  }

  /** What the name was defined as, or the class that there is of that name. */
  find(name: string): Class | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = this.scopes[i]?.get(name);
      if (found) return found;
    }
    return this.known && Object.hasOwn(this.known, name) ? this.primitive(name) : undefined;
  }

  primitive(name: string): Class {
    let cls = this.primitives.get(name);
    if (!cls) {
      cls = { kind: "primitive", name };
      this.primitives.set(name, cls);
    }
    return cls;
  }

  /** The name means that from here on, up to the end of the compound. */
  define(name: string, cls: Class): void {
    if (name !== "") this.scopes.at(-1)?.set(name, cls);
  }

  enter(): void {
    this.scopes.push(new Map());
  }
  leave(): void {
    this.scopes.pop();
  }

  /** All names that are classes, for hints: not those that were only used as such. */
  names(): string[] {
    const defined = this.scopes.flatMap((scope) => [...scope].filter(([, { kind }]) => kind !== "unknown"));
    return [...defined.map(([name]) => name), ...Object.keys(this.known ?? {})];
  }
}
