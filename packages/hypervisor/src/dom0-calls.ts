/** Hypercalls that domain 0 answers, whatever thread asks: event channels and grants. */
import {
  type CopyEnd,
  createGrantOperations,
  GNTST,
  type GrantingDomain,
  type GrantMapper,
} from "@clickos/grant-table";
import { type EventChannels, EventError } from "@clickos/xen-evtchn";
import { DOMID_SELF, EVTCHNOP, errno, GNTTABOP } from "./hypercalls.ts";

/** `EVTCHNSTAT_*` */
const statusNumbers = { closed: 0, unbound: 1, interdomain: 2, virq: 4, ipi: 5 } as const;
const eventErrors = {
  NO_DOMAIN: errno.ESRCH,
  NO_PORT: errno.EINVAL,
  NOT_UNBOUND: errno.EINVAL,
  NO_SPACE: errno.ENOSPC,
};

export interface Dom0Parts {
  readonly events: EventChannels;
  find(id: number): GrantingDomain | undefined;
  /** A mapper in the name of a guest. */
  mapper(id: number): GrantMapper;
}

export function answerCall(dom0: Dom0Parts, id: number, number: number, command: number, a: number, b: number): number {
  if (number === 32) return eventChannelOp(dom0.events, id, command, a >>> 0, b >>> 0);
  if (number === 20) return grantTableOp(dom0, id, command, a >>> 0, b >>> 0);
  return errno.ENOSYS;
}

function eventChannelOp(events: EventChannels, id: number, command: number, a: number, b: number): number {
  try {
    switch (command) {
      case EVTCHNOP.allocUnbound:
        return events.allocUnbound(id, a === DOMID_SELF ? id : a);
      case EVTCHNOP.bindInterdomain:
        return events.bindInterdomain(id, a === DOMID_SELF ? id : a, b);
      case EVTCHNOP.bindVirq:
        return a < 24 ? events.bindVirq(id, a) : errno.EINVAL;
      case EVTCHNOP.bindIpi:
        return a === 0 ? events.bindIpi(id, a) : errno.ENOENT;
      case EVTCHNOP.status:
        return statusNumbers[events.status(id, a).state];
      case EVTCHNOP.close:
        events.close(id, a);
        return 0;
      case EVTCHNOP.unmask:
        events.unmask(id, a);
        return 0;
      case EVTCHNOP.reset:
        events.reset(id);
        return 0;
      default:
        return errno.ENOSYS;
    }
  } catch (e) {
    if (e instanceof EventError) return eventErrors[e.code];
    throw e;
  }
}

/** `gnttab_copy`, 40 bytes: source and destination of 16 (reference or frame, domain, offset), length, flags, status. */
function grantTableOp(dom0: Dom0Parts, id: number, command: number, address: number, count: number): number {
  const self = dom0.find(id);
  if (!self) return errno.ESRCH;
  const { buffer } = self.memory;
  const data = new DataView(buffer);
  const size = command === GNTTABOP.copy ? 40 * count : 16;
  if (address + size > buffer.byteLength) return errno.EFAULT;
  const operations = createGrantOperations(dom0.mapper(id), self.memory, (domain) => dom0.find(domain));
  const domainOf = (domain: number): number => (domain === DOMID_SELF ? id : domain);
  if (command === GNTTABOP.querySize) {
    const { status, frames, maximumFrames } = operations.querySize(domainOf(data.getUint16(address, true)));
    data.setUint32(address + 4, frames, true);
    data.setUint32(address + 8, maximumFrames, true);
    data.setInt16(address + 12, status, true);
    return 0;
  }
  if (command !== GNTTABOP.copy) return errno.ENOSYS;
  for (let i = 0; i < count; i++) {
    const at = address + i * 40;
    const flags = data.getUint16(at + 34, true);
    const end = (offset: number, granted: boolean): CopyEnd | undefined => {
      const number = data.getUint32(at + offset, true);
      const domain = domainOf(data.getUint16(at + offset + 8, true));
      const start = data.getUint16(at + offset + 10, true);
      if (granted) return { domain, ref: number, offset: start };
      return domain === id ? { frame: number, offset: start } : undefined;
    };
    const source = end(0, (flags & 1) !== 0);
    const destination = end(16, (flags & 2) !== 0);
    const status =
      source && destination
        ? operations.copy(source, destination, data.getUint16(at + 32, true))
        : GNTST.permissionDenied;
    data.setInt16(at + 36, status, true);
  }
  return 0;
}
