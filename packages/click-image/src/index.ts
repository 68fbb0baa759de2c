/**
 * VM images: links a Click configuration with the guest kernel into one WebAssembly module of a few KB that describes
 * itself, signs images, and reads those that are not to be believed.
 *
 * @packageDocumentation
 */
export { type ImageCode, imageCode } from "./code.ts";
export { type Image, ImageError, type ImageErrorCode, type LinkOptions, linkImage, loadImage } from "./image.ts";
export { KeyError, readSigningKey, readTrustedKey, type SigningKey, type TrustedKey } from "./keys.ts";
export { locateCrash } from "./locate.ts";
export type { ImageManifest } from "./manifest.ts";
export { type CodeComparison, compareCode } from "./recompile.ts";
export { signImage, type Verdict, verifyImage } from "./signature.ts";
export {
  compareXenCode,
  isXenImage,
  linkXenImage,
  loadXenImage,
  type XenImage,
  type XenLinkOptions,
  type XenManifest,
  xenDomain,
} from "./xen-image.ts";
