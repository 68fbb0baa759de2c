/**
 * Xen event channels over a shared-info page, in the 2-level layout.
 *
 * @packageDocumentation
 */
export {
  type ChannelStatus,
  createEventChannels,
  type DomId,
  EventError,
  type EventErrorCode,
  type EventChannels,
  type EventDomain,
  type EvtchnPort,
  virq,
} from "./event-channels.ts";
export { portCount, sharedInfo, type VcpuFields, vcpuInfo } from "./layout.ts";
