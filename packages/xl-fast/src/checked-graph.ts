/** Configurations of images, checked again with the classes that are here: once for all VMs of an image. */
import type { ElementSet } from "@clickos/click-core";
import { type CheckedGraph, checkConfiguration } from "@clickos/click-core/compile";
import type { Image } from "@clickos/click-image";

const checkedImages = new WeakMap<Image, { readonly elements: ElementSet; readonly graph: CheckedGraph }>();

/** @throws {ConfigurationError} when the classes do not take the configuration. */
export function checkedGraph(image: Image, elements: ElementSet): CheckedGraph {
  const known = checkedImages.get(image);
  if (known?.elements === elements) return known.graph;
  const graph = checkConfiguration(image.manifest.config, elements).checked;
  checkedImages.set(image, { elements, graph });
  return graph;
}
