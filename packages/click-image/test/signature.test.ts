import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements";
import {
  ImageError,
  KeyError,
  linkImage,
  loadImage,
  readSigningKey,
  readTrustedKey,
  type SigningKey,
  signImage,
  type TrustedKey,
  verifyImage,
} from "@clickos/click-image";
import { customSection } from "@clickos/codegen";
import { beforeAll, describe, expect, it } from "vitest";

/** The key pairs of RFC 8032, section 7.1, test 1, and of RFC 8410, section 10. */
const rfc8032 = {
  private: "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g",
  public: "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
};
const rfc8410 = {
  private: "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC",
  public: "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
};
const pem = (label: string, base64: string): string => `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
const privatePem = (base64: string): string => pem("PRIVATE KEY", base64);
const publicPem = (base64: string): string => pem("PUBLIC KEY", base64);

type Bytes = Uint8Array<ArrayBuffer>;
const flipped = (bytes: Bytes, at: number, bit = 1): Bytes => {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ bit;
  return copy;
};

let plain: Bytes;
let digest: string;
let other: Bytes;
let me: SigningKey;
let you: SigningKey;
let trusted: TrustedKey[];
let mine: Bytes;
beforeAll(async () => {
  const link = (text: string): ReturnType<typeof linkImage> => linkImage({ file: "f", text }, { elements, name: "f" });
  ({ bytes: plain, contentSha256: digest } = await link("FromDevice(0) -> Counter -> ToDevice(1);"));
  ({ bytes: other } = await link("FromDevice(0) -> ToDevice(1);"));
  me = await readSigningKey(privatePem(rfc8032.private));
  you = await readSigningKey(privatePem(rfc8410.private));
  trusted = [await readTrustedKey("me", publicPem(rfc8032.public))];
  mine = await signImage(plain, me);
});
const mySection = (): Bytes => mine.slice(plain.length);
const join2 = (...parts: Bytes[]): Bytes => new Uint8Array(Buffer.concat(parts));

describe("a signed image", () => {
  it("says who signed it, by name when the key is trusted", async () => {
    expect(await verifyImage(mine, trusted)).toEqual({
      status: "trusted",
      name: "me",
      fingerprint: me.fingerprint,
    });
    expect(await verifyImage(mine)).toEqual({ status: "unknown", fingerprint: me.fingerprint });
    expect(await verifyImage(await signImage(plain, you), trusted)).toEqual({
      status: "unknown",
      fingerprint: you.fingerprint,
    });
    expect(await verifyImage(plain, trusted)).toEqual({ status: "unsigned" });
  });

  it("is the same image: what it holds, its digest, and the code", async () => {
    const image = await loadImage(mine);
    expect(image.contentSha256).toBe(digest);
    expect(image.manifest).toEqual((await loadImage(plain)).manifest);
    expect(mine.subarray(0, plain.length)).toEqual(plain);
    expect(WebAssembly.validate(mine)).toBe(true);
  });

  it("is signed anew, not twice, and the same key gives the same bytes", async () => {
    expect(await signImage(mine, me)).toEqual(mine);
    const again = await signImage(mine, you);
    expect(again.length).toBe(mine.length);
    expect(await verifyImage(again, trusted)).toMatchObject({ status: "unknown", fingerprint: you.fingerprint });
  });

  it("is what every bit of it says: one that is changed is not what was signed", async () => {
    // Each byte of the signature section, and some of the rest, the first and last among them.
    for (let at = 0; at < mine.length; at += at < plain.length - 40 ? 97 : 1) {
      const verdict = await verifyImage(flipped(mine, at, 1 << (at & 7)), trusted);
      expect([at, verdict.status]).not.toEqual([at, "trusted"]);
      expect([at, verdict.status]).not.toEqual([at, "unknown"]);
    }
    expect(await verifyImage(flipped(mine, 100), trusted)).toMatchObject({ status: "bad", name: "me" });
  });

  it("has its own signature, at its end, once", async () => {
    const bad = { status: "bad" };
    expect(await verifyImage(join2(other, mySection()), trusted)).toMatchObject(bad);
    expect(await verifyImage(join2(mine, mySection()), trusted)).toMatchObject(bad);
    expect(await verifyImage(join2(await signImage(plain, you), mySection()), trusted)).toMatchObject(bad);
    expect(await verifyImage(Uint8Array.of(...mine, 0), trusted)).toEqual({ status: "unsigned" });
    expect(await verifyImage(mine.slice(0, -1), trusted)).toEqual({ status: "unsigned" });
    // A signature of mine over anything else than an image is no image's.
    const raw = customSection("clickos.signature", join2(me.publicKey, await me.sign(plain)));
    expect(await verifyImage(join2(plain, raw), trusted)).toMatchObject(bad);
    for (const bytes of [join2(mine, mySection()), Uint8Array.of(...mine, 0), mine.slice(0, -1)])
      await expect(loadImage(bytes)).rejects.toBeInstanceOf(ImageError);
    // The signature in front of the digest, and another form of the same section.
    const at = plain.length - 49;
    await expect(loadImage(join2(plain.slice(0, at), mySection(), plain.slice(at)))).rejects.toBeInstanceOf(ImageError);
    const long = mySection();
    const longer = Uint8Array.of(0, (long[1] as number) | 0x80, 0, ...long.subarray(2));
    expect(await verifyImage(join2(plain, longer), trusted)).toEqual({ status: "unsigned" });
    await expect(loadImage(join2(plain, longer))).rejects.toBeInstanceOf(ImageError);
  });

  it("is not by a trusted key because it says so", async () => {
    const section = await signImage(plain, you).then((bytes) => bytes.slice(plain.length));
    section.set(me.publicKey, section.length - 96);
    expect(await verifyImage(join2(plain, section), trusted)).toEqual({
      status: "bad",
      fingerprint: me.fingerprint,
      name: "me",
    });
    // Bytes that are no key at all.
    section.fill(0xff, section.length - 96);
    expect(await verifyImage(join2(plain, section), trusted)).toMatchObject({ status: "bad" });
  });

  it("is nothing that short files can be", async () => {
    for (let length = 0; length < mySection().length; length += 5)
      expect(await verifyImage(new Uint8Array(length), trusted)).toEqual({ status: "unsigned" });
    expect(await verifyImage(mySection(), trusted)).toMatchObject({ status: "bad" });
  });
});

describe("key files", () => {
  it("are read as the RFCs print them", () => {
    expect(Buffer.from(me.publicKey).toString("hex")).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
    expect([...you.publicKey]).toEqual([...Buffer.from(rfc8410.public, "base64").subarray(12)]);
    expect(trusted[0]?.fingerprint).toBe(me.fingerprint);
  });

  it("sign as RFC 8032 says: the signature of the empty message", async () => {
    expect(Buffer.from(await me.sign(new Uint8Array())).toString("hex")).toBe(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
  });

  it("that hold anything else are refused, and why is said", async () => {
    // A P-256 key, which is valid.
    const p256 =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
    const block = publicPem(rfc8032.public);
    for (const [text, message] of [
      ["", "not a PEM file"],
      ["hello", "not a PEM file"],
      ["-----BEGIN PUBLIC KEY", "not a PEM file"],
      ["-----BEGIN PUBLIC KEY-----\nMCow", "cut off"],
      [privatePem(rfc8032.private), "a PUBLIC KEY is wanted, the file has 'PRIVATE KEY'"],
      [pem("CERTIFICATE", "AAAA"), "the file has 'CERTIFICATE'"],
      [block + block, "more than one"],
      [publicPem("!!!!"), "not in base64"],
      [publicPem(""), "not an Ed25519 public key"],
      [publicPem(rfc8032.public.slice(0, -4)), "not an Ed25519 public key"],
      [publicPem(p256), "not an Ed25519 public key"],
      // X25519, RFC 8410, which differs in one bit of its identifier.
      [publicPem(rfc8032.public.replace("K2Vw", "K2Vu")), "not an Ed25519 public key"],
    ] as const) {
      const failure = await readTrustedKey("x", text).catch((e: unknown) => e);
      expect(failure).toBeInstanceOf(KeyError);
      expect((failure as KeyError).message).toContain(message);
    }
    for (const [text, message] of [
      [block, "a PRIVATE KEY is wanted, the file has 'PUBLIC KEY'"],
      [pem("ENCRYPTED PRIVATE KEY", "AAAA"), "encrypted"],
      [privatePem("AAAA"), "not an Ed25519 private key"],
      [privatePem(rfc8032.private.replace("K2Vw", "K2Vu")), "not an Ed25519 private key"],
    ] as const) {
      const failure = await readSigningKey(text).catch((e: unknown) => e);
      expect(failure).toBeInstanceOf(KeyError);
      expect((failure as KeyError).message).toContain(message);
    }
  });

  it("may have text around the key, and lines that end as on Windows", async () => {
    const text = `my key\n\n${publicPem(rfc8032.public)}\n`.replaceAll("\n", "\r\n");
    expect((await readTrustedKey("me", text)).fingerprint).toBe(me.fingerprint);
  });

  const openssl = spawnSync("openssl", ["genpkey", "-algorithm", "ed25519"], { encoding: "utf8" });
  const skip = openssl.status !== 0;
  it.skipIf(skip)(`are OpenSSL's${skip ? " (skipped: no openssl with Ed25519 here)" : ""}`, async () => {
    const run = (...args: string[]): Buffer => {
      const { status, stdout, stderr } = spawnSync("openssl", args, { input: openssl.stdout });
      if (status !== 0) throw new Error(String(stderr));
      return stdout;
    };
    const key = await readSigningKey(openssl.stdout);
    const trust = await readTrustedKey("ssl", run("pkey", "-pubout").toString());
    const signed = await signImage(plain, key);
    expect(await verifyImage(signed, [...trusted, trust])).toMatchObject({ status: "trusted", name: "ssl" });
    const spki = run("pkey", "-pubout", "-outform", "DER");
    expect(Buffer.from(await crypto.subtle.digest("SHA-256", new Uint8Array(spki))).toString("hex")).toBe(
      key.fingerprint,
    );
    // OpenSSL verifies what was signed, and signs what is verified: Ed25519 has one signature a key and message.
    const dir = mkdtempSync(join(tmpdir(), "clickos-openssl-"));
    try {
      writeFileSync(join(dir, "key.pem"), openssl.stdout);
      writeFileSync(join(dir, "message"), Buffer.concat([Buffer.from("clickos image signature 1\n"), plain]));
      const file = (name: string): string => join(dir, name);
      run("pkeyutl", "-sign", "-rawin", "-inkey", file("key.pem"), "-in", file("message"), "-out", file("sig"));
      expect(new Uint8Array(readFileSync(file("sig")))).toEqual(signed.slice(-64));
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
