/** Every element has a manual page that says what it is. */

import { elements } from "@clickos/click-elements/node";
import { elementPage } from "clickos";
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";

// The pages are gathered when the command is built.
beforeAll(() => needsBuild(new URL("../dist/manual.json", import.meta.url)));

describe("the page of every element", () => {
  it.each(Object.values(elements).map((cls) => [cls.name, cls] as const))("%s", (name, cls) => {
    const { category, summary, page, inputs, outputs, arguments: args, handlers } = elementPage(cls);
    expect(category).toMatch(/^[a-z0-9]+$/);
    expect(category).not.toBe("other");
    expect(summary).toMatch(/^\S.{5,}/);
    expect(page.startsWith(name), page).toBe(true);
    expect(page).toMatch(/^ {2,}\S/m);
    for (const side of [inputs, outputs]) expect(side).toMatch(/^(none|(any number|[\d=+-]+) \(.+\))$/);
    for (const { text } of [...args, ...handlers]) expect(text).toMatch(/\w/);
  });
});
