/** The journal: what it has after being cut anywhere, and what it refuses. */
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { type Json, openJournal } from "../src/daemon/journal.ts";

const dir = mkdtempSync(join(tmpdir(), "clickos-journal-"));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;
const fresh = (): string => join(dir, `journal${files++}`);

it("has after any cut what was written before it, and goes on from there", async () => {
  const path = fresh();
  const journal = openJournal(path);
  /** What it holds at each length that it had. */
  const states: { readonly length: number; readonly entries: readonly (readonly [string, Json])[] }[] = [];
  const note = (): void => void states.push({ length: statSync(path).size, entries: [...journal.entries] });
  note();
  for (const [key, value] of [
    ["a", 1],
    ["b", { text: "zwölf\n" }],
    ["a", undefined],
    ["c", [true, null]],
    ["b", "later"],
  ] as const) {
    if (value === undefined) await journal.delete(key);
    else await journal.put(key, value);
    note();
  }
  await journal.close();
  const whole = readFileSync(path);
  expect(states.at(-1)?.length).toBe(whole.length);
  for (let length = 0; length <= whole.length; length++) {
    const cut = fresh();
    writeFileSync(cut, whole.subarray(0, length));
    const expected = states.filter((s) => s.length <= length).at(-1)?.entries ?? [];
    const again = openJournal(cut);
    expect([length, [...again.entries]]).toEqual([length, expected]);
    await again.put("after", length);
    await again.close();
    const last = openJournal(cut);
    expect(last.entries.get("after")).toBe(length);
    expect([...last.entries].length).toBe(expected.length + 1);
    await last.close();
  }
});

it("refuses a file that is damaged before its end, says where, and leaves it as it is", async () => {
  const path = fresh();
  const journal = openJournal(path);
  for (let i = 0; i < 5; i++) await journal.put(`key${i}`, i);
  await journal.close();
  const bytes = readFileSync(path);
  bytes[bytes.indexOf("key2")] = 0x78;
  writeFileSync(path, bytes);
  expect(() => openJournal(path)).toThrow(/line 4: it is damaged; move the file away/);
  expect(readFileSync(path).equals(bytes)).toBe(true);
  writeFileSync(path, "some notes of mine\n");
  expect(() => openJournal(path)).toThrow(/no journal of this program's version/);
  expect(readFileSync(path, "utf8")).toBe("some notes of mine\n");
});

it("is written anew when most of it is out of date, at no moment with less than what holds", async () => {
  const path = fresh();
  const journal = openJournal(path);
  await journal.put("stays", "here");
  for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 100 }, (_, k) => journal.put(`k${k % 7}`, i)));
  expect(statSync(path).size).toBeLessThan(150_000);
  const copy = fresh();
  cpSync(path, copy);
  const again = openJournal(copy);
  expect(Object.fromEntries(again.entries)).toEqual(Object.fromEntries(journal.entries));
  expect(again.entries.get("stays")).toBe("here");
  await again.close();
  await journal.close();
});

it("is a map, whatever is asked of it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.option(fc.jsonValue(), { nil: undefined })), {
        maxLength: 20,
      }),
      async (changes) => {
        const path = fresh();
        const journal = openJournal(path);
        const model = new Map<string, unknown>();
        for (const [key, value] of changes) {
          if (value === undefined) {
            model.delete(key);
            void journal.delete(key);
          } else {
            model.set(key, JSON.parse(JSON.stringify(value)));
            void journal.put(key, value as Json);
          }
        }
        await journal.settled();
        await journal.close();
        const again = openJournal(path);
        expect(Object.fromEntries(again.entries)).toEqual(Object.fromEntries(model));
        await again.close();
      },
    ),
    { numRuns: 50 },
  );
});
