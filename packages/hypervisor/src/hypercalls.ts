/**
 * The hypercalls, in one table: what a guest may ask for. Numbers, commands and argument structures are those of
 * xen/include/public (xen.h, event_channel.h, grant_table.h, sched.h), little endian, x86-64 layouts. Whatever a guest
 * gives, the answer is a number: 0 or a result, or one of Xen's error numbers, negative.
 */
import type { GuestContext } from "./guest-context.ts";

export const errno = {
  EPERM: -1,
  ENOENT: -2,
  ESRCH: -3,
  EAGAIN: -11,
  EFAULT: -14,
  EINVAL: -22,
  ENOSPC: -28,
  ENOSYS: -38,
} as const;

/** `EVTCHNOP_*`. */
export const EVTCHNOP = {
  bindInterdomain: 0,
  bindVirq: 1,
  close: 3,
  send: 4,
  status: 5,
  allocUnbound: 6,
  bindIpi: 7,
  unmask: 9,
  reset: 10,
} as const;

/** `GNTTABOP_*`. Frames of others cannot appear in a module's one memory: they are copied. */
export const GNTTABOP = { copy: 5, querySize: 6 } as const;

/** `SCHEDOP_*`. */
export const SCHEDOP = { yield: 0, block: 1, shutdown: 2 } as const;

/** Why a domain shut down, `SHUTDOWN_*`. */
export const shutdownReasons = ["poweroff", "reboot", "suspend", "crash", "watchdog", "soft_reset"] as const;
export type ShutdownReason = (typeof shutdownReasons)[number];

/** `DOMID_SELF`. */
export const DOMID_SELF = 0x7ff0;

/** Bytes of one console write. */
const consoleWrite = 4096;
/** Copies of one hypercall. */
const copiesAtOnce = 64;

export interface Hypercall {
  /** Name of the import, in the module `xen`. */
  readonly name: string;
  /** `__HYPERVISOR_*`; the fast ones have the number of the one they stand for. */
  readonly number: number;
  readonly params: readonly ("i32" | "i64")[];
  readonly result?: "i32";
  readonly what: string;
}
/** With what it does. */
export interface HypercallImplementation extends Hypercall {
  run(guest: GuestContext, ...args: never[]): number | undefined;
}

function hypercall<A extends unknown[]>(
  h: Hypercall & { run(guest: GuestContext, ...args: A): number | undefined },
): HypercallImplementation {
  return h as unknown as HypercallImplementation;
}

export const implementations: readonly HypercallImplementation[] = [
  hypercall({
    name: "set_timer_op",
    number: 15,
    params: ["i64"],
    what: "runs the domain at this time of its own; 0 for never",
    run: (guest, at: bigint) => void guest.setTimer(at),
  }),
  hypercall({
    name: "console_io",
    number: 18,
    params: ["i32", "i32"],
    what: `CONSOLEIO_write: an address and a length, ${consoleWrite} bytes at most; after what is in the console's ring`,
    run: (guest, address: number, length: number) => {
      const bytes = guest.bytes(address >>> 0, Math.min(length >>> 0, consoleWrite));
      if (bytes) guest.consoleWrite(bytes);
      return undefined;
    },
  }),
  hypercall({
    name: "grant_table_op",
    number: 20,
    params: ["i32", "i32", "i32"],
    result: "i32",
    what: "copy (gnttab_copy), query_size (gnttab_query_size): a command, the address of structures, how many",
    run: (guest, command: number, address: number, count: number) => {
      if (command === GNTTABOP.copy) {
        if (count >>> 0 > copiesAtOnce) return errno.EINVAL;
        return guest.bytes(address >>> 0, count * 40) ? guest.ask(20, command, address, count) : errno.EFAULT;
      }
      if (command === GNTTABOP.querySize)
        return guest.bytes(address >>> 0, 16) ? guest.ask(20, command, address, count) : errno.EFAULT;
      return errno.ENOSYS;
    },
  }),
  hypercall({
    name: "sched_op",
    number: 29,
    params: ["i32", "i32"],
    result: "i32",
    what: "yield and block (a guest does so by returning: they do nothing); shutdown with a reason",
    run: (guest, command: number, reason: number) => {
      if (command === SCHEDOP.yield || command === SCHEDOP.block) return 0;
      if (command !== SCHEDOP.shutdown) return errno.ENOSYS;
      const name = shutdownReasons[reason >>> 0];
      if (!name) return errno.EINVAL;
      guest.shutdown(name);
      return 0;
    },
  }),
  hypercall({
    name: "event_channel_op",
    number: 32,
    params: ["i32", "i32"],
    result: "i32",
    what: "alloc_unbound, bind_interdomain, bind_virq, bind_ipi, close, send, status, unmask, reset: a command and the address of its structure",
    run: (guest, command: number, address: number) => {
      const bytes = guest.bytes(address >>> 0, 24);
      if (!bytes) return errno.EFAULT;
      const data = new DataView(bytes.buffer, bytes.byteOffset, 24);
      const u16 = (at: number): number => data.getUint16(at, true);
      const u32 = (at: number): number => data.getUint32(at, true);
      /** Writes a port that was made to its place in the structure. */
      const made = (at: number, port: number): number => {
        if (port < 0) return port;
        data.setUint32(at, port, true);
        return 0;
      };
      switch (command) {
        case EVTCHNOP.allocUnbound:
          return u16(0) === DOMID_SELF || u16(0) === guest.id ? made(4, guest.eventOp(command, u16(2))) : errno.EPERM;
        case EVTCHNOP.bindInterdomain:
          return made(8, guest.eventOp(command, u16(0), u32(4)));
        case EVTCHNOP.bindVirq:
          return made(8, guest.eventOp(command, u32(0)));
        case EVTCHNOP.bindIpi:
          return made(4, guest.eventOp(command, u32(0)));
        case EVTCHNOP.status: {
          if (u16(0) !== DOMID_SELF && u16(0) !== guest.id) return errno.EPERM;
          const status = guest.eventOp(command, u32(4));
          if (status < 0) return status;
          data.setUint32(8, status, true);
          return 0;
        }
        case EVTCHNOP.send:
        case EVTCHNOP.close:
        case EVTCHNOP.unmask:
          return guest.eventOp(command, u32(0));
        case EVTCHNOP.reset:
          return guest.eventOp(command, 0);
        default:
          return errno.ENOSYS;
      }
    },
  }),
  hypercall({
    name: "evtchn_send",
    number: 32,
    params: ["i32"],
    what: "EVTCHNOP_send of a port, without a structure",
    run: (guest, port: number) => void guest.eventSend(port),
  }),
];

/** Everything a guest can ask for. */
export const hypercalls: readonly Hypercall[] = implementations;
