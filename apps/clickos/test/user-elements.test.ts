/** Element classes of the user's: loaded from files, in images, explained; what is wrong with them; and the files to begin with. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Router } from "@clickos/click-core";
import { elements as library } from "@clickos/click-elements";
import { compareCode, imageCode, linkImage } from "@clickos/click-image";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { bootImage } from "../src/boot.ts";
import { failureText } from "../src/failure.ts";
import { differenceText, diffImages } from "../src/image-diff.ts";
import { newElement } from "../src/new-element.ts";
import { checkSource } from "../src/tools.ts";
import { withUserElements } from "../src/user-elements.ts";

const dir = mkdtempSync(join(tmpdir(), "clickos-elements-"));
const at = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));
const put = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

const text = `/**
 * Long([MIN]) — sends long packets to output 1.
 *
 *   l :: Long(100)
 */
import { type ArgumentType } from "@clickos/click-core/element";
import { arg, element, positional } from "@clickos/click-core";
import { u64 } from "@clickos/layout";
import { etherTypes, ethernet } from "@clickos/wire/ethernet";
import { span } from "@clickos/wire";
import { least } from "./least.ts";

const size: ArgumentType<number> = arg.u32;
export const Long = element({
  name: "Long",
  ports: "1/1-2",
  processing: "a/ah",
  config: { MIN: positional(size, least) },
  state: { long: u64, ip: u64 },
  handlers: { long: { counter: "long" }, of_ip: { read: (s) => String(s.ip) } },
  action(c, packet, { config, state, output }) {
    const { etherType } = span(c, packet.data, packet.length).header(ethernet, () => packet.drop("short"));
    c.if(etherType.get().eq(etherTypes.ip), () => state.ip.inc());
    c.if(packet.length.geU(config.MIN), () => {
      state.long.inc();
      output(1).push(packet, "long");
    });
  },
});
`;
const configuration = "FromDevice(0) -> l :: Long(100) -> ToDevice(1); l [1] -> c :: Counter -> ToDevice(1);";
let file: string;
beforeAll(() => {
  put("least.ts", "export const least: number = 1000;\n");
  file = put("my.ts", text);
});
const load = (...files: string[]): ReturnType<typeof withUserElements> => withUserElements(library, files);
/** What is said of a file that cannot be taken. */
const refused = async (name: string, content: string): Promise<string> => {
  const path = put(name, content);
  const told = await load(path).then(
    () => "taken",
    (e) => failureText(e) ?? `a defect: ${e}`,
  );
  return told.replaceAll(path, name).replaceAll(`${dir}/`, "");
};

describe("classes of a file", () => {
  it("run in process, beside the library's", async () => {
    const { elements } = await load(file);
    const router = await Router.compile(configuration, { elements });
    const ip = new Uint8Array(60);
    ip.set([8, 0], 12);
    router.device(0).send([ip, new Uint8Array(100), new Uint8Array(5)]);
    router.run();
    expect(
      router
        .device(1)
        .receive()
        .map((f) => f.length),
    ).toEqual([60, 100]);
    expect([router.read("l.long"), router.read("l.of_ip"), router.read("c.count")]).toEqual(["1", "1", "1"]);
    expect(router.drops()).toEqual([{ element: "l", reason: "short", count: 1 }]);
    router.close();
  });

  it("are in images, which run where the classes are not, but for handlers that need their code", async () => {
    const { elements } = await load(file);
    const image = await linkImage({ file: "t.click", text: configuration }, { elements, name: "t" });
    expect(compareCode(image, elements)).toEqual({ code: "same" });
    expect(compareCode(image, library)).toEqual({ code: "other library", classes: ["Long"] });
    const capture = createCapture(at("in.pcap"));
    for (const size of [60, 100, 1000]) capture.write(new Uint8Array(size), 0n);
    capture.close();
    const read: unknown[] = [];
    const sizes = async (): Promise<number[]> => {
      await bootImage(image.bytes, {
        elements: library,
        trusted: true,
        nics: new Map([
          [0, { input: at("in.pcap") }],
          [1, { output: at("out.pcap") }],
        ]),
        onBoot(vm) {
          read.push(vm.read("l.long"), vm.read("c.count"));
          expect(() => vm.read("l.of_ip")).toThrow(
            /^l\.of_ip: it needs the code of Long, and the image 't' was built with another/,
          );
        },
      });
      const reader = openCapture(at("out.pcap"));
      const list: number[] = [];
      for (let f = reader.next(); f; f = reader.next()) list.push(f.data.length);
      reader.close();
      return list;
    };
    expect(await sizes()).toEqual([60, 100, 1000]);
    expect(read).toEqual(["0", "0"]);
  });

  it("are known to what checks", async () => {
    const { elements } = await load(file);
    expect(checkSource({ file: "t", text: configuration }, elements, new Map())).toEqual([]);
    expect(checkSource({ file: "t", text: configuration }, library, new Map())).toMatchObject([
      { message: "unknown element class 'Long'" },
    ]);
  });

  it("come from packages, and from several files", async () => {
    mkdirSync(at("node_modules/own-elements"), { recursive: true });
    put(
      "node_modules/own-elements/package.json",
      '{ "name": "own-elements", "type": "module", "exports": { "import": "./index.js" } }',
    );
    put(
      "node_modules/own-elements/index.js",
      'import { element, elementSet } from "@clickos/click-core";\nconst Own = element({ name: "Own", aliases: ["Mine"], ports: "1/1", processing: "a/a", action() {} });\nexport default elementSet(Own);\n',
    );
    put("package.ts", 'export { default } from "own-elements";\n');
    const { elements } = await load(file, at("package.ts"), file);
    expect(Object.keys(elements).filter((name) => !Object.hasOwn(library, name))).toEqual(["Long", "Own", "Mine"]);
    await expect(load("own-elements-that-nobody-has")).rejects.toThrow(
      "own-elements-that-nobody-has: there is no such file, and no package of that name is installed here",
    );
    await expect(load("./none.ts")).rejects.toThrow("./none.ts: there is no such file");
  });

  it("that are wrong are told with their places", async () => {
    expect(await refused("syntax.ts", "export const x = {\n  a = 1,\n  b: };\n")).toMatch(
      /^(clickos: )?\S*syntax\.ts:3:6: .*\n {6}b: };\n {9}\^/,
    );
    expect(await refused("import.ts", 'import { createSwitch } from "@clickos/vale";\ncreateSwitch();\n')).toMatch(
      /^clickos: import\.ts imports @clickos\/vale; of ClickOS, elements may import @clickos\/click-core, /,
    );
    expect(await refused("none.ts", "export const x = 1;\n")).toMatch(/^clickos: none\.ts exports no element/);
    expect(await refused("Counter.ts", text.replaceAll("Long", "Counter"))).toBe(
      "clickos: Counter.ts: Counter is an element of the library; give yours another name",
    );
  });
});

describe("what an image is made of", () => {
  it("by element, and as text", async () => {
    const { elements } = await load(file);
    const { manifest, bytes } = await linkImage({ file: "t.click", text: configuration }, { elements, name: "t" });
    const code = imageCode(manifest, elements);
    const sizes = Object.fromEntries(code.elements.map((e) => [e.name, e.bytes]));
    expect(sizes.l).toBeGreaterThan(30);
    expect(sizes.c).toBeGreaterThan(20);
    expect(code.elements.reduce((sum, e) => sum + e.bytes, 0)).toBeLessThan(bytes.length);
    expect(code.text).toMatch(/block \w+ of l \{/);
  });

  it("is compared", async () => {
    const image = (text: string) => linkImage({ file: "t.click", text }, { elements: library, name: "t" });
    const [a, b] = await Promise.all([
      image("FromDevice(0) -> q :: Queue(5) -> ToDevice(0); Idle -> Discard;"),
      image("FromDevice(0) -> Counter -> q :: Queue(6) -> ToDevice(0); Idle -> Discard;"),
    ]);
    const difference = diffImages(a, b, library);
    expect(difference).toMatchObject({ same: false, classes: [] });
    expect(differenceText(difference).split("\n")).toEqual(
      expect.arrayContaining([
        "- q :: Queue(5)",
        "+ q :: Queue(6)",
        "+ Counter",
        "- FromDevice(0) [0] -> [0] q",
        "+ FromDevice(0) [0] -> [0] Counter",
        "+ Counter [0] -> [0] q",
        expect.stringMatching(/^packet buffers +\d+ +→ +\d+ +\+1$/),
        expect.stringMatching(/^code of Counter, bytes +0 +→ +\d+ +\+\d+$/),
      ]),
    );
    expect(differenceText(difference)).not.toMatch(/Discard|ToDevice\(0\) \[/);
    expect(differenceText(diffImages(a, a, library))).toBe("the images are the same");
  });
});

describe("commands", () => {
  const run = (program: string, ...words: string[]): { status: number | null; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
      cwd: dir,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    return { status, stdout, stderr };
  };
  const bin = (name: string): string => fileURLToPath(new URL(`../bin/${name}`, import.meta.url));
  beforeAll(() =>
    needsBuild(new URL("../dist/click.cjs", import.meta.url), new URL("../dist/clickos.cjs", import.meta.url)),
  );

  it("click takes them", () => {
    const source = "InfiniteSource(LENGTH 200, LIMIT 5, STOP true) -> l :: Long(100) -> Discard";
    expect(run(bin("click.cjs"), "--elements", "./my.ts", "-e", source, "-h", "l.long")).toEqual({
      status: 0,
      stdout: "5\n",
      stderr: "",
    });
    expect(run(bin("click.cjs"), "-e", source)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("unknown element class 'Long'"),
    });
  });

  it("mistakes in their code have their places", () => {
    put("lost.ts", text.replace('output(1).push(packet, "long");', "output(1).push(packet); packet.kill();"));
    expect(
      run(bin("click.cjs"), "--elements", "./lost.ts", "-e", "InfiniteSource(LIMIT 1, STOP true) -> Long -> Discard"),
    ).toEqual({
      status: 1,
      stdout: "",
      stderr: `click: Long ('Long@2'): a packet is killed after it was killed (at ${at("lost.ts")}:26:38)\n`,
    });
    put("throws.ts", "\n\nconst a: any = undefined;\na.b.c();\n");
    expect(run(bin("clickos.js"), "check", "-", "--elements", "throws.ts")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^clickos: throws\.ts cannot be loaded: TypeError: [\s\S]*throws\.ts:4:3/),
    });
  });

  it("explain shows their manual pages", () => {
    const { status, stdout } = run(bin("clickos.js"), "explain", "Long", "--elements", "./my.ts");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Long\(\[MIN\]\) — sends long[\s\S]* {2}category +yours\n[\s\S]*by default 1000/);
  });

  it("a new element works: its test and its types", { timeout: 60_000 }, () => {
    const made = newElement("LongPackets", at("new"), library, "0.1.0");
    expect(made.map((path) => path.slice(dir.length))).toEqual(
      ["package.json", "tsconfig.json", "LongPackets.ts", "LongPackets.test.ts"].map((name) => `/new/${name}`),
    );
    symlinkSync(fileURLToPath(new URL("../../../node_modules", import.meta.url)), at("new/node_modules"));
    const tool = (path: string): string => fileURLToPath(new URL(`../../../node_modules/${path}`, import.meta.url));
    const tested = run(tool("vitest/vitest.mjs"), "run", "--root", at("new"));
    expect(tested.stdout + tested.stderr).toMatch(/2 passed/);
    expect(run(tool("typescript/bin/tsc"), "-p", at("new"))).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(() => newElement("LongPackets", at("new"), library, "0.1.0")).toThrow("LongPackets.ts is there already");
    expect(() => newElement("Counter", at("new"), library, "0.1.0")).toThrow("there is an element Counter");
    expect(() => newElement("../x", at("new"), library, "0.1.0")).toThrow("is no name for an element class");
    // A second one goes beside it.
    expect(newElement("Other", at("new"), library, "0.1.0").length).toBe(2);
  });
});
