/** Addresses and VLANs as the two numbers that tables of them have; addresses of groups, too. */
import { lastVid } from "../vlan-rules.ts";

/** A VID stands in the high half of the number that has an address's first two bytes. */
export const vidShift = 16;

export interface AddressKey {
  /** Bytes 2 to 5 of the address, the first of them lowest. */
  readonly high: number;
  /** Bytes 0 and 1, and the VID above; VID 0 for any VLAN. */
  readonly low: number;
}

/** Reads an address; `undefined` when it is none, or the VLAN is not one from 1 to 4094. */
export function addressKey(address: string, vlan: number | undefined): AddressKey | undefined {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(address)) return undefined;
  if (vlan !== undefined && !(Number.isInteger(vlan) && vlan >= 1 && vlan <= lastVid)) return undefined;
  const b = address.split(":").map((part) => Number.parseInt(part, 16)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    high: b[2] | (b[3] << 8) | (b[4] << 16) | (b[5] << 24),
    low: b[0] | (b[1] << 8) | ((vlan ?? 0) << vidShift),
  };
}
