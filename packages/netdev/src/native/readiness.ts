/**
 * Tells when file descriptors become readable: one epoll instance for the process, waited for by one thread of libuv's pool.
 *
 * Edge-triggered: a descriptor is told of once each time something arrives, and no system call is needed to go to sleep. Whoever
 * is told reads until there is nothing (`EAGAIN`). A round from the kernel to the loop takes about 10 µs.
 */
import { type Libc, libc } from "./libc.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLLET = 0x8000_0000;
const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;

/** `struct epoll_event` is packed on x86-64 alone. */
const dataAt = process.arch === "x64" ? 4 : 8;
const eventSize = dataAt + 8;
const eventsAtOnce = 64;

class Readiness {
  private readonly c: Libc;
  private readonly epoll: number;
  /** Readable when the thread is to come back, as the process ends or nobody is left. */
  private readonly bell: number;
  private readonly events = new DataView(new ArrayBuffer(eventSize * eventsAtOnce));
  private readonly event = new DataView(new ArrayBuffer(eventSize));
  private readonly one = BigUint64Array.of(1n);
  private readonly count = new BigUint64Array(1);
  private readonly listeners = new Map<number, () => void>();
  private waiting = false;

  constructor(c: Libc) {
    this.c = c;
    this.epoll = c.epollCreate(CLOEXEC);
    this.bell = c.eventfd(0, NONBLOCK | CLOEXEC);
    this.control(EPOLL_CTL_ADD, this.bell);
    // A thread that waits would keep the process from ending.
    process.on("exit", () => this.ring());
  }

  watch(fd: number, listener: () => void): void {
    this.listeners.set(fd, listener);
    this.control(EPOLL_CTL_ADD, fd);
    this.wait();
  }
  /** Before the descriptor is closed. */
  unwatch(fd: number): void {
    if (!this.listeners.delete(fd)) return;
    this.control(EPOLL_CTL_DEL, fd);
    if (this.listeners.size === 0) this.ring();
  }

  private control(operation: number, fd: number): void {
    this.event.setUint32(0, fd === this.bell ? EPOLLIN : EPOLLIN | EPOLLET, true);
    this.event.setUint32(dataAt, fd, true);
    this.c.epollCtl(this.epoll, operation, fd, this.c.addressOf(this.event));
  }
  private ring(): void {
    if (this.waiting) this.c.write(this.bell, this.c.addressOf(this.one), 8);
  }
  private wait(): void {
    if (this.waiting) return;
    this.waiting = true;
    this.c.epollWait(this.epoll, this.c.addressOf(this.events), eventsAtOnce, (_error, count) => {
      this.waiting = false;
      for (let i = 0; i < count; i++) {
        const fd = this.events.getUint32(i * eventSize + dataAt, true);
        if (fd === this.bell) this.c.read(this.bell, this.c.addressOf(this.count), 8);
        else this.listeners.get(fd)?.();
      }
      if (this.listeners.size > 0) this.wait();
    });
  }
}

let only: Readiness | undefined;

/** Calls back when a descriptor becomes readable. @returns ends it, and must be called before the descriptor is closed. */
export function onReadable(fd: number, listener: () => void): () => void {
  only ??= new Readiness(libc());
  const readiness = only;
  readiness.watch(fd, listener);
  return () => readiness.unwatch(fd);
}
