/** Requests and responses of the netif protocol, xen/include/public/io/netif.h; little endian. */
import { type HostFields, i16, type Struct, struct, type U32Field, u8, u16, u32 } from "@clickos/layout";

export const netifTxRequest: Struct<{
  gref: U32Field;
  offset: U32Field;
  flags: U32Field;
  id: U32Field;
  size: U32Field;
}> = struct({ gref: u32, offset: u16, flags: u16, id: u16, size: u16 }, { name: "netif_tx_request" });
export const netifTxResponse: Struct<{ id: U32Field; status: U32Field }> = struct(
  { id: u16, status: i16 },
  { name: "netif_tx_response" },
);
export const netifRxRequest: Struct<{ id: U32Field; pad: U32Field; gref: U32Field }> = struct(
  { id: u16, pad: u16, gref: u32 },
  { name: "netif_rx_request" },
);
export const netifRxResponse: Struct<{ id: U32Field; offset: U32Field; flags: U32Field; status: U32Field }> = struct(
  { id: u16, offset: u16, flags: u16, status: i16 },
  { name: "netif_rx_response" },
);
/**
 * `struct netif_extra_info`: type, flags and six bytes that depend on the type: for `XEN_NETIF_EXTRA_TYPE.gso` the
 * segment size (a), its kind (low byte of b) and features (c); for multicast addresses the six bytes of one.
 */
export const netifExtraInfo: Struct<{ type: U32Field; flags: U32Field; a: U32Field; b: U32Field; c: U32Field }> =
  struct({ type: u8, flags: u8, a: u16, b: u16, c: u16 }, { name: "netif_extra_info" });

export const NETIF_RSP = { dropped: -2, error: -1, okay: 0, null: 1 } as const;
/** Flags of transmit requests, `NETTXF_*`; those of receive responses, `NETRXF_*`, have the first two the other way round. */
export const NETTXF = { csumBlank: 1, dataValidated: 2, moreData: 4, extraInfo: 8 } as const;
export const NETRXF = { dataValidated: 1, csumBlank: 2, moreData: 4, extraInfo: 8, gsoPrefix: 16 } as const;
export const XEN_NETIF_EXTRA_TYPE = { none: 0, gso: 1, mcastAdd: 2, mcastDel: 3, hash: 4, xdp: 5 } as const;
/** Another extra info follows. */
export const XEN_NETIF_EXTRA_FLAG_MORE = 1;
/** Slots of one packet that every back end takes (`XEN_NETIF_NR_SLOTS_MIN`). */
export const maximumPacketSlots = 18;

/** The request and response of a ring; a slot holds either. */
export interface RingProtocol<Request extends object, Response extends object> {
  readonly request: Struct<any> & { readonly hostType?: Request };
  readonly response: Struct<any> & { readonly hostType?: Response };
}

/** The host's values of a struct. */
export type Host<S> = S extends Struct<infer F> ? HostFields<F> : never;
export type NetifTxRequest = Host<typeof netifTxRequest>;
export type NetifTxResponse = Host<typeof netifTxResponse>;
export type NetifRxRequest = Host<typeof netifRxRequest>;
export type NetifRxResponse = Host<typeof netifRxResponse>;

export const netifTx: RingProtocol<NetifTxRequest, NetifTxResponse> = {
  request: netifTxRequest,
  response: netifTxResponse,
};
export const netifRx: RingProtocol<NetifRxRequest, NetifRxResponse> = {
  request: netifRxRequest,
  response: netifRxResponse,
};
