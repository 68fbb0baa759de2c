/** The same configuration in native Click and here, in simulated time. */
import { spawnSync } from "node:child_process";
import { drive, Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";

/** The path of native Click's program, in the environment of those who have it. */
export const { CLICK } = process.env;

export interface Said {
  /** What scripts print. */
  readonly output: string;
  readonly chatter: string;
}

/** What native Click says; a configuration has to stop by itself. `undefined` where it failed an assertion of its own. */
export function native(text: string): Said | undefined {
  const { stdout, stderr, status } = spawnSync(CLICK as string, ["--simtime", "-e", text], {
    encoding: "latin1",
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: 1 << 26,
    timeout: 60_000,
  });
  if (/: Assertion `/.test(stderr)) return undefined;
  if (status !== 0) throw new Error(`native Click ended with ${status}: ${stderr.slice(0, 2000)}\n${text}`);
  return { output: stdout, chatter: stderr };
}

export async function ours(text: string): Promise<Said> {
  const said = { output: "", chatter: "" };
  using router = await Router.compile(text, {
    elements,
    // Click's simulated time begins in 2001.
    simulation: 1_000_000_000n * 1_000_000_000n,
    chatter: (line) => {
      said.chatter += line;
    },
    output: (line) => {
      said.output += line;
    },
  });
  await drive(router);
  return said;
}

/** Bytes as configurations have them. */
export const hex = (bytes: Uint8Array): string =>
  `\\<${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}>`;

/** Packets that come one at a time to an element: a source for each, and a script that has them send. */
export function packetScript(
  packets: readonly {
    readonly bytes: Uint8Array;
    readonly to: string;
    readonly wait: number;
    readonly then?: string;
  }[],
): string {
  const sources = packets.map(
    ({ bytes, to }, i) => `s${i} :: InfiniteSource(DATA ${hex(bytes)}, LIMIT 1, BURST 1, ACTIVE false) -> ${to};\n`,
  );
  const steps = packets.flatMap(({ wait, then }, i) => [
    `write s${i}.active true`,
    `wait ${wait}`,
    ...(then === undefined ? [] : [then]),
  ]);
  return `${sources.join("")}Script(${steps.join(", ")}, stop);`;
}
