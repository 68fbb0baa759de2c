/**
 * What is set at a network interface: `struct ifreq` and its requests (netdevice(7), linux/if.h, linux/sockios.h).
 * IPv4 only; other things are set with `ip`.
 */
import { NetdevError } from "../error.ts";
import { errno, errnoName, type Libc, libc } from "./libc.ts";

const requests = {
  SIOCGIFFLAGS: 0x8913,
  SIOCSIFFLAGS: 0x8914,
  SIOCSIFADDR: 0x8916,
  SIOCSIFNETMASK: 0x891c,
  SIOCGIFMTU: 0x8921,
  SIOCSIFMTU: 0x8922,
  SIOCSIFHWADDR: 0x8924,
} as const;

const AF_INET = 2;
const SOCK_DGRAM = 2;
const ARPHRD_ETHER = 1;
const IFF_UP = 1;
/** `IFNAMSIZ`, with the zero at the end. */
const nameBytes = 16;
const requestSize = 40;

/** @throws {NetdevError} for a name that no interface can have. */
export function checkInterfaceName(name: string): void {
  if (!/^[^\s/\0]+$/.test(name) || name === "." || name === ".." || Buffer.byteLength(name) >= nameBytes)
    throw new NetdevError(
      "BAD_SPECIFICATION",
      `'${name}' is not the name of an interface: 1 to 15 bytes, no / and no space`,
    );
}

/** An ifreq with the interface's name; the union is at 16. */
export function interfaceRequest(name: string): DataView {
  const request = new DataView(new ArrayBuffer(requestSize));
  new Uint8Array(request.buffer).set(Buffer.from(name));
  return request;
}

export interface InterfaceSettings {
  /** An IPv4 address and the length of its prefix. */
  readonly address?: { readonly address: number; readonly prefix: number } | undefined;
  readonly mac?: Uint8Array | undefined;
  readonly mtu?: number | undefined;
  readonly up?: boolean | undefined;
}

/** Sets what is given at an interface. @throws {NetdevError} */
export function configureInterface(name: string, settings: InterfaceSettings): void {
  const c = libc();
  withSocket(c, (fd) => {
    const ask = (request: keyof typeof requests, what: string, fill?: (view: DataView) => void): DataView => {
      const view = interfaceRequest(name);
      fill?.(view);
      if (c.ioctl(fd, requests[request], c.addressOf(view)) < 0) throw refused(`${what} of ${name}`, c.errno());
      return view;
    };
    const inet = (address: number) => (view: DataView) => {
      view.setUint16(nameBytes, AF_INET, true);
      view.setUint32(nameBytes + 4, address);
    };
    const { address, mac, mtu, up } = settings;
    if (mac)
      ask("SIOCSIFHWADDR", "cannot set the Ethernet address", (view) => {
        view.setUint16(nameBytes, ARPHRD_ETHER, true);
        new Uint8Array(view.buffer).set(mac, nameBytes + 2);
      });
    if (mtu !== undefined)
      ask("SIOCSIFMTU", `cannot set the MTU ${mtu}`, (view) => view.setInt32(nameBytes, mtu, true));
    if (address) {
      ask("SIOCSIFADDR", "cannot set the address", inet(address.address));
      ask("SIOCSIFNETMASK", "cannot set the prefix", inet(address.prefix === 0 ? 0 : -1 << (32 - address.prefix)));
    }
    if (up) {
      const flags = ask("SIOCGIFFLAGS", "cannot read the flags").getUint16(nameBytes, true);
      ask("SIOCSIFFLAGS", "cannot switch on", (view) => view.setUint16(nameBytes, flags | IFF_UP, true));
    }
  });
}

/** The MTU of an interface. @throws {NetdevError} */
export function interfaceMtu(name: string): number {
  const c = libc();
  return withSocket(c, (fd) => {
    const view = interfaceRequest(name);
    if (c.ioctl(fd, requests.SIOCGIFMTU, c.addressOf(view)) < 0)
      throw refused(`cannot read the MTU of ${name}`, c.errno());
    return view.getInt32(nameBytes, true);
  });
}

function withSocket<T>(c: Libc, use: (fd: number) => T): T {
  const fd = c.socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) throw refused("cannot make a socket", c.errno());
  try {
    return use(fd);
  } finally {
    c.close(fd);
  }
}

/** What an error number means, and what to do about it. */
export function refused(what: string, number: number): NetdevError {
  switch (number) {
    case errno.EPERM:
    case errno.EACCES:
      return new NetdevError(
        "NO_PERMISSION",
        `${what}: not permitted; run as root, or give the program CAP_NET_ADMIN and CAP_NET_RAW`,
      );
    case errno.ENODEV:
    case errno.ENXIO:
      return new NetdevError("NO_DEVICE", `${what}: no such interface; 'ip link' lists those that there are`);
    case errno.EBUSY:
      return new NetdevError("IN_USE", `${what}: another program uses it`);
    default:
      return new NetdevError("SYSTEM", `${what}: ${errnoName(number)}`);
  }
}
