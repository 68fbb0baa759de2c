/** Images without their digests, which is how targets keep and change them, and the digest. */
import { createHash } from "node:crypto";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { customSection } from "@clickos/codegen";
import { bytesOf, concat } from "./mutate.mjs";

const digestSection = "clickos.sha256";
const manifestSection = "clickos.manifest";
/** Bytes of the section at the end. */
const digestLength = customSection(digestSection, new Uint8Array(32)).length;

export const sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());
export const sealed = (body) => concat(body, customSection(digestSection, sha256(body)));

/** An image's module, its manifest, and both as the digest covers them. */
export async function linked(text, name = "vm") {
  const { bytes, manifest } = await linkImage({ file: "f.click", text }, { elements, name });
  const body = bytes.subarray(0, bytes.length - digestLength);
  const manifestLength = customSection(manifestSection, bytesOf(JSON.stringify(manifest))).length;
  return { bytes, body, manifest, module: body.subarray(0, body.length - manifestLength) };
}

/** A module with another manifest: a value, or a text that need not be JSON. */
export function withManifest(module, manifest) {
  const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  return concat(module, customSection(manifestSection, bytesOf(text ?? "")));
}

/** A value with something in it changed: a number, a text, a field gone or doubled, a type. */
export function mutateValue(value, r, words) {
  const copy = structuredClone(value);
  const places = [];
  const visit = (node) => {
    for (const key of Object.keys(node)) {
      places.push([node, key]);
      if (typeof node[key] === "object" && node[key] !== null) visit(node[key]);
    }
  };
  if (typeof copy !== "object" || copy === null) return copy;
  visit(copy);
  for (let n = 1 + r.below(3); n > 0 && places.length > 0; n--) {
    const [node, key] = r.pick(places);
    switch (r.below(5)) {
      case 0:
        if (Array.isArray(node)) node.splice(Number(key), 1);
        else delete node[key];
        break;
      case 1:
        if (Array.isArray(node)) node.push(node[key]);
        else node[`${key}x`] = node[key];
        break;
      default:
        node[key] = r.pick(words);
    }
  }
  return copy;
}
