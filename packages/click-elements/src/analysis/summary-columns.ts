/** All columns of summaries, by their names. */
import { splitWords, unquote } from "@clickos/click-language/arguments";
import { summaryAliases } from "@clickos/wire/names";
import { annotationFields } from "./summary-annotations.ts";
import type { SummaryField } from "./summary-field.ts";
import { ipFields, linkFields } from "./summary-ip.ts";
import { payloadFields } from "./summary-payload.ts";
import { transportFields } from "./summary-transport.ts";

const fields: ReadonlyMap<string, SummaryField> = new Map(
  [...annotationFields, ...linkFields, ...ipFields, ...transportFields, ...payloadFields].map((f) => [f.name, f]),
);

/** A column by its name, or one of its others; `ip_` may be left out where the name has no underscore. */
export function summaryField(name: string): SummaryField | undefined {
  const found = fields.get(Object.hasOwn(summaryAliases, name) ? (summaryAliases[name] as string) : name);
  if (found || name.length > 64) return found;
  if (name.includes(" ")) return summaryField(name.replace(" ", "_"));
  return name.includes("_") ? undefined : summaryField(`ip_${name}`);
}

/** The words of a list of columns. */
export function columnNames(text: string): string[] {
  return splitWords(text).map((word) => unquote(word));
}
