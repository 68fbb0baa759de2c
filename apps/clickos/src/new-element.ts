/** The files of a fresh element: its class, a test, and a package for the two where there is none yet. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ElementSet } from "@clickos/click-core/element";
import { CommandError } from "./failure.ts";
import { writeBytes } from "./files.ts";

/** Writes them into a folder; their names. @throws {CommandError} before anything is written. */
export function newElement(name: string, folder: string, library: ElementSet, version: string): string[] {
  if (!/^[A-Z]\w*$/.test(name))
    throw new CommandError(
      `'${name}' is no name for an element class: letters and digits, a capital first, as LongPackets`,
    );
  if (Object.hasOwn(library, name))
    throw new CommandError(`there is an element ${name} in the library; give yours another name`);
  const own = { [`${name}.ts`]: elementText(name), [`${name}.test.ts`]: testText(name) };
  const taken = Object.keys(own).find((file) => existsSync(join(folder, file)));
  if (taken !== undefined) throw new CommandError(`${join(folder, taken)} is there already`);
  mkdirSync(folder, { recursive: true });
  const around = { "package.json": packageText(name, version), "tsconfig.json": tsconfigText };
  const files = Object.entries({ ...around, ...own }).filter(([file]) => !existsSync(join(folder, file)));
  for (const [file, text] of files) writeBytes(join(folder, file), new TextEncoder().encode(text));
  return files.map(([file]) => join(folder, file));
}

const elementText = (name: string): string => `/**
 * ${name}([MAX]) — sends packets of more than MAX bytes to output 1, or drops them where that is not connected.
 *
 * MAX is 1500 by default, and can be changed while the router runs.
 *
 * Handlers: long (read), max (read, write).
 *
 *   ... -> n :: ${name}(1500) -> ...; n [1] -> Discard
 */
import { arg, element, live, positional } from "@clickos/click-core";
import { u64 } from "@clickos/layout";

export const ${name} = element({
  name: "${name}",
  // One input; one output or two.
  ports: "1/1-2",
  // Input and output 0 are push or pull, as what they are connected to; output 1 is push.
  processing: "a/ah",
  // Arguments, by their keywords. A live one has a handler, and a field of the state.
  config: { MAX: positional(live(arg.u32), 1500) },
  // What lies in the router's memory.
  state: { long: u64 },
  handlers: { long: { counter: "long" } },
  // Runs when a configuration is compiled, and leaves code for each packet. What is in hand at the end goes to output 0.
  action(c, packet, { state, output }) {
    c.if(packet.length.gtU(state.max.get()), () => {
      state.long.inc();
      output(1).push(packet, "too long");
    });
  },
});
`;

/** An import's end: what is imported here is not imported by this file. */
const from = (module: string): string => `from "${module}"`;

const testText = (name: string): string => `import { elementSet, Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { expect, it } ${from("vitest")};
import { ${name} } from "./${name}.ts";

const compile = (text: string): Promise<Router> =>
  Router.compile(text, { elements: { ...elements, ...elementSet(${name}) } });

it("sends long packets to output 1", async () => {
  const router = await compile(
    "FromDevice(0) -> n :: ${name}(100) -> ToDevice(0); n [1] -> ToDevice(1);",
  );
  router.device(0).send([new Uint8Array(100), new Uint8Array(101)]);
  router.run();
  expect(router.device(0).receive().map((frame) => frame.length)).toEqual([100]);
  expect(router.device(1).receive().map((frame) => frame.length)).toEqual([101]);
  expect(router.read("n.long")).toBe("1");
});

it("has another limit while it runs, and counts what it drops", async () => {
  const router = await compile("FromDevice(0) -> n :: ${name} -> ToDevice(0)");
  router.write("n.max", "60");
  router.device(0).send([new Uint8Array(60), new Uint8Array(61)]);
  router.run();
  expect(router.device(0).receive().length).toBe(1);
  expect(router.drops()).toEqual([{ element: "n", reason: "too long", count: 1 }]);
});
`;

const packageText = (name: string, version: string): string =>
  `${JSON.stringify(
    {
      name: name.replace(/(?<=[a-z0-9])[A-Z]/g, "-$&").toLowerCase(),
      version: "0.1.0",
      type: "module",
      exports: `./${name}.ts`,
      scripts: { test: "vitest run", typecheck: "tsc --noEmit" },
      devDependencies: {
        "@clickos/click-core": `^${version}`,
        "@clickos/click-elements": `^${version}`,
        "@clickos/layout": `^${version}`,
        "@clickos/wire": `^${version}`,
        "@types/node": "^20.19.0",
        clickos: `^${version}`,
        typescript: "~5.9.3",
        vitest: "^4.1.0",
      },
    },
    null,
    2,
  )}\n`;

const tsconfigText = `${JSON.stringify(
  {
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2023", "ESNext.Disposable", "DOM"],
      module: "ESNext",
      moduleResolution: "Bundler",
      types: ["node"],
      strict: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noEmit: true,
    },
    include: ["*.ts"],
  },
  null,
  2,
)}\n`;
