/** What `compareCode` says of an image, by what was changed since it was made. */
import { element, elementSet } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { compareCode, linkImage, loadImage } from "@clickos/click-image";
import { u64 } from "@clickos/layout";
import { expect, it } from "vitest";

const image = await linkImage(
  { file: "fw.click", text: "FromDevice(0) -> Counter -> Queue(10) -> Unqueue -> ToDevice(1)" },
  { elements, name: "fw" },
);

it("the same code comes of the same configuration and library, and is all of the module", async () => {
  expect(compareCode(image, elements)).toEqual({ code: "same" });
  expect(compareCode(await loadImage(image.bytes), elements)).toEqual({ code: "same" });
});

it("classes that are defined in another way are named", () => {
  const Counter = element({
    name: "Counter",
    ports: "1/1",
    processing: "a/a",
    state: { bytes: u64, count: u64 },
    action() {},
  });
  const { Queue: _, ...without } = { ...elements, ...elementSet(Counter) };
  expect(compareCode(image, without)).toEqual({ code: "other library", classes: ["Counter", "Queue"] });
});

it("other code of the same definitions, or another configuration in the manifest, is different", () => {
  const { Counter, ...rest } = elements;
  const silent = { ...Counter!, action: () => {} };
  expect(compareCode(image, { ...rest, ...elementSet(silent) })).toEqual({ code: "different" });
  const text = "FromDevice(0) -> Counter -> Queue(11) -> Unqueue -> ToDevice(1)";
  const lying = { ...image, manifest: { ...image.manifest, config: { file: "fw.click", text } } };
  expect(compareCode(lying, elements)).toEqual({ code: "different" });
  const wrong = { ...image, manifest: { ...image.manifest, config: { file: "fw.click", text: "Counter -> nothing" } } };
  expect(compareCode(wrong, elements)).toEqual({ code: "different" });
});
