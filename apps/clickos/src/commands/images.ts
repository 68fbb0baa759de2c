/** Commands that look at images: inspect, diff. */
import type { ElementSet } from "@clickos/click-core/element";
import {
  compareCode,
  compareXenCode,
  type ImageCode,
  imageCode,
  isXenImage,
  loadXenImage,
  type Verdict,
  verifyImage,
} from "@clickos/click-image";
import type { Command } from "commander";
import { elementsOf } from "../elements-of.ts";
import { type ElementsOption, takesElements } from "../elements-option.ts";
import { CommandError, UsageError } from "../failure.ts";
import { readBytes, sha256 } from "../files.ts";
import { differenceText, diffImages } from "../image-diff.ts";
import { print, printJson } from "../print.ts";
import { printable } from "../printable.ts";
import { imageText, manifestNote, xenImageText } from "../report.ts";
import { readSubject } from "../subject.ts";
import { signatureText, trustedKeys } from "../trust.ts";

interface InspectOptions extends ElementsOption {
  readonly json?: boolean;
  readonly config?: boolean;
  readonly code?: boolean;
  readonly trust?: string;
}

export function addImages(program: Command): void {
  takesElements(
    program
      .command("inspect")
      .description("show what is in an image, or in the one that a configuration makes")
      .argument("<FILE>", "the image, or a .click configuration")
      .option("--json", "print the manifest as JSON")
      .option("--config", "print the configuration")
      .option("--code", "print the code that the configuration compiles to, where it is the image's")
      .option("--trust <DIR>", "the folder of public keys to look for the signer in"),
  ).action(async (file: string, options: InspectOptions) => {
    const { elements } = await elementsOf(options);
    const xen = file === "-" || file.endsWith(".click") ? undefined : readBytes(file);
    if (xen && isXenImage(xen)) {
      inspectForXen(xen, elements, options);
      return;
    }
    const keys = options.trust === undefined ? [] : await trustedKeys(options.trust);
    const image = await readSubject(file, elements);
    const signature: Verdict = await verifyImage(image.bytes, keys);
    if (signature.status === "bad") process.exitCode = 1;
    const { manifest } = image;
    if (options.config) {
      printConfiguration(manifest.config.text);
      return;
    }
    const comparison = compareCode(image, elements);
    const code: ImageCode | undefined = comparison.code === "same" ? imageCode(manifest, elements) : undefined;
    if (options.code) {
      if (!code)
        throw new CommandError(
          `${file}: its code is not what its configuration compiles to here, and cannot be shown; ${
            comparison.code === "other library"
              ? `it was made with another version of ${comparison.classes.join(", ")}, which --elements may bring`
              : "another version of compiler or elements made it"
          }`,
        );
      process.stdout.write(code.text);
      return;
    }
    if (options.json)
      printJson({
        bytes: image.bytes.length,
        sha256: sha256(image.bytes),
        contentSha256: image.contentSha256,
        signature,
        comparison,
        ...(code ? { code: { elements: code.elements, data: code.data } } : {}),
        manifest: manifestNote,
        ...manifest,
      });
    else print(imageText(image, signatureText(signature), comparison, code));
  });

  takesElements(
    program
      .command("diff")
      .description(
        "show what is different between two images or configurations; the exit status is 1 where anything is",
      )
      .argument("<A>", "an image, or a .click configuration")
      .argument("<B>", "another one")
      .option("--json", "print the differences as JSON"),
  ).action(async (before: string, after: string, options: ElementsOption & { json?: boolean }) => {
    const { elements } = await elementsOf(options);
    const difference = diffImages(await readSubject(before, elements), await readSubject(after, elements), elements);
    if (options.json) printJson(difference);
    else print(differenceText(difference));
    if (!difference.same) process.exitCode = 1;
  });
}

function inspectForXen(bytes: Uint8Array<ArrayBuffer>, elements: ElementSet, options: InspectOptions): void {
  if (options.trust !== undefined) throw new UsageError("images for Xen are not signed: no --trust");
  if (options.code) throw new UsageError("an image for Xen has machine code: objdump -d shows it, --code does not");
  const image = loadXenImage(bytes);
  const { manifest } = image;
  if (options.config) {
    printConfiguration(manifest.config.text);
    return;
  }
  const comparison = compareXenCode(image, elements);
  if (options.json) printJson({ bytes: bytes.length, comparison, manifest: manifestNote, ...manifest });
  else print(xenImageText(image, comparison));
}

function printConfiguration(text: string): void {
  print(process.stdout.isTTY ? printable(text) : text);
}
