/** Whose images a command runs: key files, a folder of trusted keys, and what is said of a signature. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  KeyError,
  readSigningKey,
  readTrustedKey,
  type SigningKey,
  type TrustedKey,
  type Verdict,
} from "@clickos/click-image";
import { systemReason } from "@clickos/pcap/node";
import { CommandError } from "./failure.ts";
import { readText } from "./files.ts";

const extension = ".pem";

/** The private key in a file. @throws {CommandError} */
export function signingKey(path: string): Promise<SigningKey> {
  return naming(path, readSigningKey(readText(path)));
}

/** The public keys in a folder's `*.pem`; a file's name is the signer's. @throws {CommandError} */
export async function trustedKeys(folder: string): Promise<TrustedKey[]> {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(extension));
  } catch (e) {
    throw new CommandError(`cannot read ${folder}: ${systemReason(e)}`);
  }
  if (names.length === 0) throw new CommandError(`${folder} holds no public key: no file in it ends in ${extension}`);
  const keys: TrustedKey[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    keys.push(await naming(path, readTrustedKey(name.slice(0, -extension.length), readText(path))));
  }
  return keys;
}

async function naming<T>(path: string, key: Promise<T>): Promise<T> {
  try {
    return await key;
  } catch (e) {
    throw e instanceof KeyError ? new CommandError(`${path}: ${e.message}`) : e;
  }
}

/** Who signed an image, in words. */
export function signatureText(verdict: Verdict): string {
  switch (verdict.status) {
    case "unsigned":
      return "none: anybody may have made this image";
    case "bad":
      return `BAD: not what ${verdict.name ?? "its key"} signed (key ${verdict.fingerprint})`;
    case "unknown":
      return `by a key that nothing here vouches for, ${verdict.fingerprint}`;
    case "trusted":
      return `by ${verdict.name}, trusted, key ${verdict.fingerprint}`;
  }
}

/** Refuses an image that no trusted key has signed. @throws {CommandError} */
export function admit(file: string, verdict: Verdict, folder: string): void {
  if (verdict.status === "unsigned")
    throw new CommandError(
      `${file} is not signed, and only what a key in ${folder} has signed is to run; clickos build --sign KEY signs`,
    );
  if (verdict.status === "unknown")
    throw new CommandError(
      `${file} is signed by a key that is not in ${folder}, ${verdict.fingerprint}; whoever trusts it puts its public key there, as NAME.pem`,
    );
  refuseBad(file, verdict);
}

/** Refuses an image that is not what was signed: whoever is trusted, it was changed or damaged. @throws {CommandError} */
export function refuseBad(file: string, verdict: Verdict): void {
  if (verdict.status === "bad")
    throw new CommandError(
      `${file} was changed after it was signed: the signature is not that of ${verdict.name ?? "its key"}, ${verdict.fingerprint}`,
    );
}

/** What is said of an image that runs although nobody was asked to vouch for it. */
export function warning(file: string, verdict: Verdict): string {
  const what = verdict.status === "unsigned" ? "is not signed" : "is signed, but nobody was asked to vouch for the key";
  return `${file} ${what}; --trust DIR runs only what a key in DIR has signed`;
}
