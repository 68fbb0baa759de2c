/** The commands between real attachments: TAP devices in network namespaces, packet sockets, datagrams, QEMU guests. */
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { enter, noNetwork, Running, run, sh, uniqueName, until } from "./machine.ts";

const dir = mkdtempSync(join(tmpdir(), "attachments-"));
const example = (name: string): string => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
const command = fileURLToPath(new URL("../bin/clickos.js", import.meta.url));
const undo: (() => unknown)[] = [];
beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});
afterAll(() => rmSync(dir, { recursive: true }));

function build(name: string): string {
  const image = join(dir, `${name}.cos`);
  sh(process.execPath, command, "build", example(`${name}.click`), "-o", image);
  return image;
}
function start(...[program, ...words]: ConstructorParameters<typeof Running>): Running {
  const running = new Running(program, ...words);
  undo.push(() => running.interrupt());
  return running;
}
async function space(tap: string, address: string): Promise<string> {
  const name = await enter(tap, address);
  undo.push(() => sh("ip", "netns", "del", name));
  return name;
}

const why = noNetwork();
const skipped = why ? ` (skipped: ${why})` : "";

describe.skipIf(why)(`attachments of the kernel${skipped}`, () => {
  it("a TAP device in a namespace pings through a VM, and the report has the frames", async () => {
    const tap = uniqueName("cot");
    const vm = start("clickos.js", "boot", build("guest-services"), "--nic", `0=tap:${tap}`, "--json");
    const inside = await space(tap, "10.0.0.9/24");
    const ping = await run("ip", "netns", "exec", inside, "ping", "-c", "5", "-i", "0.05", "-s", "1400", "10.0.0.1");
    expect(ping).toMatch(/5 packets transmitted, 5 received/);
    expect(await vm.interrupt()).toBe(0);
    const report = JSON.parse(vm.output);
    expect(report.nics[0]).toMatchObject({ device: 0, input: `tap:${tap}` });
    expect(report.nics[0].tx).toBeGreaterThanOrEqual(6);
    expect(report.domain.state).toBe("running");
  });

  it("a namespace reaches another through a NAT in a VM: 50 MB over TCP arrive as they were", async () => {
    const [left, right] = [uniqueName("cot"), uniqueName("cot")];
    const image = build("nat-gateway");
    const vm = start("clickos.js", "boot", image, "--nic", `0=tap:${left}`, "--nic", `1=tap:${right}`, "--json");
    const inside = await space(left, "192.168.7.2/24");
    const outside = await space(right, "10.7.0.2/24");
    sh("ip", "-n", inside, "route", "add", "default", "via", "192.168.7.1");
    const ping = await run("ip", "netns", "exec", inside, "ping", "-c", "3", "-i", "0.05", "10.7.0.2");
    expect(ping).toMatch(/3 packets transmitted, 3 received/);

    const bytes = 50_000_000;
    const serve = `
      const { createHash, randomBytes } = require("node:crypto");
      const data = randomBytes(${bytes});
      const server = require("node:net").createServer((socket) => {
        console.log(socket.remoteAddress.replace("::ffff:", "") + " " + createHash("sha256").update(data).digest("hex"));
        socket.end(data, () => server.close());
      });
      server.listen(7000, "10.7.0.2");`;
    const fetch = `
      const hash = require("node:crypto").createHash("sha256");
      let bytes = 0, begun = performance.now();
      require("node:net").connect(7000, "10.7.0.2")
        .on("data", (d) => { bytes += d.length; hash.update(d); })
        .on("end", () => console.log(bytes + " " + hash.digest("hex") + " " + Math.round(performance.now() - begun)));`;
    const server = run("ip", "netns", "exec", outside, process.execPath, "-e", serve);
    await until(() => sh("ip", "netns", "exec", outside, "cat", "/proc/net/tcp").includes(":1B58"));
    const got = await run("ip", "netns", "exec", inside, process.execPath, "-e", fetch);
    const [peer, sent] = (await server).trim().split(" ");
    const [count, received, ms] = got.trim().split(" ");
    expect([peer, Number(count), received]).toEqual(["10.7.0.1", bytes, sent]);
    console.log(`50 MB through a NAT in a VM in ${ms} ms: ${((bytes * 8) / 1000 / Number(ms)).toFixed(0)} Mbit/s`);
    expect(await vm.interrupt()).toBe(0);
  }, 120_000);

  it("click and clickos run bind the devices of a configuration to a TAP device, and to an interface beside the kernel", async () => {
    for (const [program, words] of [
      ["click.cjs", []],
      ["clickos.js", ["run"]],
    ] as const) {
      const tap = uniqueName("cot");
      const running = start(program, ...words, example("guest-services.click"), "--device", `0=tap:${tap}`);
      const inside = await space(tap, "10.0.0.9/24");
      const ping = await run("ip", "netns", "exec", inside, "ping", "-c", "3", "-i", "0.05", "10.0.0.1");
      expect(ping).toMatch(/3 packets transmitted, 3 received/);
      expect(await running.interrupt()).toBe(0);
    }
    const [near, far, inside] = [uniqueName("cov"), uniqueName("cov"), uniqueName("cns")];
    sh("ip", "netns", "add", inside);
    undo.push(() => sh("ip", "netns", "del", inside));
    sh("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", inside);
    sh("ip", "link", "set", near, "up");
    sh("ip", "-n", inside, "addr", "add", "10.0.0.9/24", "dev", far);
    sh("ip", "-n", inside, "link", "set", far, "up");
    const running = start("click.cjs", example("guest-services.click"), "--device", `0=af_packet:${near}`);
    // A veth pair leaves checksums to who receives.
    const ping = await run("ip", "netns", "exec", inside, "ping", "-c", "5", "-i", "0.2", "10.0.0.1");
    expect(ping).toMatch(/[1-5] received/);
    expect(await running.interrupt()).toBe(0);
  }, 60_000);
});

describe("attachments anywhere", () => {
  it("datagrams are a device of click", async () => {
    const socket = createSocket("udp4");
    undo.push(() => socket.close());
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const local = createSocket("udp4");
    await new Promise<void>((resolve) => local.bind(0, "127.0.0.1", resolve));
    const { port } = local.address();
    await new Promise<void>((resolve) => local.close(() => resolve()));
    const echoed: Buffer[] = [];
    socket.on("message", (message) => echoed.push(message));
    const mirror = "FromDevice(eth0) -> EtherMirror -> Queue -> ToDevice(eth0)";
    const spec = `eth0=udp:127.0.0.1:${socket.address().port},local=127.0.0.1:${port}`;
    const running = start("click.cjs", "-e", mirror, "--device", spec);
    const frame = Buffer.from(`0200000000010200000000020800${"00".repeat(46)}`, "hex");
    await until(() => {
      if (echoed.length === 0) socket.send(frame, port, "127.0.0.1");
      return echoed.length > 0;
    });
    expect(echoed[0]?.toString("hex")).toBe(`0200000000020200000000010800${"00".repeat(46)}`);
    expect(await running.interrupt()).toBe(0);
  });

  it("say what is wrong, and what to do", async () => {
    const error = async (program: "clickos.js" | "click.cjs", ...words: string[]): Promise<string> => {
      const path = fileURLToPath(new URL(`../bin/${program}`, import.meta.url));
      return run(process.execPath, path, ...words);
    };
    const mirror = ["-e", "FromDevice(eth0) -> Discard"];
    const file = example("guest-services.click");
    for (const [got, expected] of [
      [error("click.cjs", ...mirror), "eth0: SIOCGIFINDEX: No such device"],
      [error("click.cjs", ...mirror, "--device", "eth0"), "expects DEVICE=ATTACHMENT, such as eth0=tap:click0"],
      [error("click.cjs", ...mirror, "--device", "eth1=loopback:"), "No such device"],
      [error("click.cjs", ...mirror, "--device", "eth0=tun:x"), "expected one of tap, af_packet"],
      [error("clickos.js", "run", file, "--device", "7=loopback:"), "uses no device 7"],
      [error("clickos.js", "run", file, "--device", "0=loopback:", "--fast"), "keeps the world's time"],
      [error("clickos.js", "run", file, "--device", "0=loopback:", "--out", "0=x.pcap"), "has a capture too"],
      [error("clickos.js", "run", file, "--device", "0=af_packet:no-such0"), "no interface no-such0; 'ip link' lists"],
    ] as const)
      expect(await got).toContain(expected);
  }, 60_000);
});
