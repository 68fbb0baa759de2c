/** Commands over a daemon of their own, as a user types them; and what is there after `kill -9`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@clickos/client/node";
import { createCapture } from "@clickos/pcap/node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { needsBuild } from "../../../test/built.ts";

const app = fileURLToPath(new URL("..", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "clickos-commands-"));
const env = { ...process.env, NO_COLOR: "1", CLICKOS_RUNTIME: join(dir, "run"), CLICKOS_STATE: join(dir, "state") };
const frames = 100;
/** Three dozen processes, one after another. */
vi.setConfig({ testTimeout: 120_000 });

function clickos(...words: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(app, "bin/clickos.js"), ...words], {
    cwd: dir,
    env,
    encoding: "utf8",
    timeout: 25_000,
  });
  return { status, out: stdout, err: stderr };
}
/** What a command prints that succeeds. */
function done(...words: string[]): string {
  const { status, out, err } = clickos(...words);
  expect([words.join(" "), status, err]).toEqual([words.join(" "), 0, ""]);
  return out;
}
/** Waits for a counter, without a command each time. */
async function counted(domain: string, wanted: number): Promise<void> {
  const client = await connect(join(env.CLICKOS_RUNTIME, "clickos.sock"));
  while ((await client.call("handler.read", { domain, path: "c.count" })) !== String(wanted))
    await new Promise((resolve) => setTimeout(resolve, 10));
  client.close();
}

beforeAll(() => {
  needsBuild(new URL("../dist/clickos.cjs", import.meta.url));
  writeFileSync(
    join(dir, "count.click"),
    "FromDevice(0) -> c :: Counter -> ToDevice(1);\nFromDevice(1) -> ToDevice(0);\n",
  );
  writeFileSync(join(dir, "bad.click"), "FromDevice(0) -> Conter -> Discard;\n");
  writeFileSync(join(dir, "vm.cfg"), 'name = "xl"\nkernel = "count.click"\nvif = ["bridge=vale0", "bridge=vale1"]\n');
  const capture = createCapture(join(dir, "in.pcap"));
  for (let i = 0; i < frames; i++) {
    const frame = new Uint8Array(60).fill(0xff, 0, 6);
    frame.set([2, 0, 0, 0, 9, 9, 8, 0, i >> 8, i], 6);
    capture.write(frame, BigInt(i) * 1_000_000n);
  }
  capture.close();
});
afterAll(() => {
  clickos("daemon", "stop");
  rmSync(dir, { recursive: true });
});

it("start a daemon when they need one, and drive it", async () => {
  expect(done("list")).toBe("name  id  KiB  state  pCPU  vifs  routers  time (s)\n");
  done("switch", "create", "vale0");
  done("switch", "create", "vale1", "--lookup", "patch");
  expect(done("create", "count.click", "--vif", "vale0", "--vif", "vale1,antispoof=no")).toMatch(
    /^count {2}domain 1 on pCPU 1, created in .* [mµ]s\n {2}0: vif1.0 on vale0, 02:00:00:00:01:00\n {2}1: vif1.1 on vale1/,
  );
  done("switch", "attach", "vale1", `pcap:,out=${join(dir, "out.pcap")}`, "--name", "out");
  done("switch", "attach", "vale0", `pcap:${join(dir, "in.pcap")}`, "--name", "in");
  await counted("count", frames);
  const [vale0] = JSON.parse(done("switch", "list", "vale0", "--json"));
  expect(vale0.ports.find((p: { name: string }) => p.name === "in")).toMatchObject({ inPackets: frames });
  done("write", "count", "c.reset");
  expect(done("read", "count", "c.count")).toBe("0\n");
  expect(JSON.parse(done("handlers", "count", "c.*", "--json"))).toContainEqual({
    path: "c.count",
    access: "r",
    kind: "counter",
    unit: "packets",
  });
  expect(done("config", "count")).toBe(readFileSync(join(dir, "count.click"), "utf8"));
  done("rename", "count", "renamed");
  done("pause", "renamed");
  expect(JSON.parse(done("list", "--json"))).toMatchObject([{ name: "renamed", state: "paused" }]);
  done("unpause", "renamed");
});

it("say what is wrong, with status 1, or 2 for wrong usage", () => {
  const wrong = clickos("create", "bad.click", "--vif", "vale0");
  expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining("bad.click:1: undeclared element 'Conter'")]);
  expect(clickos("destroy", "nobody")).toMatchObject({
    status: 1,
    err: expect.stringContaining("no domain named 'nobody'"),
  });
  expect(clickos("create", "count.click", "--vif", "mac=1")).toMatchObject({ status: 2 });
  expect(JSON.parse(clickos("create", "bad.click", "--json").out)).toMatchObject({ error: { code: "CONFIGURATION" } });
});

it("create domains with elements of the user's, which the daemon has not", () => {
  writeFileSync(
    join(dir, "own.ts"),
    `import { element } from "@clickos/click-core";
import { u64 } from "@clickos/layout";
export const Own = element({ name: "Own", ports: "1/1", processing: "a/a", state: { seen: u64 }, handlers: { seen: { counter: "seen" } },
  action(_c, _packet, { state }) { state.seen.inc(); } });\n`,
  );
  writeFileSync(join(dir, "own.click"), "FromDevice(0) -> o :: Own() -> ToDevice(0);\n");
  expect(clickos("create", "own.click", "--vif", "vale0")).toMatchObject({
    status: 1,
    err: expect.stringMatching(/unknown element class 'Own'[\s\S]*\nclickos: .* clickos create --elements FILE/),
  });
  done("create", "own.click", "--vif", "vale0", "--elements", "./own.ts");
  expect(done("read", "own", "o.seen")).toMatch(/^\d+\n$/);
  done("destroy", "own");
});

it("have everything back after kill -9, state from the checkpoint", async () => {
  done("create", "vm.cfg");
  done("switch", "detach", "vale0", "in");
  done("switch", "attach", "vale0", `pcap:${join(dir, "in.pcap")}`, "--name", "in");
  await counted("renamed", frames);
  done("checkpoint", "renamed");
  done("create", "--name", "shell", "--vif", "vale0", "--vif", "vale1");
  done("router", "install", "shell/3", "count.click");
  // Frames arrive when the capture is played anew.
  done("switch", "detach", "vale0", "in");
  const names = (): string[] => JSON.parse(done("list", "--json")).map((d: { name: string }) => d.name);
  const before = names();
  process.kill(JSON.parse(done("daemon", "info", "--json")).pid, "SIGKILL");
  expect(names()).toEqual(before);
  expect(JSON.parse(done("daemon", "info", "--json")).recovery.problems).toEqual([]);
  expect(done("read", "renamed", "c.count")).toBe(`${frames}\n`);
  expect(done("read", "xl", "c.count")).toBe("0\n");
  expect(JSON.parse(done("router", "list", "shell", "--json"))).toMatchObject([{ number: 3, status: "Running" }]);
  done("destroy", ...before);
  done("switch", "destroy", "vale0", "vale1");
  done("daemon", "stop");
  expect(clickos("daemon", "info")).toMatchObject({ status: 1, err: "clickos: no daemon runs\n" });
});
