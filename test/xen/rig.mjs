/** A machine in QEMU, without any acceleration, that runs Xen with Linux in domain 0, and takes commands there. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { archive, file, folder, symbolicLink } from "./archive.mjs";

const done = "@@done";
const more = "@@more";
const ready = "@@ready";
/** Characters that are sent at once: Xen keeps 128 that domain 0 has not read, and drops the others (SERIAL_RX_SIZE in console.c). */
const piece = 100;

/** What domain 0 runs first: Xen's daemons, and then what comes from the console, line by line. */
const init = (modules, bin) => `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:${bin} LD_LIBRARY_PATH=/lib/xen HOME=/
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts; mount -t devpts pts /dev/pts; mount -t tmpfs run /run
mkdir -p /var /run/xen /run/xenstored /run/lock; ln -s /run /var/run
mkdir -p /var/lock /var/lib/xenstored /var/lib/xen /var/log/xen/console
for m in ${modules.join(" ")}; do insmod /modules/$m; done
mount -t xenfs xen /proc/xen
xenstored --pid-file /run/xenstored.pid
until xenstore-read / >/dev/null 2>&1; do usleep 100000; done
xen-init-dom0 >/dev/null
xenconsoled --log=guest --log-dir=/var/log/xen/console
ip link set lo up
stty -echo
echo; echo ${ready}
text=
while IFS= read -r line; do
  case "$line" in
  +*) text="$text\${line#+}"; echo; echo "${more}" ;;
  *) eval "$text"; status=$?; text=; echo; echo "${done} $status" ;;
  esac
done
poweroff -f
`;

/** Enough for a vif: onto its bridge, where there is such a one. */
const vifScript = (bin) => `#!/bin/sh
PATH=/bin:${bin}; export PATH LD_LIBRARY_PATH=/lib/xen
if [ "$1" = online ]; then
  bridge=$(xenstore-read $XENBUS_PATH/bridge 2>/dev/null)
  [ -d /sys/class/net/$bridge/bridge ] && brctl addif $bridge $vif
  ip link set $vif up
  xenstore-write $XENBUS_PATH/hotplug-status connected
fi
exit 0
`;

/** What stays the same from run to run, packed once. */
function base(parts, cache) {
  const inputs = [parts.busybox, ...parts.programs, ...parts.libraries, ...parts.modules];
  const text = JSON.stringify([
    2,
    init([], parts.bin),
    vifScript(parts.bin),
    ...inputs.map((path) => [path, statSync(path).mtimeMs, statSync(path).size]),
  ]);
  const path = join(cache, `base-${createHash("sha256").update(text).digest("hex").slice(0, 16)}.cpio.gz`);
  if (existsSync(path)) return readFileSync(path);
  const loader = parts.libraries.find((library) => basename(library).startsWith("ld-linux"));
  const packed = gzipSync(
    archive([
      file("/bin/busybox", readFileSync(parts.busybox)),
      symbolicLink("/bin/sh", "busybox"),
      ...parts.programs.map((program) => file(`${parts.bin}/${basename(program)}`, readFileSync(program))),
      ...parts.libraries.map((library) => file(`/lib/xen/${basename(library)}`, readFileSync(library))),
      file("/lib64/ld-linux-x86-64.so.2", readFileSync(loader)),
      ...parts.modules.map((module) => file(`/modules/${basename(module)}`, readFileSync(module))),
      ...["/proc", "/sys", "/dev", "/run", "/tmp", "/root"].map(folder),
      file(
        "/init",
        init(
          parts.modules.map((module) => basename(module)),
          parts.bin,
        ),
      ),
      file("/etc/xen/xl.conf", 'autoballoon="off"\n'),
      file("/etc/xen/scripts/vif-bridge", vifScript(parts.bin)),
    ]),
    { level: 6 },
  );
  writeFileSync(`${path}.new`, packed);
  renameSync(`${path}.new`, path);
  return packed;
}

function xenImage(parts, cache) {
  const path = join(cache, basename(parts.xen, ".gz"));
  if (!existsSync(path) || statSync(path).mtimeMs < statSync(parts.xen).mtimeMs)
    writeFileSync(path, gunzipSync(readFileSync(parts.xen)));
  return path;
}

/**
 * Boots it.
 *
 * @param files what domain 0 has besides: by absolute path, their contents
 * @param log is given all lines of the console
 * @returns `run(command)`: runs a shell command in domain 0, `{ status, output }`; `stop()`
 */
export async function bootRig(parts, { files = {}, log = () => {}, bootMs = 180_000, memory = 1024 } = {}) {
  const cache = process.env.XEN_CACHE ?? join(homedir(), ".cache/clickos-xen");
  mkdirSync(cache, { recursive: true });
  const ramdisk = join(cache, `initrd-${process.pid}.gz`);
  const own = gzipSync(archive(Object.entries(files).map(([path, content]) => file(path, content))));
  const first = base(parts, cache);
  writeFileSync(ramdisk, Buffer.concat([first, Buffer.alloc(-first.length & 3), own]));
  const machine = spawn(
    parts.qemu,
    [
      ...["-accel", "tcg", "-cpu", "qemu64", "-m", String(memory), "-nographic", "-no-reboot", "-nic", "none"],
      ...[
        "-kernel",
        xenImage(parts, cache),
        "-append",
        `console=com1 com1=115200,8n1 dom0_mem=512M loglvl=warning guest_loglvl=all`,
      ],
      ...["-initrd", `${parts.kernel} console=hvc0 rdinit=/init quiet,${ramdisk}`],
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const waiting = [];
  let rest = "";
  let lines = [];
  let ended;
  const fail = (error) => {
    ended ??= error;
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  machine.stderr.on("data", (text) => log(`qemu: ${text}`));
  machine.stdout.setEncoding("utf8");
  machine.stdout.on("data", (text) => {
    rest += text.replaceAll("\r", "");
    const all = rest.split("\n");
    rest = all.pop();
    for (const line of all) {
      if (line !== more) log(line);
      lines.push(line);
      if (line !== ready && line !== more && !line.startsWith(done)) continue;
      const output = lines.slice(0, -1);
      lines = [];
      waiting.shift()?.resolve({ status: Number(line.split(" ")[1] ?? 0), output: output.join("\n").trim() });
    }
  });
  machine.on("exit", (code) =>
    fail(new Error(`the machine ended (${code}); it said last:\n${lines.slice(-20).join("\n")}`)),
  );
  machine.on("error", fail);
  const answer = (ms) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      const timer = setTimeout(() => {
        machine.kill("SIGKILL");
        fail(new Error(`no answer in ${ms} ms; the console said last:\n${lines.slice(-20).join("\n")}\n${rest}`));
      }, ms);
      waiting.push({
        resolve: (value) => (clearTimeout(timer), resolve(value)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
    });
  await answer(bootMs);
  return {
    async run(command, ms = 60_000) {
      const text = command.trim().replaceAll("\n", "; ");
      for (let at = 0; at < text.length; at += piece) {
        const taken = answer(ms);
        machine.stdin.write(`+${text.slice(at, at + piece)}\n`);
        await taken;
      }
      const result = answer(ms);
      machine.stdin.write(".\n");
      return result;
    },
    async stop() {
      if (!ended) {
        const end = new Promise((resolve) => machine.once("exit", resolve));
        machine.stdin.write("+poweroff -f\n.\n");
        const timer = setTimeout(() => machine.kill("SIGKILL"), 10_000);
        await end;
        clearTimeout(timer);
      }
    },
  };
}
