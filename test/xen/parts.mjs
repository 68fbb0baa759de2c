/**
 * What a machine has to have for a Xen of its own: QEMU, Xen with its tools, a Linux kernel that can be domain 0, and busybox.
 * All of it comes from packages (Debian 12: qemu-system-x86 xen-hypervisor-4.17-amd64 xen-utils-4.17 linux-image-amd64
 * busybox-static); where they are unpacked and not installed, `XEN_ROOT` says where. `CLICKOS_CTL` may name the program that
 * `make` makes of github.com/sysml/clickos-ctl.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

const modules = [
  "net/llc/llc",
  "net/802/stp",
  "net/bridge/bridge",
  "drivers/xen/xen-evtchn",
  "drivers/xen/xen-gntdev",
  "drivers/xen/xen-gntalloc",
  "drivers/xen/xen-privcmd",
  "drivers/xen/xenfs/xenfs",
  "drivers/net/veth",
  "drivers/net/xen-netback/xen-netback",
];
const tools = ["xl", "xenstored", "xenconsoled", "xen-init-dom0", "xenconsole"];
const storeTools = ["xenstore-read", "xenstore-write", "xenstore-ls", "xenstore-rm", "xenstore-list", "xenstore-watch"];

/**
 * @returns the places of all parts; or, in `missing`, what is not there
 */
export function findParts(root = process.env.XEN_ROOT ?? "/") {
  const missing = [];
  const first = (what, places) => {
    const found = places.find((place) => place !== undefined && existsSync(place));
    if (found === undefined) missing.push(what);
    return found;
  };
  const under = (...path) => join(root, ...path);
  const list = (path) => (existsSync(path) ? readdirSync(path).sort().reverse() : []);
  const qemu = first(
    "qemu-system-x86_64 (qemu-system-x86)",
    (process.env.PATH ?? "").split(":").map((folder) => join(folder, "qemu-system-x86_64")),
  );
  const xen = first(
    "Xen (xen-hypervisor-4.17-amd64)",
    list(under("boot"))
      .filter((name) => /^xen-[\d.]+-amd64\.gz$/.test(name))
      .map((name) => under("boot", name)),
  );
  // A cloud kernel cannot be domain 0.
  const versions = list(under("boot"))
    .map((name) => /^vmlinuz-(.*(?<!cloud)-amd64)$/.exec(name)?.[1])
    .filter((version) => version !== undefined && !version.includes("cloud"));
  const version = versions.find((v) => existsSync(under("lib/modules", v, "kernel", `${modules.at(-1)}.ko`)));
  const kernel = first("a Linux kernel with xen-netback (linux-image-amd64)", [
    version && under("boot", `vmlinuz-${version}`),
  ]);
  const utilities = list(under("usr/lib")).find(
    (name) => /^xen-\d/.test(name) && existsSync(under("usr/lib", name, "bin/xl")),
  );
  const bin = first("xl (xen-utils-4.17)", [utilities && under("usr/lib", utilities, "bin")]);
  const busybox = first("busybox, linked statically (busybox-static)", [
    under("bin/busybox"),
    under("usr/bin/busybox"),
  ]);
  const store = storeTools.map((name) =>
    first(`${name} (xenstore-utils)`, [under("usr/bin", name), join("/usr/bin", name)]),
  );
  if (missing.length > 0) return { missing };
  // The C library loads it when a thread is cancelled.
  const unwinder = [under("lib/x86_64-linux-gnu/libgcc_s.so.1"), "/lib/x86_64-linux-gnu/libgcc_s.so.1"].find(
    existsSync,
  );
  const ctl = process.env.CLICKOS_CTL;
  if (ctl && !existsSync(ctl)) throw new Error(`CLICKOS_CTL is ${ctl}, and there is no such file`);
  const programs = [...tools.map((name) => join(bin, name)), ...store, ...(ctl ? [ctl] : [])];
  const frontend = list(under("lib/modules", version, "kernel/drivers/net")).includes("xen-netfront.ko")
    ? [under("lib/modules", version, "kernel/drivers/net/xen-netfront.ko")]
    : [];
  return {
    missing,
    qemu,
    xen,
    kernel,
    busybox,
    /** Where Xen's own programs look for each other. */
    bin: `/usr/lib/${utilities}/bin`,
    programs,
    /** What domain 0 calls clickos-ctl; nothing where there is none. */
    ctl: ctl && basename(ctl),
    libraries: [
      ...(unwinder ? [unwinder] : []),
      ...librariesOf(programs, [
        under("lib/x86_64-linux-gnu"),
        under("usr/lib/x86_64-linux-gnu"),
        join(bin, "../lib/x86_64-linux-gnu"),
      ]),
    ],
    modules: modules.map((name) => under("lib/modules", version, "kernel", `${name}.ko`)),
    guestModules: frontend,
  };
}

/** What programs load, by the dynamic linker's own account. */
function librariesOf(programs, folders) {
  const found = new Set();
  for (const program of programs) {
    const text = execFileSync("ldd", [program], {
      encoding: "utf8",
      env: { ...process.env, LD_LIBRARY_PATH: folders.join(":") },
    });
    for (const [, path] of text.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)) found.add(path);
  }
  return [...found];
}
