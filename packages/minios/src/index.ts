/**
 * The guest kernel of Click VMs: links configurations into images, starts them in domains, and steers them from the
 * store.
 *
 * @packageDocumentation
 */
export {
  type ClickControl,
  maximumRouters,
  type RouterHandlers,
  type RouterHost,
  serveClickControl,
} from "./click-control.ts";
export {
  type Image,
  ImageError,
  type ImageErrorCode,
  type LinkOptions,
  linkImage,
  loadImage,
} from "./image.ts";
export { KeyError, readSigningKey, readTrustedKey, type SigningKey, type TrustedKey } from "./keys.ts";
export { locateCrash } from "./locate.ts";
export type { ImageManifest } from "./manifest.ts";
export { type MiniOs, miniOs } from "./mini-os.ts";
export { firstPlace, miniosPlatform, type RouterPlace } from "./platform.ts";
export { signImage, type Verdict, verifyImage } from "./signature.ts";
export type { StoreInTransaction, XenbusClient } from "./xenbus.ts";
