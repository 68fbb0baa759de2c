/**
 * Records of traces of DAG cards, ERF: "EDM11-01 ERF Types", Endace. Numbers are big endian but for the time, which is a fixed-point number of
 * 64 bits, seconds since 1970 above, little endian.
 */
import { linkTypes } from "../lib/link-types.ts";

const second = 1_000_000_000n;
const half = 0xffffffffn;

/** What follows a record's header: a link type, bytes before the packet, and bytes on the wire that are none of it. */
interface Kind {
  readonly linkType: number;
  readonly padding: number;
  readonly trailer: number;
}

const atm: Kind = { linkType: linkTypes.sunAtm, padding: 0, trailer: 0 };

export const dagRecord = {
  headerBytes: 16,
  cellBytes: 64,
  /** Offsets in the header: the type, the record's length, and the packet's on the wire. */
  type: 8,
  length: 10,
  wireLength: 14,
  /** The type of records that are cells. */
  legacy: 0,
  /** By type. The length of an Ethernet frame has its check sequence in it. */
  kinds: {
    1: { linkType: linkTypes.cHdlc, padding: 0, trailer: 0 },
    2: { linkType: linkTypes.ethernet, padding: 2, trailer: 4 },
    3: atm,
    4: atm,
  } as Readonly<Record<number, Kind>>,
  /** The time in nanoseconds, rounded. */
  time(header: DataView): bigint {
    const stamp = header.getBigUint64(0, true);
    let fraction = BigInt.asUintN(64, (stamp & half) * second);
    fraction = BigInt.asUintN(64, fraction + ((fraction & 0x80000000n) << 1n));
    return (stamp >> 32n) * second + (fraction >> 32n);
  },
} as const;

/** A cell of a link type: where in its header the packet begins, and where its length on the wire is, if it has one. */
export function dagCell(linkType: number): { readonly from: number; readonly wireLength: number | undefined } {
  const { headerBytes } = dagRecord;
  switch (linkType) {
    case linkTypes.rfc1483:
    case linkTypes.ppp:
    case linkTypes.pppHdlc:
      return { from: headerBytes, wireLength: undefined };
    case linkTypes.cHdlc:
      return { from: headerBytes, wireLength: 10 };
    case linkTypes.sunAtm:
      return { from: 12, wireLength: undefined };
    case linkTypes.ethernet:
      return { from: 10, wireLength: 8 };
    default:
      return { from: 8, wireLength: undefined };
  }
}
