/** Compiles the configuration of an image again, where the image has it. */
import type { ElementSet } from "@clickos/click-core";
import { type CompiledRouter, checkConfiguration, compile, otherClasses } from "@clickos/click-core/compile";
import { ConfigurationError } from "@clickos/click-language";
import { wasmBackend } from "@clickos/codegen";
import type { Image } from "./image.ts";
import type { ImageManifest } from "./manifest.ts";
import { guestPlatform } from "./platform.ts";

/** The configuration of a manifest, compiled for the place that the image has in its domain. @throws {ConfigurationError} */
export function recompile(manifest: ImageManifest, elements: ElementSet): CompiledRouter {
  const { checked } = checkConfiguration(manifest.config, elements);
  const rings = Object.fromEntries(manifest.vifs.map((v) => [v.device, v.rings]));
  const place = { base: manifest.router.base, firstGrant: manifest.grants.first };
  return compile(checked, guestPlatform({ place, name: manifest.name, rings }).platform);
}

/**
 * What comes of an image's configuration here: the same code; or, where element classes are defined in another way, which are
 * named, code of an `other library`; or different code, so that another version of the compiler or of elements' code made the
 * image, or its configuration is not what it was made from.
 */
export type CodeComparison =
  | { readonly code: "same" }
  | { readonly code: "different" }
  | { readonly code: "other library"; readonly classes: readonly string[] };

export function compareCode(image: Image, elements: ElementSet): CodeComparison {
  const { manifest, bytes } = image;
  const classes = otherClasses(manifest.library, elements);
  if (classes.length > 0) return { code: "other library", classes };
  try {
    const wasm = wasmBackend.encode(recompile(manifest, elements).ir);
    // The code comes first, then the manifest.
    return { code: wasm.length < bytes.length && wasm.every((b, i) => b === bytes[i]) ? "same" : "different" };
  } catch (e) {
    // A configuration that these classes do not take cannot have been theirs.
    if (e instanceof ConfigurationError) return { code: "different" };
    throw e;
  }
}
