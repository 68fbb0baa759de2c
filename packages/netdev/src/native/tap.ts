/**
 * TAP devices: an interface of this machine whose far end is the port (Documentation/networking/tuntap.rst, linux/if_tun.h).
 *
 * Offloads are off: the kernel completes checksums and cuts what is to be cut before a frame comes here. The port has one queue:
 * it is read by one thread, and further queues would only spread frames over descriptors that are read in turn (the README has figures).
 */
import { readFileSync } from "node:fs";
import { longestFrame } from "@clickos/vale";
import type { Attachment } from "../attachment.ts";
import { DropCounts } from "../drop-counts.ts";
import { NetdevError } from "../error.ts";
import {
  checkInterfaceName,
  configureInterface,
  type InterfaceSettings,
  interfaceRequest,
  refused,
} from "./interface-request.ts";
import { type FrameChannel, kernelPort } from "./kernel-port.ts";
import { errno, type Libc, libc } from "./libc.ts";

const device = "/dev/net/tun";
const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNSETOFFLOAD = 0x400454d0;
const IFF_TAP = 2;
const IFF_NO_PI = 0x1000;
const flagsAt = 16;

export interface TapOptions extends Omit<InterfaceSettings, "up"> {
  /** The port's name; that of the interface by default. */
  readonly name?: string | undefined;
  /** Whether the interface stays when the port has gone. */
  readonly persist?: boolean | undefined;
}

/**
 * Makes a TAP device, or takes one that somebody has made with `ip tuntap add`, and switches it on. It goes with the port unless
 * it is to persist, or did before.
 *
 * @throws {NetdevError} that says what to do. @throws {RangeError} for an MTU that is none.
 */
export function openTap(interfaceName: string, options: TapOptions = {}): Attachment {
  const { address, mac, mtu } = options;
  checkInterfaceName(interfaceName);
  const frameLimit = longestFrame(mtu);
  const c = libc();
  const fd = c.open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) throw noTun(c.errno());
  try {
    const request = interfaceRequest(interfaceName);
    request.setUint16(flagsAt, IFF_TAP | IFF_NO_PI, true);
    if (c.ioctl(fd, TUNSETIFF, c.addressOf(request)) < 0) throw notMade(interfaceName, c.errno());
    // A device that persists may have been left with offloads on by whoever had it before.
    if (c.ioctl(fd, TUNSETOFFLOAD, 0) < 0)
      throw refused(`cannot switch off the offloads of ${interfaceName}`, c.errno());
    if (options.persist && c.ioctl(fd, TUNSETPERSIST, 1) < 0)
      throw refused(`cannot let ${interfaceName} persist`, c.errno());
    configure(interfaceName, { address, mac, mtu, up: true });
  } catch (e) {
    c.close(fd);
    throw e;
  }
  const lost = kernelDrops(interfaceName);
  const before = lost();
  return kernelPort(channel(c, fd), {
    name: options.name ?? interfaceName,
    frameLimit,
    drops: new DropCounts(),
    kernelDrops: () => Math.max(0, lost() - before),
  });
}

/**
 * What the kernel had no room for in the device's queue, which has 500 places by default: as long as the interface is in the
 * namespace of the process.
 */
function kernelDrops(name: string): () => number {
  return () => {
    try {
      return Number(readFileSync(`/sys/class/net/${name}/statistics/tx_dropped`, "latin1"));
    } catch {
      return 0;
    }
  };
}

/** Who has a device of somebody else's making may find it set up already, and may not set it up. */
function configure(name: string, settings: InterfaceSettings): void {
  try {
    configureInterface(name, settings);
  } catch (e) {
    const asked = settings.address ?? settings.mac ?? settings.mtu;
    if (asked !== undefined || !(e instanceof NetdevError) || e.code !== "NO_PERMISSION") throw e;
  }
}

function channel(c: Libc, fd: number): FrameChannel {
  return {
    fd,
    receive(frames) {
      const at = frames.place;
      // With a byte more than fits: the kernel cuts what is longer without a word.
      const length = c.read(fd, frames.address + at, frames.frameLimit + 1);
      if (length < 0) return -c.errno();
      frames.add(at, length);
      return length;
    },
    send: (address, length) => (c.write(fd, address, length) < 0 ? -c.errno() : length),
  };
}

function noTun(number: number): NetdevError {
  if (number === errno.ENOENT)
    return new NetdevError(
      "NO_DEVICE",
      `no ${device}: load the driver with 'modprobe tun', or give it to the container`,
    );
  return refused(`cannot open ${device}`, number);
}

function notMade(name: string, number: number): NetdevError {
  if (number === errno.EPERM)
    return new NetdevError(
      "NO_PERMISSION",
      `cannot make the TAP device ${name}: not permitted; run as root, give the program CAP_NET_ADMIN, or have root make it: ip tuntap add dev ${name} mode tap user $USER`,
    );
  if (number === errno.EINVAL)
    return new NetdevError("IN_USE", `cannot use ${name}: it is there, and is no TAP device with one queue`);
  return refused(`cannot make the TAP device ${name}`, number);
}
