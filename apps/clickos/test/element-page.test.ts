/** Every element has a manual page that says what it is. */

import { elements } from "@clickos/click-elements/node";
import { elementPage } from "clickos";
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { checkSource } from "../src/tools.ts";

// The pages are gathered when the command is built.
beforeAll(() => needsBuild(new URL("../dist/manual.json", import.meta.url)));

/** The configurations among a page's blocks of text that are set in; others are tables. */
const examplesOf = (page: string): string[] =>
  page
    .split(/\n{2,}/)
    .filter((block) => /^ {2,}\S/.test(block) && /->|::|^ +[A-Z]\w+(\(|;|$)|^ +elementclass/.test(block));

describe("the page of every element", () => {
  it.each(Object.values(elements).map((cls) => [cls.name, cls] as const))("%s", (name, cls) => {
    const { category, summary, page, inputs, outputs, arguments: args, handlers } = elementPage(cls);
    expect(category).toMatch(/^[a-z0-9]+$/);
    expect(category).not.toBe("yours");
    expect(summary).toMatch(/^\S.{5,}/);
    expect(page.startsWith(name), page).toBe(true);
    expect(page).toMatch(/^ {2,}\S/m);
    for (const side of [inputs, outputs]) expect(side).toMatch(/^(none|(any number|[\d=+-]+) \(.+\))$/);
    for (const { text } of [...args, ...handlers]) expect(text).toMatch(/\w/);
    // It names all keywords but those that change nothing, and all handlers; or the class that has the same.
    if (/^Takes what \w+ takes/m.test(page)) return;
    const spec = (cls.config ?? {}) as Readonly<Record<string, { kind: string }>>;
    const names = args.map((a) => a.name).filter((a) => spec[a]?.kind === "keyword");
    for (const word of [...names, ...handlers.map((h) => h.name)])
      expect(page, word).toMatch(new RegExp(`(?<!\\w)${word.replace(/\d+$/, "")}\\d*(?!\\w)`, "i"));
  });

  it.each(Object.values(elements).map((cls) => [cls.name, cls] as const))(
    "%s has examples that are right",
    (name, cls) => {
      const examples = examplesOf(elementPage(cls).page);
      expect(examples.join()).toMatch(new RegExp(`\\b${name}\\b`));
      for (const example of examples) {
        // What is left out is some element that takes and gives packets in any way.
        const text = example.replaceAll(/(?<=^|;|->)\s*\.\.\.(?=\s*(->|;|$))/gm, " Idle");
        expect([
          text,
          ...checkSource({ file: "example", text }, elements, new Map())
            .filter((d) => d.severity === "error")
            .map((d) => d.message),
        ]).toEqual([text]);
      }
    },
  );
});
