/** Modules of images that were seen before: kept up to a limit, those used last. */
import { elements } from "@clickos/click-elements";
import { type Image, linkImage } from "@clickos/click-image";
import { createToolstack } from "@clickos/xl-fast";
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";

let compiled: MockInstance<typeof WebAssembly.compile>;
beforeEach(() => {
  compiled = vi.spyOn(WebAssembly, "compile");
});
afterEach(() => compiled.mockRestore());

const link = (name: string): Promise<Image> =>
  linkImage({ file: "t.click", text: "Idle -> Discard" }, { elements, name });

it("the second VM of an image compiles nothing; the image that was not used for longest is forgotten first", async () => {
  // Room for three such images.
  const xl = createToolstack({ elements, modulesKiB: 250 });
  const images = await Promise.all(["a", "b", "c", "d"].map(link));
  let n = 0;
  const compiles = async (...which: number[]): Promise<number> => {
    compiled.mockClear();
    await Promise.all(
      which.map(async (i) => {
        const name = `vm${n++}`;
        await xl.create({ name, image: images[i]! });
        xl.destroy(name);
      }),
    );
    return compiled.mock.calls.length;
  };
  expect(await compiles(0, 0, 0)).toBe(1);
  expect(await compiles(1)).toBe(1);
  expect(await compiles(2)).toBe(1);
  expect(await compiles(0, 1, 2, 0)).toBe(0);
  // The fourth takes the place of the second: the first was used after it.
  expect(await compiles(3)).toBe(1);
  expect([await compiles(0), await compiles(2), await compiles(3)]).toEqual([0, 0, 0]);
  expect(await compiles(1)).toBe(1);
  expect(await compiles(0)).toBe(1);
});

it("an image that is larger than all that is kept runs, and is compiled each time", async () => {
  const xl = createToolstack({ elements, modulesKiB: 0 });
  const image = await link("a");
  for (const name of ["x", "y"]) await xl.create({ name, image });
  expect(compiled).toHaveBeenCalledTimes(2);
  expect(xl.list().map((vm) => vm.state)).toEqual(["running", "running"]);
});

it("an image whose code is not valid is refused again each time, and nothing is kept of it", async () => {
  const xl = createToolstack({ elements });
  const image = await link("a");
  const bytes = image.bytes.slice();
  // The number of a local that there is not, in a `local.get` of the longest function.
  const at = bytes.findIndex((b, i) => b === 0x20 && bytes[i + 2] === 0x20 && i > 400);
  bytes[at + 1] = 0x7f;
  for (let i = 0; i < 2; i++)
    await expect(xl.create({ name: "x", image: { ...image, bytes } })).rejects.toMatchObject({ code: "BAD_IMAGE" });
  expect(compiled).toHaveBeenCalledTimes(2);
});
