/**
 * DHCP for IPv4, as far as servers and clients of Ethernet need it.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";
import { type OptionList, optionList } from "./option-list.ts";

const table = {
  name: "DHCP",
  reference: "RFC 2131 section 2",
  fields: {
    op: { bits: 8, rfc: "op" },
    hardwareType: { bits: 8, rfc: "htype", usual: 1 },
    hardwareLength: { bits: 8, rfc: "hlen", usual: 6 },
    hops: { bits: 8, rfc: "hops" },
    transaction: { bits: 32, rfc: "xid" },
    seconds: { bits: 16, rfc: "secs" },
    broadcast: { bits: 1, rfc: "B" },
    reservedFlags: { bits: 15, rfc: "MBZ" },
    clientAddress: { bits: 32, rfc: "ciaddr" },
    yourAddress: { bits: 32, rfc: "yiaddr" },
    serverAddress: { bits: 32, rfc: "siaddr" },
    relayAddress: { bits: 32, rfc: "giaddr" },
    clientHardware: { bytes: 6, rfc: "chaddr" },
    hardwarePadding: { bytes: 10, rfc: "chaddr" },
    flags: { over: ["broadcast", "reservedFlags"], rfc: "flags" },
  },
} as const;
/** The fields up to the names, which `dhcpNames` has. */
export const dhcp: Format<typeof table> = format(table);

/** Bytes of the names between those fields and the cookie: `sname` and `file`, which end with a zero byte. */
export const dhcpNames = { serverName: 64, file: 128, size: 192 } as const;

const cookieTable = {
  name: "DHCP cookie",
  reference: "RFC 2131 section 3",
  fields: { cookie: { bits: 32, rfc: "magic cookie", is: 0x63825363 } },
} as const;
/** What says that options follow. */
export const dhcpCookie: Format<typeof cookieTable> = format(cookieTable);

export const dhcpPorts = { server: 67, client: 68 } as const;

export const dhcpOps = { request: 1, reply: 2 } as const;

export const dhcpOptions: OptionList = optionList({
  name: "DHCP options",
  reference: "RFC 2132 section 2",
  kindBytes: 1,
  lengthBytes: 1,
  unit: 1,
  counts: "value",
  end: 255,
  single: [0],
});

/** RFC 2132. */
export const dhcpOptionKinds = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  nameServer: 6,
  domainName: 15,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  server: 54,
  renewalTime: 58,
  rebindingTime: 59,
  bootFile: 67,
  end: 255,
} as const;

/** RFC 2132 section 9.6. */
export const dhcpMessages = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

const byteTable = {
  name: "DHCP option of a byte",
  reference: "RFC 2132 section 9.6",
  fields: {
    kind: { bits: 8, rfc: "Code", usual: 53 },
    length: { bits: 8, rfc: "Len", usual: 1 },
    value: { bits: 8, rfc: "Type" },
  },
} as const;
/** An option whose value is a byte: the message type. */
export const dhcpByteOption: Format<typeof byteTable> = format(byteTable);

const addressTable = {
  name: "DHCP option of an address",
  reference: "RFC 2132 section 9.1",
  fields: {
    kind: { bits: 8, rfc: "Code" },
    length: { bits: 8, rfc: "Len", usual: 4 },
    value: { bits: 32, rfc: "Address" },
  },
} as const;
/** An option whose value is an address. */
export const dhcpAddressOption: Format<typeof addressTable> = format(addressTable);
