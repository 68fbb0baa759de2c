/**
 * Messages of the spanning tree protocol, as they stand in an Ethernet frame behind its length.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const table = {
  name: "bridge message",
  reference: "IEEE 802.1D-1998 section 9.3; IEEE 802.2 section 3.2",
  fields: {
    dsap: { bits: 8, rfc: "DSAP address", usual: 0x42 },
    ssap: { bits: 8, rfc: "SSAP address", usual: 0x42 },
    control: { bits: 8, rfc: "Control", usual: 3 },
    protocol: { bits: 16, rfc: "Protocol Identifier" },
    version: { bits: 8, rfc: "Protocol Version Identifier" },
    type: { bits: 8, rfc: "BPDU Type" },
    tca: { bits: 1, rfc: "Topology Change Acknowledgment" },
    reserved: { bits: 6, rfc: "Flags" },
    tc: { bits: 1, rfc: "Topology Change" },
    rootHigh: { bits: 32, rfc: "Root Identifier, its first four bytes" },
    rootLow: { bits: 32, rfc: "Root Identifier, its last four bytes" },
    cost: { bits: 32, rfc: "Root Path Cost" },
    bridgeHigh: { bits: 32, rfc: "Bridge Identifier, its first four bytes" },
    bridgeLow: { bits: 32, rfc: "Bridge Identifier, its last four bytes" },
    port: { bits: 16, rfc: "Port Identifier" },
    messageAge: { bits: 16, rfc: "Message Age" },
    maxAge: { bits: 16, rfc: "Max Age" },
    helloTime: { bits: 16, rfc: "Hello Time" },
    forwardDelay: { bits: 16, rfc: "Forward Delay" },
  },
} as const;
/** With the LLC header in front. Times are in 256ths of a second. */
export const bridgeMessage: Format<typeof table> = format(table);

/** `BPDU Type`. */
export const bridgeMessageTypes = { configuration: 0, topologyChange: 128 } as const;

/** What the length of an Ethernet frame says of each: what follows, but for the padding. */
export const bridgeMessageLengths = { configuration: 38, topologyChange: 7 } as const;

/** Who messages are sent to: all bridges. */
export const bridgeGroupAddress: Uint8Array = Uint8Array.from([0x01, 0x80, 0xc2, 0x00, 0x00, 0x00]);
