/** A Linux guest that answers pings, of the kernel that is domain 0: what figures are compared with. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { archive, file, folder, symbolicLink } from "./archive.mjs";

const init = (modules) => `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys
for m in ${modules.join(" ")}; do insmod /modules/$m; done
until [ -d /sys/class/net/eth0 ]; do usleep 10000; done
ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up
while :; do sleep 1000; done
`;

/** @returns its files in domain 0; nothing where the kernel's modules have no front end of the network */
export function linuxGuest({ kernel, busybox, guestModules }) {
  if (guestModules.length === 0) return undefined;
  const ramdisk = archive([
    file("/bin/busybox", readFileSync(busybox)),
    symbolicLink("/bin/sh", "busybox"),
    ...["/proc", "/sys"].map(folder),
    ...guestModules.map((path) => file(`/modules/${basename(path)}`, readFileSync(path))),
    file("/init", init(guestModules.map((path) => basename(path)))),
  ]);
  return {
    "/root/linux.kernel": readFileSync(kernel),
    "/root/linux.ramdisk": gzipSync(ramdisk),
    "/root/linux.cfg": `name = "linux"
type = "pv"
kernel = "/root/linux.kernel"
ramdisk = "/root/linux.ramdisk"
extra = "console=hvc0 rdinit=/init quiet"
memory = 96
vif = ["mac=02:00:00:00:09:03"]
`,
  };
}
