/** Signed images: what the commands sign, run and refuse. Real commands. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";

const app = fileURLToPath(new URL("..", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "clickos-trust-"));
const at = (name: string): string => join(dir, name);
beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));
afterAll(() => rmSync(dir, { recursive: true }));

function clickos(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(app, "bin/clickos.js"), ...args], {
    encoding: "utf8",
    cwd: dir,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
}
const done = { status: 0, stderr: "" };
const privateKey = { type: "pkcs8", format: "pem" } as const;
const publicKey = { type: "spki", format: "pem" } as const;

describe("signed images", () => {
  beforeAll(() => {
    mkdirSync(at("trust"));
    for (const name of ["ann", "bob"]) {
      const pair = generateKeyPairSync("ed25519");
      writeFileSync(at(`${name}.key`), pair.privateKey.export(privateKey));
      writeFileSync(at(`${name}.pem`), pair.publicKey.export(publicKey));
    }
    writeFileSync(at("trust/ann.pem"), readFileSync(at("ann.pem")));
    writeFileSync(at("trust/README"), "Keys of those whose images run here.\n");
    writeFileSync(at("fw.click"), "FromDevice(0) -> Counter -> ToDevice(1);\n");
    expect(clickos("build", "fw.click", "-o", "plain.cos")).toMatchObject(done);
    for (const name of ["ann", "bob"])
      expect(clickos("build", "fw.click", "-o", `${name}.cos`, "--sign", `${name}.key`)).toMatchObject(done);
    const changed = readFileSync(at("ann.cos"));
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    writeFileSync(at("changed.cos"), changed);
  });

  it("have the digest of unsigned ones, and the same bytes each time", () => {
    const [a, b] = ["x.cos", "y.cos"].map((name) =>
      JSON.parse(clickos("build", "fw.click", "-o", name, "--sign", "ann.key", "--json").stdout),
    );
    const plain = JSON.parse(clickos("inspect", "plain.cos", "--json").stdout);
    expect([a.contentSha256, b.contentSha256]).toEqual([plain.contentSha256, plain.contentSha256]);
    expect(readFileSync(at("x.cos"))).toEqual(readFileSync(at("y.cos")));
    expect(readFileSync(at("x.cos")).subarray(0, plain.bytes)).toEqual(readFileSync(at("plain.cos")));
  });

  it("boot --trust runs what a trusted key has signed, and refuses the rest before it runs", () => {
    expect(clickos("boot", "ann.cos", "--trust", "trust")).toMatchObject(done);
    for (const [image, message] of [
      ["plain.cos", "plain.cos is not signed, and only what a key in trust has signed is to run"],
      ["bob.cos", "bob.cos is signed by a key that is not in trust, "],
      ["changed.cos", "changed.cos was changed after it was signed: the signature is not that of ann, "],
    ] as const) {
      const { status, stdout, stderr } = clickos("boot", image, "--trust", "trust", "--nic", "1=out.pcap");
      expect([image, status, stdout]).toEqual([image, 1, ""]);
      expect(stderr).toContain(`clickos: ${message}`);
      expect(stderr.trimEnd().split("\n").length).toBe(1);
      expect(existsSync(at("out.pcap"))).toBe(false);
    }
  });

  it("boot without --trust runs them all, and says so in one line, but for one that was changed", () => {
    for (const [image, message] of [
      ["plain.cos", "is not signed"],
      ["bob.cos", "is signed, but nobody was asked to vouch for the key"],
    ])
      expect(clickos("boot", image as string)).toMatchObject({
        status: 0,
        stderr: `clickos: ${image} ${message}; --trust DIR runs only what a key in DIR has signed\n`,
      });
    expect(clickos("boot", "changed.cos")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("changed.cos was changed after it was signed"),
    });
  });

  it("inspect says who signed", () => {
    const fingerprint = JSON.parse(clickos("inspect", "ann.cos", "--json").stdout).signature.fingerprint;
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    for (const [args, line] of [
      [["ann.cos", "--trust", "trust"], `by ann, trusted, key ${fingerprint}`],
      [["ann.cos"], `by a key that nothing here vouches for, ${fingerprint}`],
      [["bob.cos", "--trust", "trust"], "by a key that nothing here vouches for, "],
      [["plain.cos", "--trust", "trust"], "none: anybody may have made this image"],
    ] as const) {
      const { status, stdout } = clickos("inspect", ...args);
      expect([args, status]).toEqual([args, 0]);
      expect(stdout).toContain(`\nsignature      ${line}`);
    }
    expect(clickos("inspect", "changed.cos", "--trust", "trust")).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("BAD: not what ann signed"),
    });
    expect(JSON.parse(clickos("inspect", "ann.cos", "--json", "--trust", "trust").stdout).signature).toEqual({
      status: "trusted",
      name: "ann",
      fingerprint,
    });
  });

  it("keys that cannot be used are named", () => {
    mkdirSync(at("mixed"));
    writeFileSync(at("mixed/ann.pem"), readFileSync(at("ann.pem")));
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export(publicKey);
    mkdirSync(at("none"));
    for (const [content, message] of [
      [rsa, "not an Ed25519 public key"],
      ["hello\n", "not a PEM file"],
      [readFileSync(at("bob.key")), "a PUBLIC KEY is wanted"],
    ] as const) {
      writeFileSync(at("mixed/carol.pem"), content);
      for (const verb of ["boot", "inspect"]) {
        const { status, stderr } = clickos(verb, "ann.cos", "--trust", "mixed");
        expect(status).toBe(1);
        expect(stderr).toContain(`clickos: mixed/carol.pem: ${message}`);
      }
    }
    for (const [args, message] of [
      [["boot", "ann.cos", "--trust", "none"], "none holds no public key"],
      [["boot", "ann.cos", "--trust", "absent"], "cannot read absent: No such file or directory"],
      [["build", "fw.click", "-o", "z.cos", "--sign", "ann.pem"], "ann.pem: a PRIVATE KEY is wanted"],
      [["build", "fw.click", "-o", "z.cos", "--sign", "absent"], "cannot read absent: No such file or directory"],
      [["build", "fw.click", "-o", "ann.key", "--sign", "ann.key"], "ann.key"],
    ] as const) {
      const { status, stderr } = clickos(...args);
      expect([args, status]).toEqual([args, 1]);
      expect(stderr).toContain(`clickos: ${message}`);
    }
    expect(existsSync(at("z.cos"))).toBe(false);
    expect(readFileSync(at("ann.key"), "utf8")).toContain("PRIVATE KEY");
  });
});
