/**
 * The system calls that Node has not, through `koffi`, an optional dependency. Linux only.
 *
 * Memory is named by its address, a number: nothing is allocated for a call. An address stays right while its buffer lives,
 * as V8 does not move what is behind an ArrayBuffer.
 */
import { createRequire } from "node:module";
import { NetdevError } from "../error.ts";

/** What is used of koffi. */
interface Koffi {
  load(library: string): { func(name: string, result: string, parameters: readonly string[]): NativeFunction };
  address(value: ArrayBufferView): bigint;
  errno(): number;
}
interface NativeFunction {
  (...values: unknown[]): number;
  async(...values: unknown[]): void;
}

type Address = number;

export interface Libc {
  open(path: string, flags: number): number;
  close(fd: number): number;
  read(fd: number, at: Address, length: number): number;
  write(fd: number, at: Address, length: number): number;
  ioctl(fd: number, request: number, at: Address): number;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, at: Address, length: number): number;
  connect(fd: number, at: Address, length: number): number;
  setsockopt(fd: number, level: number, name: number, at: Address, length: number): number;
  getsockopt(fd: number, level: number, name: number, at: Address, length: Address): number;
  recvmsg(fd: number, header: Address, flags: number): number;
  sendmsg(fd: number, header: Address, flags: number): number;
  eventfd(value: number, flags: number): number;
  epollCreate(flags: number): number;
  epollCtl(epoll: number, operation: number, fd: number, event: Address): number;
  /** On another thread. */
  epollWait(epoll: number, events: Address, count: number, done: (error: unknown, count: number) => void): void;
  ifNameToIndex(name: string): number;
  errno(): number;
  addressOf(memory: ArrayBufferView): Address;
}

let loaded: Libc | undefined;

/** @throws {NetdevError} `NOT_AVAILABLE` */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  if (process.platform !== "linux")
    throw new NetdevError(
      "NOT_AVAILABLE",
      `TAP devices, packet sockets and UNIX datagrams need Linux; this is ${process.platform}`,
    );
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    throw new NetdevError(
      "NOT_AVAILABLE",
      "TAP devices, packet sockets and UNIX datagrams need the package koffi, which is not installed: npm install koffi",
      { cause },
    );
  }
  let library: ReturnType<Koffi["load"]>;
  try {
    library = koffi.load("libc.so.6");
  } catch {
    // As musl has it.
    library = koffi.load("libc.so");
  }
  const int = "int";
  const address = "uintptr_t";
  const size = "size_t";
  const func = (name: string, result: string, ...parameters: string[]): NativeFunction =>
    library.func(name, result, parameters);
  const wait = func("epoll_wait", int, int, address, int, int);
  return {
    open: func("open", int, "const char *", int),
    close: func("close", int, int),
    read: func("read", "intptr_t", int, address, size),
    write: func("write", "intptr_t", int, address, size),
    ioctl: func("ioctl", int, int, size, address),
    socket: func("socket", int, int, int, int),
    bind: func("bind", int, int, address, "uint32_t"),
    connect: func("connect", int, int, address, "uint32_t"),
    setsockopt: func("setsockopt", int, int, int, int, address, "uint32_t"),
    getsockopt: func("getsockopt", int, int, int, int, address, address),
    recvmsg: func("recvmsg", "intptr_t", int, address, int),
    sendmsg: func("sendmsg", "intptr_t", int, address, int),
    eventfd: func("eventfd", int, "uint32_t", int),
    epollCreate: func("epoll_create1", int, int),
    epollCtl: func("epoll_ctl", int, int, int, int, address),
    epollWait: (epoll, events, count, done) => wait.async(epoll, events, count, -1, done),
    ifNameToIndex: func("if_nametoindex", "uint32_t", "const char *"),
    errno: () => koffi.errno(),
    addressOf: (memory) => Number(koffi.address(memory)),
  };
}

/** Error numbers of Linux (asm-generic/errno-base.h, errno.h). */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  EMSGSIZE: 90,
  EBADFD: 77,
  ENETDOWN: 100,
  EADDRINUSE: 98,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
} as const;

const names = new Map<number, string>(Object.entries(errno).map(([name, number]) => [number, name]));

export function errnoName(number: number): string {
  return names.get(number) ?? `error ${number}`;
}
