/** What a manifest may say: fields of the right type, within bounds, that do not contradict each other. */

import { elements } from "@clickos/click-elements";
import { type Image, ImageError, linkImage, loadImage } from "@clickos/click-image";
import { customSection } from "@clickos/codegen";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { codeOf, imageOf, link } from "./images.ts";

let image: Image;
let code: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  image = await link("FromDevice(0) -> c :: Counter -> Queue -> ToDevice(1); InfiniteSource -> Unqueue -> Discard");
  code = codeOf(image);
});

async function refusal(manifest: unknown): Promise<string> {
  try {
    await loadImage(await imageOf(code, typeof manifest === "string" ? manifest : JSON.stringify(manifest)));
    return "";
  } catch (e) {
    if (!(e instanceof ImageError)) throw e;
    return `${e.code} ${e.message}`;
  }
}

/** The manifest with something else at a path. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(image.manifest) as unknown;
  const keys = path.split(".");
  const last = keys.pop() as string;
  let at = copy as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

describe("a manifest", () => {
  it("has nothing of host sides: what they wake is no image's to say", async () => {
    expect(JSON.stringify(image.manifest)).not.toContain("wakes");
    const wakes = { note: image.manifest.router.control, tasks: [0] };
    expect(await refusal(changed("router.elements.0.wakes", wakes))).toMatch(/^BAD_MANIFEST .*wakes/);
  });

  it("is taken as it was linked", async () => {
    expect(await refusal(image.manifest)).toBe("");
  });

  it("lacks nothing, has nothing more, and has no field of another type", async () => {
    const paths: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (path) paths.push(path);
      if (typeof value === "object" && value !== null)
        for (const [key, each] of Object.entries(value)) visit(each, path ? `${path}.${key}` : key);
    };
    visit(image.manifest, "");
    expect(paths.length).toBeGreaterThan(60);
    for (const path of paths) {
      const isOptional = /\.(task|due|unit|flags|at|text|heap|notes)$|\.elements\.\d+\.timers$/.test(path);
      const isItem = /\.\d+$|^library\./.test(path);
      if (!isOptional && !isItem)
        expect(await refusal(changed(path, undefined)), path).toMatch(/^BAD_MANIFEST .*missing/);
      for (const wrong of [null, true, -1, 1.5, 1e300, [[]], { x: 1 }])
        expect(await refusal(changed(path, wrong)), path).toMatch(/^BAD_MANIFEST |^UNSUPPORTED /);
    }
    for (const path of ["x", "config.x", "vifs.0.x", "router.x", "grants.constructor"])
      expect(await refusal(changed(path, 1)), path).toMatch(/^BAD_MANIFEST .* a field '.*' that is not known/);
    expect(await refusal('{"__proto__": {"format": 1}}')).toMatch(/^BAD_MANIFEST .*manifest.format: is missing/);
  });

  const page = 4096;
  it.each([
    ["name", "x".repeat(256), /manifest\.name: a text of 256 characters; 255 at most/],
    ["name", "x".repeat(1_000_000), /manifest\.name: a text of 1000000 characters/],
    ["name", "", /manifest\.name: an empty name/],
    ["name", "\u001b[2Jvm", /manifest\.name: a name has printable ASCII/],
    ["name", "vm\n", /manifest\.name: a name has printable ASCII/],
    ["name", "v\u202em", /manifest\.name: a name has printable ASCII/],
    ["config.file", "x".repeat(5000), /manifest\.config\.file: a text of 5000/],
    ["vifs.1.device", 0, /manifest\.vifs\[1\]\.device: device 0 is there twice/],
    ["vifs.1.device", 100, /manifest\.vifs\[1\]\.device: 100 is no whole number from 0 to 99/],
    ["vifs.0.rings", "virtio", /manifest\.vifs\[0\]\.rings: 'virtio' is none of netmap, netif, persistent/],
    ["vifs.0.rings", "toString", /manifest\.vifs\[0\]\.rings/],
    // shared_info, the console's ring, the grant table.
    ["vifs.0.page", 2 * page, /manifest\.vifs\[0\]\.page: 8192 is no whole number from 53248/],
    ["vifs.0.rxRing", 3 * page, /manifest\.vifs\[0\]\.rxRing/],
    ["vifs.0.txRing", 5 * page, /manifest\.vifs\[0\]\.txRing/],
    ["router.base", 0, /manifest\.router\.base/],
    ["router.control", 2 * page, /manifest\.router\.control/],
    ["router.heap", 2 * page, /manifest\.router\.heap/],
    ["router.elements.1.state", 3 * page, /manifest\.router\.elements\[1\]\.state/],
    ["router.elements.1.stateSize", 1e9, /manifest\.router\.elements\[1\]\.state: 1000000000 bytes at/],
    ["router.elements.0.task", 60_000, /manifest\.router\.elements\[0\]\.task: there are/],
    ["router.drops.0.address", 5 * page, /manifest\.router\.drops\[0\]\.address/],
    ["router.pool.count", 100_000, /manifest\.router\.pool: \d+ bytes/],
    ["router.tasks.count", 65_537, /manifest\.router\.tasks\.count: 65537 is no/],
    ["router.pages", 16385, /manifest\.router\.pages: 16385 is no whole number from 1 to 16384/],
    ["router.pages", 1, /manifest\.router\.end: \d+ is not between/],
    ["router.elements.0.layout", 99, /manifest\.router\.elements\[0\]\.layout: there are \d+ layouts/],
    [
      "router.layouts.0",
      [["a", "u32", 1e6, 4]],
      /elements\[\d\]\.layout: the field 'a' is not within the \d+ bytes of the/,
    ],
    ["router.layouts.0.0", ["a", "u32", 0], /manifest\.router\.layouts\[0\]\[0\]: a list of 3; 4 are wanted/],
    ["handlers.0.at", { address: 53248, type: "u128" }, /manifest\.handlers\[0\]\.at\.type: 'u128' is none of u8/],
    ["handlers.0.at", { address: 3 * page, type: "u32" }, /manifest\.handlers\[0\]\.at\.address: 12288 is no whole/],
    ["handlers.0.at", { address: 60_000_000, type: "u64" }, /manifest\.handlers\[0\]\.at: 8 bytes at 60000000 are not/],
    ["handlers.0.kind", "dial", /manifest\.handlers\[0\]\.kind: 'dial' is none of counter/],
    ["library", { Counter: 1 }, /manifest\.library\.Counter: 1 is no text/],
    ["grants.first", 0, /manifest\.grants\.first/],
    ["grants.count", 4096, /manifest\.grants\.count: 4096 entries from 8 on, of 4096/],
    ["router", [], /manifest\.router: a list is no object/],
    ["vifs", {}, /manifest\.vifs: an object is no list/],
    ["vifs", Array(101).fill(1), /manifest\.vifs: a list of 101; 100 at most/],
  ])("with %s changed is refused, by the path of the field", async (path, value, reason) => {
    expect(await refusal(changed(path, value))).toMatch(reason);
  });

  it("has no frame twice", async () => {
    const { page } = image.manifest.vifs[0]!;
    expect(await refusal(changed("vifs.1.rxRing", page))).toMatch(
      /manifest\.vifs\[1\]\.rxRing: the frame at \d+ is there twice/,
    );
  });

  it.each([
    ["null", /BAD_MANIFEST the image's manifest: null is no object/],
    ["[]", /BAD_MANIFEST the image's manifest: a list is no object/],
    ["7", /BAD_MANIFEST/],
    ['"x"', /BAD_MANIFEST/],
    ["", /BAD_MANIFEST .* no JSON/],
    ["{", /BAD_MANIFEST .* no JSON/],
    ['{"format": 1}', /UNSUPPORTED image format 1/],
    ["[".repeat(1_000_000), /BAD_MANIFEST .* no JSON/],
    [" ".repeat((4 << 20) + 1), /TOO_LARGE the image's manifest has 4194305 bytes/],
  ])("that is no manifest is refused, %#", async (text, reason) => {
    const message = await refusal(text);
    expect(message).toMatch(reason);
    expect(message.length).toBeLessThan(300);
  });

  it("of any JSON is refused in few words", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const message = await refusal(text);
        expect(message).toMatch(/^(BAD_MANIFEST|UNSUPPORTED) /);
        expect(message.length).toBeLessThan(300);
      }),
      { numRuns: 300 },
    );
  });
});

describe("an image", () => {
  it("that is too large is refused before anything is done with it", async () => {
    // No section of it makes sense.
    const bytes = new Uint8Array((8 << 20) + 1).fill(0xff);
    bytes.set([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    await expect(loadImage(bytes)).rejects.toMatchObject({ code: "TOO_LARGE" });
  });

  it("with code that no guest may have is refused, with a right digest too", async () => {
    const other = Buffer.concat([code, customSection("compilationHints", new Uint8Array(4))]);
    await expect(loadImage(await imageOf(other, JSON.stringify(image.manifest)))).rejects.toMatchObject({
      name: "ImageError",
      code: "BAD_CODE",
      message: `the image's code is refused: not code that a guest may have: a custom section that no guest has, at byte ${code.length}`,
    });
  });

  it.each(["", "ß", "a\u001b[31m", "line\nline", "n".repeat(256)])(
    "is not linked with a name nobody loads, %j",
    async (name) => {
      await expect(link("Idle -> Discard", name)).rejects.toMatchObject({
        name: "ImageError",
        code: "BAD_MANIFEST",
        message: expect.stringMatching(/^no image can be made of this: manifest\.name: /),
      });
    },
  );

  it("has nothing of its source but file and text", async () => {
    const source = { file: "t.click", text: "Idle -> Discard", more: 1 };
    const { bytes } = await linkImage(source, { elements, name: "vm" });
    expect((await loadImage(bytes)).manifest.config).toEqual({ file: "t.click", text: "Idle -> Discard" });
  });
});
