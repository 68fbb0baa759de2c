/** The command that makes images, for this program's hypervisor or for Xen. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ElementSet } from "@clickos/click-core/element";
import { linkImage, linkXenImage, signImage, xenDomain } from "@clickos/click-image";
import { type Command, Option } from "commander";
import { elementsOf } from "../elements-of.ts";
import { type ElementsOption, takesElements } from "../elements-option.ts";
import { UsageError } from "../failure.ts";
import { readText, sha256, writeBytes } from "../files.ts";
import { checkOutputs } from "../output-files.ts";
import { print, printJson } from "../print.ts";
import { signingKey } from "../trust.ts";

interface BuildOptions extends ElementsOption {
  readonly output: string;
  readonly name?: string;
  readonly sign?: string;
  readonly target: "wasm" | "xen";
  readonly json?: boolean;
}

/** What is built: a configuration with its elements, under a name. */
interface Subject {
  readonly file: string;
  readonly name: string;
  readonly elements: ElementSet;
}

export function addBuild(program: Command): void {
  const build = program
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
    .option("--json", "print what was built as JSON");
  takesElements(build).action(async (file: string, options: BuildOptions) => {
    const { elements } = await elementsOf(options);
    const name = options.name ?? basename(file).replace(/\.click$/, "");
    await (options.target === "xen" ? buildForXen : buildHere)({ file, name, elements }, options);
  });
}

async function buildHere({ file, name, elements }: Subject, { output, sign, json }: BuildOptions): Promise<void> {
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
      sha256: sha256(bytes),
      contentSha256: image.contentSha256,
      ...(key ? { signedBy: key.fingerprint } : {}),
      name,
      vifs: image.manifest.vifs.map((v) => v.device),
    });
  else {
    print(`${output}  ${bytes.length} bytes  sha256 ${sha256(bytes)}`);
    if (key) print(`signed by key ${key.fingerprint}`);
  }
}

/** The image, and beside it a domain for `xl create`, unless there is one: it may have been changed. */
async function buildForXen({ file, name, elements }: Subject, { output, sign, json }: BuildOptions): Promise<void> {
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
  if (json) printJson({ output, domain, bytes: bytes.length, sha256: sha256(bytes), name, vifs, memoryMiB: memory });
  else {
    print(`${output}  ${bytes.length} bytes  sha256 ${sha256(bytes)}`);
    print(
      `${domain}  ${kept ? "was there, and is left as it is; the image needs" : "for xl create, with"} ${memory} MiB`,
    );
  }
}
