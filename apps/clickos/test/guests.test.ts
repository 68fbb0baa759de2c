/** QEMU guests: their network cards' boot ROMs ask elements in a VM for addresses, and each other for files. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor";
import { openAttachment, openStream } from "@clickos/netdev";
import { openCapture } from "@clickos/pcap/node";
import { runLoop } from "@clickos/run-loop";
import { createSwitch, type Port } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { guest, noGuest, until } from "./machine.ts";

const dir = mkdtempSync(join(tmpdir(), "guests-"));
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Addresses by DHCP: each guest is told that what it is to boot is at the other's. ARP for the gateway. */
const services = `
  FromDevice(0) -> guests :: Classifier(6/52540000000a, -);
  guests [0] -> first :: DHCPServer(10.0.0.1, 2:0:0:0:0:1, 10.0.0.100, COUNT 1, NEXT_SERVER 10.0.0.101, FILENAME boot)
    -> out :: ToDevice(0);
  guests [1] -> second :: DHCPServer(10.0.0.1, 2:0:0:0:0:1, 10.0.0.101, COUNT 1, NEXT_SERVER 10.0.0.100, FILENAME boot) -> out;
  first [1] -> arp :: Classifier(12/0806 20/0001, -) -> ARPResponder(10.0.0.1 2:0:0:0:0:1) -> out;
  second [1] -> arp;
  arp [1] -> Discard;
`;

/** Frames of a capture as tshark tells them; it must say nothing else. */
function shown(file: string, ...fields: string[]): string[] {
  const words = ["-n", "-r", file, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
  const { stdout, stderr, status } = spawnSync("tshark", words, { encoding: "utf8" });
  const complaints = stderr.split("\n").filter((line) => line !== "" && !/Running as user/.test(line));
  expect([status, complaints]).toEqual([0, []]);
  return stdout.split("\n").filter((line) => line !== "");
}
/** The frames that leave the switch here, as hexadecimal digits. */
function listening(port: Port): { readonly port: Port; readonly frames: string[] } {
  const frames: string[] = [];
  const heard: Port = {
    name: port.name,
    frameLimit: port.frameLimit ?? 2032,
    poll: () => port.poll(),
    release: () => port.release(),
    deliver(batch, list, count) {
      for (let k = 0; k < count; k++) {
        const at = batch.offsets[list[k] as number] as number;
        frames.push(Buffer.from(batch.memory.bytes.subarray(at, at + 60)).toString("hex"));
      }
      return port.deliver(batch, list, count);
    },
    flush: () => port.flush(),
    onReady: (listener) => port.onReady?.(listener) ?? (() => {}),
    detached: () => port.detached?.(),
  };
  return { port: heard, frames };
}
const noTshark = (): boolean => spawnSync("tshark", ["--version"]).error !== undefined;

const why = noGuest();
describe.skipIf(why)(`QEMU guests${why ? ` (skipped: ${why})` : ""}`, () => {
  it("get addresses from elements in a VM, and talk to each other over the switch", async () => {
    const sw = createSwitch();
    const hypervisor = createHypervisor();
    const toolstack = createToolstack({ elements, hypervisor });
    const { bytes } = await linkImage({ file: "services.click", text: services }, { elements, name: "services" });
    const vm = await toolstack.create({ name: "services", image: bytes, vif: [{ bridge: sw, antiSpoof: false }] });
    // The switch sends frames for everybody to the recorder too, and those for nobody known.
    const [pcap, pcapng] = [join(dir, "guests.pcap"), join(dir, "guests.pcapng")];
    const tcpPort = await openStream({ host: "127.0.0.1", port: 0 }, { name: "b", listen: true });
    const toFirst = listening(await openStream({ path: join(dir, "a") }, { name: "a", listen: true }));
    const toSecond = listening(tcpPort);
    const ports: Port[] = [
      toFirst.port,
      toSecond.port,
      await openAttachment(`pcap:,out=${pcap}`, { name: "pcap" }),
      await openAttachment(`pcap:,out=${pcapng}`, { name: "pcapng" }),
    ];
    for (const port of ports) sw.attach(port);
    const abort = new AbortController();
    const loop = runLoop([hypervisor, sw], { signal: abort.signal });
    undo.push(() => hypervisor.close());

    const tcp = `addr.host=127.0.0.1,addr.port=${(tcpPort.place as { port: number }).port}`;
    const first = guest("52:54:00:00:00:0a", "-netdev", `stream,id=n,server=off,addr.type=unix,addr.path=${dir}/a`);
    undo.push(() => first.kill("SIGKILL"));
    const second = guest("52:54:00:00:00:0b", "-netdev", `stream,id=n,server=off,addr.type=inet,${tcp}`);
    undo.push(() => second.kill("SIGKILL"));
    await until(() => vm.read("first.leases").includes("10.0.0.100 52-54-00-00-00-0A"), 60_000);
    await until(() => vm.read("second.leases").includes("10.0.0.101 52-54-00-00-00-0B"), 60_000);
    // The second asks the first for a file: the first answers for its address (ARP), and gets the request.
    await until(() => toSecond.frames.some((f) => f.startsWith("52540000000b52540000000a0806")), 60_000);
    await until(() =>
      toFirst.frames.some((f) => f.startsWith("52540000000a52540000000b0800") && f.slice(72, 76) === "0045"),
    );
    abort.abort();
    await loop;
    for (const port of ports) sw.detach(port);

    const reader = openCapture(pcap);
    let frames = 0;
    while (reader.next()) frames++;
    reader.close();
    expect(frames).toBeGreaterThan(6);
    // What answers for nobody: requests for the other guest's address.
    expect(vm.drops().every(({ reason }) => reason === "no ARP request for us")).toBe(true);
    if (noTshark()) return;
    for (const file of [pcap, pcapng]) {
      const seen = shown(file, "eth.src", "dhcp.option.dhcp", "arp.dst.proto_ipv4", "udp.dstport");
      expect(seen.length).toBe(frames);
      // Each guest discovers and requests; the second asks who the first is.
      for (const mac of ["0a", "0b"])
        for (const message of ["1", "3"])
          expect(seen.some((line) => line.startsWith(`52:54:00:00:00:${mac}\t${message}\t`))).toBe(true);
      expect(seen.some((line) => line.startsWith("52:54:00:00:00:0b\t\t10.0.0.100"))).toBe(true);
    }
  }, 200_000);
});
