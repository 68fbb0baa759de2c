/** What guests have to do under Xen. A check has a name, and does something on a machine that runs: it throws, or returns what is printed. */
import { readdirSync, readFileSync } from "node:fs";
import { Router } from "@clickos/click-core";
import { element } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { linkXenImage, xenDomain } from "@clickos/click-image";
import { readCapture } from "@clickos/pcap";
import { random } from "../hostile/random.mjs";
import { figures } from "./figures.mjs";
import { framesFor } from "./frames-for.mjs";
import { framesInput, framesProgram, hashOf } from "./frames-program.mjs";

const root = new URL("../../", import.meta.url);
const textOf = (path) => readFileSync(new URL(path, root), "utf8");

const responder = `FromDevice(0) -> c :: Classifier(12/0806 20/0001, 12/0800, -);
c [0] -> ARPResponder(10.9.0.2 02:00:00:00:09:02) -> out :: Queue(200) -> ToDevice(0);
c [1] -> pings :: Counter -> Strip(14) -> CheckIPHeader -> IPClassifier(icmp type echo) -> ICMPPingResponder
  -> Unstrip(14) -> EtherMirror -> out;
c [2] -> Discard;
`;
/** Does what no configuration can: its first packet is the end of it. */
const Crash = element({
  name: "Crash",
  ports: "1/0",
  processing: "h/h",
  push: (c) => c.trap(),
});
const configurations = {
  responder: { file: "responder.click", text: responder, vifs: ["mac=02:00:00:00:09:02"] },
  crash: { file: "crash.click", text: "FromDevice(0) -> bad :: Crash;", vifs: [""] },
  firewall: { file: "firewall.click", text: textOf("apps/clickos/demo/firewall.click"), vifs: ["", ""] },
  router: { file: "router.click", text: textOf("examples/router.click"), vifs: ["bridge=b0", "bridge=b1"] },
  gateway: { file: "nat-gateway.click", text: textOf("examples/nat-gateway.click"), vifs: ["bridge=b0", "bridge=b1"] },
};
/** Frames that are others each time: SYN cookies are of a secret. Of these no hash is compared. */
const secrets = { "example-ddos-guard": /^(A 003a) .*/ };
/** The examples, with frames for the first interface of each. */
const middleboxes = middleboxesOf("examples/middleboxes/");
const images = Object.fromEntries(
  Object.entries({ ...configurations, ...middleboxes }).map(([name, source]) => [
    name,
    linkXenImage(source, { elements: { ...elements, Crash }, name }),
  ]),
);
const capture = readFileSync(new URL("apps/clickos/demo/office.pcap", root));
const frames = framesOf(new Uint8Array(capture)).slice(0, 600);

/** What domain 0 has in its file system. */
export const files = {
  "/bin/frames": framesProgram(),
  "/root/office": framesInput(frames),
  ...Object.fromEntries(
    Object.entries(middleboxes).map(([name, { frames }]) => [`/root/${name}.frames`, framesInput(frames)]),
  ),
  ...Object.fromEntries(
    Object.entries(images).flatMap(([name, { bytes, manifest }]) => [
      [`/root/${name}.elf`, bytes],
      [`/root/${name}.cfg`, withVifs(xenDomain(manifest, `/root/${name}.elf`), configurations[name]?.vifs)],
    ]),
  ),
};

export const checks = [
  [
    "images have at most 200 KB, and domains of simple ones 8 MiB",
    async () => {
      const rows = Object.keys(configurations).map((name) => {
        const { bytes, manifest } = images[name];
        // A router's and a gateway's hold thousands of packets that wait for Ethernet addresses.
        const most = ["router", "gateway"].includes(manifest.name) ? 16 : 8;
        expect(
          bytes.length <= 200_000 && manifest.memory <= most,
          `${manifest.name}: ${bytes.length} bytes, ${manifest.memory} MiB`,
        );
        return `${manifest.name} ${Math.ceil(bytes.length / 1024)} KB, ${manifest.memory} MiB`;
      });
      return rows.join("; ");
    },
  ],
  [
    "a responder is created, says on its console what runs, and answers pings",
    async (dom0) => {
      await dom0.run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
      const seconds = await timed(dom0, "xl create /root/responder.cfg");
      await dom0.run("ip addr add 10.9.0.1/24 dev vif$(xl domid responder).0");
      await dom0.waitFor("xl console log", "cat /var/log/xen/console/guest-responder.log", /responder: runs/);
      const { output } = await dom0.must("ping -c 5 -W 5 10.9.0.2");
      match(output, /5 packets transmitted, 5 packets received/);
      match((await dom0.must("xl list responder")).output, /responder\s+\d+\s+\d+\s+1\s+-b----/);
      return `created in ${seconds} s by the clock of domain 0`;
    },
  ],
  [
    "xl console shows it, xl pause and unpause stop it and let it go on",
    async (dom0) => {
      match((await dom0.run("timeout 3 xl console responder")).output, /responder: runs/);
      await dom0.must("xl pause responder");
      match((await dom0.run("ping -c 2 -W 1 10.9.0.2")).output, /2 packets transmitted, 0 packets received/);
      await dom0.must("xl unpause responder");
      await dom0.must("ping -c 2 -W 5 10.9.0.2");
    },
  ],
  [
    "the store shows the router, its handlers, halts it and has it go on",
    async (dom0) => {
      const id = (await dom0.must("xl domid responder")).output.trim();
      const at = `/local/domain/${id}/data/clickos/0`;
      const read = async (handler) => {
        await dom0.must(`xenstore-write ${at}/control/read/${handler} ''`);
        await dom0.waitFor(handler, `xenstore-read ${at}/elements/${handler}/lock`, /0/);
        return (await dom0.must(`xenstore-read ${at}/elements/${handler}; xenstore-rm ${at}/elements/${handler}/lock`))
          .output;
      };
      equal((await dom0.must(`xenstore-read ${at}/status ${at}/config_name`)).output, "Running\nresponder.click");
      match((await dom0.must(`xenstore-read ${at}/config/0`)).output, /ICMPPingResponder/);
      equal(await read("out/capacity"), "200");
      equal(await read("out/class"), "Queue");
      const before = Number(await read("pings/count"));
      await dom0.must("ping -c 3 -W 5 10.9.0.2");
      equal(Number(await read("pings/count")), before + 3);
      await dom0.must(`xenstore-write ${at}/status Halted`);
      match((await dom0.run("ping -c 2 -W 1 10.9.0.2")).output, /2 packets transmitted, 0 packets received/);
      await dom0.must(`xenstore-write ${at}/status Running; sleep 1`);
      await dom0.must("ping -c 2 -W 5 10.9.0.2");
      await dom0.must(`xenstore-write ${at}/config/0 'Idle -> Discard;'; xenstore-write ${at}/status Running`);
      await dom0.waitFor("the error", `xenstore-read ${at}/error`, /the configuration is in the image/);
    },
  ],
  [
    "clickos-ctl, unmodified, stops the router and starts it",
    async (dom0) => {
      if (!dom0.ctl) return "skipped: CLICKOS_CTL names no program made of github.com/sysml/clickos-ctl";
      match((await dom0.must(`${dom0.ctl} stop responder 0`)).output, /router stopped/);
      match((await dom0.run("ping -c 2 -W 1 10.9.0.2")).output, /2 packets transmitted, 0 packets received/);
      match((await dom0.must(`${dom0.ctl} start responder 0; sleep 1`)).output, /router started/);
      await dom0.must("ping -c 2 -W 5 10.9.0.2");
    },
  ],
  [
    "a suspend is refused, on the console and in the store, and it goes on",
    async (dom0) => {
      const id = (await dom0.must("xl domid responder")).output.trim();
      await dom0.must(`xenstore-write /local/domain/${id}/control/shutdown suspend`);
      await dom0.waitFor("the error", `xenstore-read /local/domain/${id}/data/clickos/0/error`, /cannot be saved/);
      match(
        (await dom0.must("cat /var/log/xen/console/guest-responder.log")).output,
        /responder: suspend: refused, a guest of Xen cannot be saved/,
      );
      await dom0.must(`xenstore-write /local/domain/${id}/control/shutdown ''; ping -c 2 -W 5 10.9.0.2`);
    },
  ],
  [
    "xl shutdown ends it",
    async (dom0) => {
      await dom0.must("xl shutdown -w responder");
      match((await dom0.must("cat /var/log/xen/console/guest-responder.log")).output, /responder: poweroff/);
      await dom0.gone("responder");
    },
  ],
  [
    "one that crashes says on its console what has happened, where, and in whose task",
    async (dom0) => {
      await dom0.must("xl create /root/crash.cfg");
      const id = (await dom0.must("xl domid crash")).output.trim();
      await dom0.run(`ip addr add 10.8.0.1/24 dev vif${id}.0; ping -c 1 -W 1 10.8.0.2`);
      const console = await dom0.waitFor("the record", "cat /var/log/xen/console/guest-crash.log", /crash: .*\n?/);
      match(console, /crash: the end of what the program says \(a trap\), code 0x[0-9a-f]+, element 0/);
      await dom0.gone("crash");
    },
  ],
  [
    "a firewall between two interfaces passes exactly what it passes in process",
    async (dom0) => {
      await dom0.must("xl create /root/firewall.cfg");
      const passed = await throughGuest(dom0, "firewall", "/root/office");
      const router = await Router.compile(configurations.firewall.text, { elements });
      const expected = frames.flatMap((frame) => {
        router.device(0).send([frame]);
        router.run();
        return router
          .device(1)
          .receive()
          .map((out) => lineOf("B", out));
      });
      expect(expected.length > 100, `only ${expected.length} frames pass in process`);
      equal(passed.join("\n"), expected.join("\n"));
      await dom0.must("xl destroy firewall");
      return `${frames.length} frames in, ${passed.length} out, the same`;
    },
  ],
  [
    "an IP router forwards 10 MB of TCP between two bridges",
    async (dom0) => {
      await bridges(dom0);
      const report = await transfer(dom0, "router", {
        client: "10.0.0.9/24",
        route: "192.0.2.0/24 via 10.0.0.1",
        server: "192.0.2.1/24",
        back: "default via 192.0.2.2",
      });
      await dom0.must("xl shutdown -w router");
      return report;
    },
  ],
  [
    "a gateway hides a network, and passes 10 MB of TCP",
    async (dom0) => {
      const report = await transfer(dom0, "gateway", {
        client: "192.168.7.9/24",
        route: "10.7.0.0/24 via 192.168.7.1",
        server: "10.7.0.9/24",
        back: "default via 10.7.0.1",
      });
      match((await dom0.must(`${far} cat /proc/net/arp`)).output, /10\.7\.0\.1 /);
      await dom0.must("xl shutdown -w gateway");
      return report;
    },
  ],
  ...Object.entries(middleboxes).map(([name, { text, frames }]) => [
    `${name} lets out the same frames as in process`,
    async (dom0) => {
      await dom0.must(`echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; xl create /root/${name}.cfg`);
      const lines = await throughGuest(dom0, name, `/root/${name}.frames`, /^[AB] /);
      await dom0.must(`xl destroy ${name}`);
      const router = await Router.compile(text, { elements });
      const expected = [];
      for (const frame of frames) {
        router.device(0).send([frame]);
        router.run();
        for (const number of router.deviceNumbers) {
          const left = router.device(number).receive();
          // Linux takes no more from an interface whose MTU is 1,500.
          const taken = left.filter(({ length }) => number < 2 && length <= 1514);
          expected.push(...taken.map((out) => lineOf("AB"[number], out)));
        }
      }
      // In process each frame is through before the next comes; in the guest they meet in queues, and time goes by: what asks for an
      // Ethernet address, 42 bytes, asks again.
      const comparable = (list) => {
        const sorted = list.map((line) => secrets[name]?.exec(line)?.[1] ?? line).sort();
        return sorted.filter((line, i) => !line.includes(" 002a ") || line !== sorted[i - 1]).join("\n");
      };
      equal(comparable(lines), comparable(expected));
      const { bytes, manifest } = images[name];
      return `${frames.length} in, ${expected.length} out; ${Math.ceil(bytes.length / 1024)} KB, ${manifest.memory} MiB`;
    },
  ]),
  ["figures: a responder beside a Linux that answers as well", figures],
  [
    "20 creations in a row leave nothing behind",
    async (dom0) => {
      const free = async () => Number(/\d+/.exec((await dom0.must("xl info free_memory")).output));
      const before = await free();
      for (let i = 0; i < 20; i++)
        await dom0.must("xl create /root/responder.cfg >/dev/null 2>&1; xl destroy responder");
      await dom0.gone("responder");
      equal((await dom0.run("xenstore-ls /local/domain/0/backend/vif 2>/dev/null")).output, "");
      match((await dom0.must("ip link")).output, /^(?![\s\S]*vif)/);
      expect(before - (await free()) <= 1, "Xen has less free memory than before");
    },
  ],
];

// What checks are made of.

function expect(condition, message) {
  if (!condition) throw new Error(message);
}
function equal(actual, expected) {
  if (actual === expected) return;
  const [a, b] = [actual, expected].map((value) => String(value).split("\n"));
  const line = a.findIndex((text, i) => text !== b[i]);
  throw new Error(`line ${line + 1} of ${a.length}: '${a[line]}', expected of ${b.length}: '${b[line]}'`);
}
function match(text, pattern) {
  if (!pattern.test(text)) throw new Error(`no ${pattern} in:\n${text}`);
}

/** A machine's commands, with those that checks need besides. */
export function dom0Of(machine) {
  const dom0 = {
    ...machine,
    async must(command, ms) {
      const result = await machine.run(command, ms);
      if (result.status !== 0) throw new Error(`'${command}' ends with ${result.status}:\n${result.output}`);
      return result;
    },
    async waitFor(what, command, pattern, seconds = 20) {
      for (let i = 0; i < seconds; i++) {
        const { output } = await machine.run(command);
        if (pattern.test(output)) return output;
        await machine.run("sleep 1");
      }
      throw new Error(`${what} does not come in ${seconds} s`);
    },
    async gone(name) {
      for (let i = 0; i < 20; i++) {
        if ((await machine.run(`xl domid ${name} 2>/dev/null`)).status !== 0) return;
        await machine.run("sleep 1");
      }
      throw new Error(`${name} is still there`);
    },
  };
  return dom0;
}

async function timed(dom0, command) {
  const { output } = await dom0.must(`time ${command}`);
  return /real\s+(?:(\d+)m\s*)?([\d.]+)s?/.exec(output)?.[2] ?? "?";
}

/** A frame as the program in domain 0 tells of it. */
function lineOf(side, frame) {
  return `${side} ${frame.length.toString(16).padStart(4, "0")} ${hashOf(frame)}`;
}

/** Plays frames into a guest's first interface; what leaves its second, or what is wanted of both, in order. */
async function throughGuest(dom0, name, input, wanted = /^B /) {
  const id = (await dom0.must(`xl domid ${name}`)).output.trim();
  // Where there is no second, nothing comes from the loopback interface.
  const index = (n) => (n >= images[name].manifest.vifs.length ? 1 : `$(cat /sys/class/net/vif${id}.${n}/ifindex)`);
  const { output } = await dom0.must(`(printf %08d%08d ${index(0)} ${index(1)}; cat ${input}) | frames`, 300_000);
  return output.split("\n").filter((line) => wanted.test(line));
}

/** Runs a command on the other side of the bridges. */
const far = "nsenter --net=/proc/$(cat /run/far)/ns/net";

async function bridges(dom0) {
  await dom0.must("brctl addbr b0; brctl addbr b1; ip link set b0 up; ip link set b1 up");
  await dom0.must("dd if=/dev/urandom of=/tmp/sent bs=1M count=10 2>/dev/null");
  // The other side has a network of its own.
  await dom0.must("ip link add c1 type veth; ip link set veth0 name c0; brctl addif b1 c1; ip link set c1 up");
  await dom0.must("unshare -n sleep 100000 & echo $! > /run/far; sleep 1; ip link set c0 netns $(cat /run/far)");
}

/** Sends through a guest between the two bridges. */
async function transfer(dom0, name, { client, route, server, back }) {
  await dom0.must(`xl create /root/${name}.cfg`);
  await dom0.must(`ip addr flush dev b0; ip addr add ${client} dev b0; ip route add ${route}`);
  await dom0.must(
    `${far} ip addr flush dev c0; ${far} ip addr add ${server} dev c0; ${far} ip link set c0 up; ${far} ip route add ${back}`,
  );
  const address = server.split("/")[0];
  await dom0.must(`ping -c 2 -W 5 ${address}`);
  const started = performance.now();
  // The far end's input stays open: it would end with it.
  await dom0.must(`sleep 200 | ${far} nc -l -p 5000 > /tmp/got & sleep 1; nc ${address} 5000 < /tmp/sent`, 240_000);
  // The last bytes may be on their way when the sender ends.
  await dom0.waitFor("the end of 10 MB", "ls -l /tmp/got", / 10485760 /, 120);
  const seconds = (performance.now() - started) / 1000;
  const { output } = await dom0.must("md5sum < /tmp/sent; md5sum < /tmp/got");
  const [sent, got] = output.split("\n");
  equal(got, sent);
  return `in ${seconds.toFixed(0)} s, checksums are equal`;
}

function framesOf(bytes) {
  const reader = readCapture(bytes);
  const list = [];
  for (let frame = reader.next(); frame; frame = reader.next()) list.push(frame.data.slice());
  return list;
}

function middleboxesOf(folder) {
  const list = readdirSync(new URL(folder, root)).filter((file) => file.endsWith(".click"));
  return Object.fromEntries(
    list.map((file, i) => {
      const text = textOf(folder + file);
      return [`example-${file.replace(/\.click$/, "")}`, { file, text, frames: framesFor(text, random(i + 1), 300) }];
    }),
  );
}

function withVifs(text, vifs) {
  if (!vifs) return text;
  return text.replace(/^vif = .*$/m, `vif = ${JSON.stringify(vifs)}`);
}
