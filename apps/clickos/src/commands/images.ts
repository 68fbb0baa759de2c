/** Commands that make images and look into them: `build` and `inspect`. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import {
  compareCode,
  compareXenCode,
  isXenImage,
  linkImage,
  linkXenImage,
  loadImage,
  loadXenImage,
  signImage,
  verifyImage,
  xenDomain,
} from "@clickos/click-image";
import { type Command, Option } from "commander";
import { UsageError } from "../failure.ts";
import { readBytes, readText, writeBytes } from "../files.ts";
import { checkOutputs } from "../output-files.ts";
import { print, printJson } from "../print.ts";
import { printable } from "../printable.ts";
import { imageText, manifestNote, xenImageText } from "../report.ts";
import { signatureText, signingKey, trustedKeys } from "../trust.ts";

interface BuildOptions {
  readonly output: string;
  readonly name?: string;
  readonly sign?: string;
  readonly target: "wasm" | "xen";
  readonly json?: boolean;
}

export function addImageCommands(program: Command): void {
  program
    .command("build")
    .description("compile a configuration to a VM image")
    .argument("<file.click>", "the configuration")
    .requiredOption("-o, --output <FILE>", "the image to write")
    .addOption(
      new Option("--target <TARGET>", "what is to run it: this program's hypervisor, or Xen itself, by xl create")
        .choices(["wasm", "xen"])
        .default("wasm"),
    )
    .option("--name <NAME>", "the name of the VM; by default the file's")
    .option("--sign <KEY>", "sign the image with this private key: Ed25519, PEM")
    .option("--json", "print what was built as JSON")
    .action(async (file: string, options: BuildOptions) => {
      const name = options.name ?? basename(file).replace(/\.click$/, "");
      await (options.target === "xen" ? buildForXen(file, name, options) : build(file, name, options));
    });

  program
    .command("inspect")
    .description("show what is in an image")
    .argument("<image.cos>", "the image")
    .option("--json", "print the manifest as JSON")
    .option("--config", "print the configuration")
    .option("--trust <DIR>", "the folder of public keys to look for the signer in")
    .action(async (file: string, options: { json?: boolean; config?: boolean; trust?: string }) => {
      const bytes = readBytes(file);
      if (isXenImage(bytes)) {
        if (options.trust !== undefined) throw new UsageError("images for Xen are not signed: no --trust");
        inspectForXen(bytes, options);
        return;
      }
      const keys = options.trust === undefined ? [] : await trustedKeys(options.trust);
      const image = await loadImage(bytes);
      const signature = await verifyImage(bytes, keys);
      if (signature.status === "bad") process.exitCode = 1;
      if (options.config) printConfiguration(image.manifest.config.text);
      else {
        const comparison = compareCode(image, elements);
        if (options.json)
          printJson({
            bytes: bytes.length,
            sha256: image.sha256,
            signature,
            comparison,
            manifest: manifestNote,
            ...image.manifest,
          });
        else print(imageText(image, signatureText(signature), comparison));
      }
    });
}

async function build(file: string, name: string, { output, sign, json }: BuildOptions): Promise<void> {
  checkOutputs(
    [
      { path: file, what: "the configuration" },
      ...(sign === undefined ? [] : [{ path: sign, what: "the private key" }]),
    ],
    [{ path: output, what: "the image" }],
  );
  const key = sign === undefined ? undefined : await signingKey(sign);
  const image = await linkImage({ file: basename(file), text: readText(file) }, { elements, name });
  const bytes = key ? await signImage(image.bytes, key) : image.bytes;
  writeBytes(output, bytes);
  if (json)
    printJson({
      output,
      bytes: bytes.length,
      sha256: image.sha256,
      ...(key ? { signedBy: key.fingerprint } : {}),
      name,
      vifs: image.manifest.vifs.map((v) => v.device),
    });
  else {
    print(`${output}  ${bytes.length} bytes  sha256 ${image.sha256}`);
    if (key) print(`signed by key ${key.fingerprint}`);
  }
}

/** The image, and beside it a domain for `xl create`, unless there is one: it may have been changed. */
async function buildForXen(file: string, name: string, { output, sign, json }: BuildOptions): Promise<void> {
  if (sign !== undefined) throw new UsageError("images for Xen are not signed: no --sign");
  const domain = join(dirname(output), `${basename(output).replace(/\.elf$/, "")}.cfg`);
  checkOutputs(
    [{ path: file, what: "the configuration" }],
    [
      { path: output, what: "the image" },
      { path: domain, what: "the domain's configuration" },
    ],
  );
  const { bytes, manifest } = linkXenImage({ file: basename(file), text: readText(file) }, { elements, name });
  writeBytes(output, bytes);
  const kept = existsSync(domain);
  if (!kept) writeBytes(domain, new TextEncoder().encode(xenDomain(manifest, basename(output))));
  const { vifs, memory } = manifest;
  if (json)
    printJson({ output, domain, bytes: bytes.length, sha256: await sha256(bytes), name, vifs, memoryMiB: memory });
  else {
    print(`${output}  ${bytes.length} bytes  sha256 ${await sha256(bytes)}`);
    print(
      `${domain}  ${kept ? "was there, and is left as it is; the image needs" : "for xl create, with"} ${memory} MiB`,
    );
  }
}

function inspectForXen(bytes: Uint8Array<ArrayBuffer>, options: { json?: boolean; config?: boolean }): void {
  const image = loadXenImage(bytes);
  const { manifest } = image;
  if (options.config) printConfiguration(manifest.config.text);
  else {
    const comparison = compareXenCode(image, elements);
    if (options.json) printJson({ bytes: bytes.length, comparison, manifest: manifestNote, ...manifest });
    else print(xenImageText(image, comparison));
  }
}

function printConfiguration(text: string): void {
  print(process.stdout.isTTY ? printable(text) : text);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}
