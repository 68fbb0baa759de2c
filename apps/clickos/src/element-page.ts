/** What there is to say of an element class: its manual page, and what follows from its definition. */
import { readFileSync } from "node:fs";
import type { ConfigSpec, ElementClass, LiveType } from "@clickos/click-core/element";

/** Manual pages by class, as they were gathered from the elements' files when this was built. */
type Manual = Readonly<Record<string, { readonly category: string; readonly page: string }>>;

let loaded: Manual | undefined;
function manual(): Manual {
  loaded ??= JSON.parse(readFileSync(new URL("./manual.json", import.meta.url), "utf8")) as Manual;
  return loaded;
}

export interface ElementPage {
  readonly name: string;
  readonly category: string;
  /** A few words. */
  readonly summary: string;
  /** The manual page. */
  readonly page: string;
  readonly inputs: string;
  readonly outputs: string;
  /** Which inputs' packets reach which outputs, in Click's notation; `undefined` for any to any. */
  readonly flow: string | undefined;
  readonly arguments: readonly { readonly name: string; readonly text: string }[];
  /** Those of the class; others may depend on the configuration. */
  readonly handlers: readonly { readonly name: string; readonly access: "r" | "w" | "rw"; readonly text: string }[];
}

/** `pages` are those of classes that are not the library's. */
export function elementPage(cls: ElementClass, pages: ReadonlyMap<string, string> = new Map()): ElementPage {
  const { name } = cls;
  const known = Object.hasOwn(manual(), name) ? manual()[name] : undefined;
  const { category, page } = known ?? { category: "yours", page: pages.get(name) ?? name };
  const [inputs = "", outputs = ""] = cls.ports.split("/");
  const words: Readonly<Record<string, string>> = { h: "push", l: "pull", a: "push or pull" };
  const [incoming, outgoing] = cls.processing
    .split("/")
    .map((code) => [...code].map((letter) => words[letter] ?? letter).join(", then "));
  const side = (ports: string, processing: string | undefined): string =>
    ports === "0" ? "none" : `${ports === "-" ? "any number" : ports} (${processing})`;
  return {
    name,
    category,
    // Up to the end of the sentence, which may be on the next line.
    summary: (/\u2014\s*([\s\S]*?)(?:\.?\n\n|\.\s|\.?$)/.exec(page)?.[1] ?? "").replace(/\s+/g, " "),
    page,
    inputs: side(inputs, incoming),
    outputs: side(outputs, outgoing ?? incoming),
    flow: cls.flow,
    arguments: Object.entries((cls.config ?? {}) as ConfigSpec).map(([argument, spec]) => ({
      name: argument,
      text: argumentText(argument, spec),
    })),
    handlers: Object.entries(cls.handlers ?? {}).map(([handler, definition]) => ({
      name: handler,
      ...handlerText(definition),
    })),
  };
}

function argumentText(name: string, spec: ConfigSpec[string]): string {
  const kinds = { required: "required", positional: "optional", keyword: "keyword", rest: "any number" };
  const kind = spec.kind === "accepted" ? `accepted, changes nothing: ${spec.reason}` : kinds[spec.kind];
  const fallback = spec.kind === "keyword" || spec.kind === "positional" ? defaultText(spec.fallback) : "";
  const live =
    "live" in spec.type ? `; handler ${(spec.type as LiveType<any, any>).live.handler ?? name.toLowerCase()}` : "";
  return `${spec.type.expects}; ${kind}${fallback}${spec.deprecated ? "; deprecated" : ""}${live}`;
}

function defaultText(value: unknown): string {
  if (value instanceof Uint8Array) return `, by default ${value.length} bytes`;
  if (Array.isArray(value)) return "";
  return value === "" || value === undefined || value === null ? "" : `, by default ${String(value)}`;
}

type Definition = NonNullable<ElementClass["handlers"]>[string];

function handlerText(handler: Definition): Pick<ElementPage["handlers"][number], "access" | "text"> {
  const field = (["counter", "gauge", "rate", "flag"] as const).find((kind) => handler[kind] !== undefined);
  const reads = field !== undefined || handler.constant !== undefined || handler.read !== undefined;
  const access = reads ? (handler.write ? "rw" : "r") : "w";
  const kind = field ?? handler.kind ?? (reads ? "text" : "button");
  const unit = handler.unit ?? (field === "counter" ? "packets" : undefined);
  return { access, text: unit === undefined ? kind : `${kind}, ${unit}` };
}
