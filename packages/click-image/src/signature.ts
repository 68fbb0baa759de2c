/**
 * Signatures of images: Ed25519 (RFC 8032), in a custom section `clickos.signature` behind the digest, the last of the
 * file.
 *
 *   image = module │ clickos.manifest │ clickos.sha256 │ clickos.signature: public key (32 bytes), signature (64 bytes)
 *
 * What is signed is a line that says that it is an image of this format, and every byte before the section. The section has
 * one form only, so there is one place where the signed part can end. The key in it is a claim: it says which of the
 * trusted keys to try.
 */
import { customSection } from "@clickos/codegen";
import { fingerprintOf, isSignedBy, publicKeyBytes, type SigningKey, type TrustedKey } from "./keys.ts";

const signatureBytes = 64;
const emptySection = customSection("clickos.signature", new Uint8Array(publicKeyBytes + signatureBytes));
const header = emptySection.subarray(0, emptySection.length - publicKeyBytes - signatureBytes);
const context = new TextEncoder().encode("clickos image signature 1\n");

/** An image's bytes without its signature section, and what is in that. */
export interface SplitImage {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly signature?: { readonly publicKey: Uint8Array<ArrayBuffer>; readonly bytes: Uint8Array<ArrayBuffer> };
}

/** Who signed an image, as far as can be said. */
export type Verdict =
  | { readonly status: "unsigned" }
  /** The signature is not that key's for these bytes: one or the other was changed. `name` is that of a trusted key. */
  | { readonly status: "bad"; readonly fingerprint: string; readonly name?: string }
  /** Whoever has this key signed it; it is none of the trusted ones. */
  | { readonly status: "unknown"; readonly fingerprint: string }
  | { readonly status: "trusted"; readonly fingerprint: string; readonly name: string };

/** Cuts the signature section off; an image without one is all body. */
export function splitImage(image: Uint8Array<ArrayBuffer>): SplitImage {
  const start = image.length - emptySection.length;
  if (start < 0 || !header.every((b, i) => b === image[start + i])) return { body: image };
  const keyAt = start + header.length;
  return {
    body: image.subarray(0, start),
    signature: {
      publicKey: image.slice(keyAt, keyAt + publicKeyBytes),
      bytes: image.slice(keyAt + publicKeyBytes),
    },
  };
}

/** The image with a signature; one that it has is replaced. Its digest stays as it is. The same key gives the same bytes. */
export async function signImage(image: Uint8Array<ArrayBuffer>, key: SigningKey): Promise<Uint8Array<ArrayBuffer>> {
  const { body } = splitImage(image);
  const signature = await key.sign(message(body));
  return concat(body, header, key.publicKey, signature);
}

/**
 * Says who signed an image. Nothing of it but the last section is looked at, so this can come before anything else is
 * done with bytes from elsewhere.
 */
export async function verifyImage(
  image: Uint8Array<ArrayBuffer>,
  trusted: readonly TrustedKey[] = [],
): Promise<Verdict> {
  const { body, signature } = splitImage(image);
  if (!signature) return { status: "unsigned" };
  const fingerprint = await fingerprintOf(signature.publicKey);
  const known = trusted.find((key) => key.fingerprint === fingerprint);
  // With the trusted key itself, not with the image's.
  const publicKey = known?.publicKey ?? signature.publicKey;
  if (!(await isSignedBy(publicKey, signature.bytes, message(body))))
    return { status: "bad", fingerprint, ...(known ? { name: known.name } : {}) };
  return known ? { status: "trusted", fingerprint, name: known.name } : { status: "unknown", fingerprint };
}

function message(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(context, body);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
