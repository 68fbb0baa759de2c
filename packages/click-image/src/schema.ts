/**
 * Schemas of plain data, as tables: every field is named, has its type and its bounds, and no other is allowed. What comes
 * from `JSON.parse` is compared with one field by field.
 */

/** Says what is wrong with a value, and at which path; `undefined` when nothing is. */
export type Schema = (value: unknown, path: string) => string | undefined;

/** Whole numbers of a range. */
export function whole(least: number, most: number): Schema {
  return (value, path) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return undefined;
    return `${path}: ${shown(value)} is no whole number from ${least} to ${most}`;
  };
}

/** Texts of so many characters at most. */
export function text(most: number): Schema {
  return (value, path) => {
    if (typeof value !== "string") return `${path}: ${shown(value)} is no text`;
    return value.length > most ? `${path}: a text of ${value.length} characters; ${most} at most` : undefined;
  };
}

/** Texts that are names: ASCII that can be printed, one character at least. */
export function nameText(most: number): Schema {
  const any = text(most);
  return (value, path) => {
    const wrong = any(value, path);
    if (wrong !== undefined) return wrong;
    if (value === "") return `${path}: an empty name`;
    return /^[\x20-\x7e]*$/.test(value as string)
      ? undefined
      : `${path}: a name has printable ASCII characters only, this has others`;
  };
}

export function oneOf(...values: readonly (string | number)[]): Schema {
  return (value, path) =>
    values.includes(value as string) ? undefined : `${path}: ${shown(value)} is none of ${values.join(", ")}`;
}

/** Lists of so many items at most. */
export function list(most: number, item: Schema): Schema {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: ${shown(value)} is no list`;
    if (value.length > most) return `${path}: a list of ${value.length}; ${most} at most`;
    for (const [i, each] of value.entries()) {
      const wrong = item(each, `${path}[${i}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** Lists of these items, one of each. */
export function tuple(...items: readonly Schema[]): Schema {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: ${shown(value)} is no list`;
    if (value.length !== items.length) return `${path}: a list of ${value.length}; ${items.length} are wanted`;
    for (const [i, item] of items.entries()) {
      const wrong = item(value[i], `${path}[${i}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** Objects with so many fields at most, of any names. */
export function map(most: number, name: Schema, item: Schema): Schema {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return `${path}: ${shown(value)} is no object`;
    const entries = Object.entries(value);
    if (entries.length > most) return `${path}: an object of ${entries.length} fields; ${most} at most`;
    for (const [key, each] of entries) {
      const wrong = name(key, path) ?? item(each, `${path}.${key}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** Objects with these fields; those of `optional` may be missing. */
export function record(
  fields: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return `${path}: ${shown(value)} is no object`;
    for (const [key, field] of Object.entries(fields)) {
      if (!Object.hasOwn(value, key)) return `${path}.${key}: is missing`;
      const wrong = field((value as Record<string, unknown>)[key], `${path}.${key}`);
      if (wrong !== undefined) return wrong;
    }
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(fields, key)) continue;
      if (!Object.hasOwn(optional, key)) return `${path}: has a field ${shown(key)} that is not known`;
      const wrong = optional[key]?.((value as Record<string, unknown>)[key], `${path}.${key}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** A value, for a message: short, whatever it is. */
function shown(value: unknown): string {
  if (typeof value === "string") return value.length > 40 ? `'${value.slice(0, 40)}…'` : `'${value}'`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(value);
}
