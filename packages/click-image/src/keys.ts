/**
 * Ed25519 keys as PEM files: private ones in PKCS#8, public ones as SubjectPublicKeyInfo, as `openssl genpkey -algorithm
 * ed25519` and `openssl pkey -pubout` write them (RFC 7468, RFC 8410). One key a file, not encrypted.
 *
 * A key's fingerprint is the SHA-256 of its SubjectPublicKeyInfo, in hexadecimal:
 * `openssl pkey -pubin -in me.pem -outform DER | openssl sha256`.
 */

/** SubjectPublicKeyInfo of an Ed25519 key, up to the key's 32 bytes; RFC 8410, section 4. */
const spkiPrefix = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
export const publicKeyBytes = 32;

/** The text is no key that can be used. */
export class KeyError extends Error {
  override readonly name = "KeyError";
  readonly code = "BAD_KEY";
}

/** Signs images. */
export interface SigningKey {
  /** Hexadecimal. */
  readonly fingerprint: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** 64 bytes. */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** Whose signatures are believed. */
export interface TrustedKey {
  /** Who signs with it; with a folder of keys, the file's name. */
  readonly name: string;
  /** Hexadecimal. */
  readonly fingerprint: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

/** Reads a private key. @throws {KeyError} */
export async function readSigningKey(pem: string): Promise<SigningKey> {
  const der = readPem(pem, "PRIVATE KEY");
  let key: CryptoKey;
  let publicKey: Uint8Array<ArrayBuffer>;
  try {
    key = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
    const { x = "" } = await crypto.subtle.exportKey("jwk", key);
    publicKey = fromBase64(x.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw new KeyError("not an Ed25519 private key");
  }
  return {
    fingerprint: await fingerprintOf(publicKey),
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, message)),
  };
}

/** Reads a public key; `name` says whose it is. @throws {KeyError} */
export async function readTrustedKey(name: string, pem: string): Promise<TrustedKey> {
  const der = readPem(pem, "PUBLIC KEY");
  if (der.length !== spkiPrefix.length + publicKeyBytes || !spkiPrefix.every((b, i) => b === der[i]))
    throw new KeyError("not an Ed25519 public key");
  const publicKey = der.slice(spkiPrefix.length);
  return { name, fingerprint: await fingerprintOf(publicKey), publicKey };
}

/** Whether a signature is this key's, for this message. */
export async function isSignedBy(
  publicKey: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    // Bytes that are no point of the curve.
    return false;
  }
}

export async function fingerprintOf(publicKey: Uint8Array): Promise<string> {
  const spki = Uint8Array.of(...spkiPrefix, ...publicKey);
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", spki)), (b) =>
    b.toString(16).padStart(2, "0"),
  ).join("");
}

const begin = "-----BEGIN ";
const dashes = "-----";

/** The bytes of the one block in a PEM text. */
function readPem(pem: string, label: "PRIVATE KEY" | "PUBLIC KEY"): Uint8Array<ArrayBuffer> {
  const start = pem.indexOf(begin);
  const labelEnd = pem.indexOf(dashes, start + begin.length);
  if (start < 0 || labelEnd < 0) throw new KeyError("not a PEM file: it has no -----BEGIN line");
  const found = pem.slice(start + begin.length, labelEnd);
  if (found !== label)
    throw new KeyError(
      found === "ENCRYPTED PRIVATE KEY"
        ? "the key is encrypted; openssl pkey -in FILE -out PLAIN decrypts it"
        : `a ${label} is wanted, the file has '${found.slice(0, 40)}'`,
    );
  const end = pem.indexOf(`-----END ${label}-----`, labelEnd);
  if (end < 0) throw new KeyError("the PEM file was cut off: it has no -----END line");
  if (pem.indexOf(begin, end) >= 0) throw new KeyError("the PEM file has more than one block");
  try {
    return fromBase64(pem.slice(labelEnd + dashes.length, end));
  } catch {
    throw new KeyError("the PEM file is not in base64");
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (ch) => ch.charCodeAt(0));
}
