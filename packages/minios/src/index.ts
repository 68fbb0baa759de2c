/**
 * The guest kernel of Click VMs: links configurations into images and starts them in domains.
 *
 * @packageDocumentation
 */
export { type Image, ImageError, type ImageErrorCode, type ImageManifest, linkImage, loadImage } from "./image.ts";
export { imageKernel } from "./kernel.ts";
export { miniosPlatform } from "./platform.ts";
