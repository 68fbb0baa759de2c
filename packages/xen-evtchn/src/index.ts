/**
 * Xen event channels over a shared-info page, in the 2-level layout.
 *
 * @packageDocumentation
 */
export { type EventEndpoint, raiseVirq, sendEvent, takePending } from "./delivery.ts";
export {
  type ChannelStatus,
  createEventChannels,
  type DomId,
  type EventChannels,
  type EventDomain,
  EventError,
  type EventErrorCode,
  type EvtchnPort,
  type PortStatistics,
  virq,
} from "./event-channels.ts";
export { portCount, sharedInfo, type VcpuFields, vcpuInfo } from "./layout.ts";
