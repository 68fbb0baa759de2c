/**
 * Xen event channels over a shared-info page, in the 2-level layout, or in one of three levels for thousands of channels.
 *
 * @packageDocumentation
 */
export { type EventEndpoint, highestPortOf, raiseVirq, sendEvent, takePending } from "./delivery.ts";
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
export {
  type EventWords,
  portCount,
  sharedInfo,
  threeLevels,
  twoLevels,
  type VcpuFields,
  vcpuInfo,
  widePortCount,
} from "./layout.ts";
