/** Images for tests: of many configurations, and put together by hand with a sound digest. */
import { readdirSync, readFileSync } from "node:fs";
import { elements } from "@clickos/click-elements";
import { type Image, linkImage } from "@clickos/click-image";
import { customSection } from "@clickos/codegen";

export const link = (text: string, name = "vm"): Promise<Image> =>
  linkImage({ file: "t.click", text }, { elements, name });

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

const rules = Array.from(
  { length: 100 },
  (_, i) => `${i % 2 ? "allow" : "deny"} src net 10.${i}.0.0/16 and dst port ${i}`,
);
const large: readonly string[] = [
  `FromDevice(0) -> Strip(14) -> CheckIPHeader -> IPFilter(${rules}, allow all) -> Unstrip(14) -> ToDevice(1)`,
  `FromDevice(0) -> Strip(14) -> CheckIPHeader -> r :: StaticIPLookup(${rules.map((_, i) => `10.${i}.0.0/16 0`)}) -> Discard`,
  `FromDevice(0) -> c :: Classifier(${rules.map((_, i) => `12/08${(i + 16).toString(16)}`)}, -); ${[...rules, ""].map((_, i) => `c[${i}] -> Discard;`).join("")}`,
  `FromDevice(0) -> ${"Counter -> ".repeat(200)} Queue -> ToDevice(1)`,
  Array.from({ length: 8 }, (_, i) => `FromDevice(${i}) -> ToDevice(${(i + 1) % 8});`).join(""),
];

/** Configurations that a VM can have: the examples, the corpus of the language, large ones, and every class by itself. */
export async function everyImage(): Promise<Image[]> {
  const corpus = read("packages/click-language/test/corpus/language.txt")
    .split(/^=== .*$/m)
    .map((part) => part.split(/^---$/m)[0] as string);
  const examples = readdirSync(new URL("../../../examples", import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".click"))
    .map((file) => read(`examples/${file}`));
  const classes = Object.keys(elements).flatMap((name) => [
    `FromDevice(0) -> ${name} -> ToDevice(0)`,
    `FromDevice(0) -> Strip(14) -> CheckIPHeader -> ${name} -> Discard`,
    `FromDevice(0) -> ${name} -> Discard`,
    `FromDevice(0) -> Queue -> ${name} -> ToDevice(0)`,
    `${name} -> Discard`,
  ]);
  const images: Image[] = [];
  for (const text of [...corpus, ...examples, ...large, ...classes]) {
    try {
      images.push(await link(text));
    } catch (e) {
      // Many are examples of mistakes, or take arguments.
      if ((e as Error).name !== "ConfigurationError") throw e;
    }
  }
  return images;
}

const section = (name: string, text: string): Uint8Array => customSection(name, new TextEncoder().encode(text));

/** An image's module, without its manifest and its digest. */
export function codeOf({ bytes, manifest }: Image): Uint8Array<ArrayBuffer> {
  const rest =
    section("clickos.manifest", JSON.stringify(manifest)).length + section("clickos.sha256", " ".repeat(32)).length;
  return bytes.slice(0, bytes.length - rest);
}

/** An image with a digest that is right. */
export async function imageOf(code: Uint8Array, manifest: string): Promise<Uint8Array<ArrayBuffer>> {
  const body = Buffer.concat([code, section("clickos.manifest", manifest)]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return new Uint8Array(Buffer.concat([body, customSection("clickos.sha256", digest)]));
}
