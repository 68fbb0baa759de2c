/**
 * Xen's shared rings with notification hold-off, the netif requests that travel on them, and the netmap ring.
 *
 * @packageDocumentation
 */

export type { Host, NetifRxRequest, NetifRxResponse, NetifTxRequest, NetifTxResponse, RingProtocol } from "./netif.ts";
export {
  maximumPacketSlots,
  NETIF_RSP,
  NETRXF,
  NETTXF,
  netifExtraInfo,
  netifRx,
  netifRxRequest,
  netifRxResponse,
  netifTx,
  netifTxRequest,
  netifTxResponse,
  XEN_NETIF_EXTRA_FLAG_MORE,
  XEN_NETIF_EXTRA_TYPE,
} from "./netif.ts";
export {
  maximumFrameSlots,
  NS,
  netmapRing,
  netmapSlot,
  rfragsShift,
  ringSlots,
  type SlotFields,
} from "./netmap-ring.ts";
export { type BackRing, createRing, type FrontRing, RingError, type RingPage, ringSize, sring } from "./shared-ring.ts";
export { xenbusState } from "./xenbus.ts";
