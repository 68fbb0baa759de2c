/**
 * Which frames the NIC takes, section 7.1.1: by the destination address, then by the VLAN.
 *
 * A frame is taken for an exact address (RAL, RAH), a multicast address whose bit in the multicast table is set (MTA), or because a
 * promiscuous mode says so. Tagged frames must be in the VLAN filter table (VFTA) where that is enabled.
 */
import { tagCfi, tagId } from "./headers.ts";
import type { Inspection } from "./inspection.ts";
import type { RegisterFile } from "./register-file.ts";
import * as R from "./registers.ts";

/** RAL and RAH. */
const exactAddresses = 128;

/** By MCSTCTRL.MO, where twelve bits of an address's last two bytes begin: its bits 47:36, 46:35, 45:34 or 43:32. */
const multicastShifts: readonly number[] = [4, 3, 2, 0];

export class AddressFilter {
  private readonly file: RegisterFile;
  /** The exact addresses that are valid, as two words each; worked out when one was written. */
  private readonly exact = new Uint32Array(exactAddresses * 2);
  private exactCount = 0;
  private stale = true;
  private fctrl = 0;
  private vlnctrl = 0;
  private mcstctrl = 0;
  /** Whether the last frame was taken only because of the multicast table: PIF. */
  inexact = false;

  constructor(file: RegisterFile) {
    this.file = file;
    const read = (): void => this.read();
    for (const name of ["RAL", "RAH", "FCTRL", "VLNCTRL", "MCSTCTRL"] as const) file.onWrite(name, read);
  }
  /** Reads the registers again, after a reset. */
  read(): void {
    this.stale = true;
    this.fctrl = this.file.get("FCTRL");
    this.vlnctrl = this.file.get("VLNCTRL");
    this.mcstctrl = this.file.get("MCSTCTRL");
  }
  /** The EtherType of tags. */
  get tagType(): number {
    return this.vlnctrl & 0xffff;
  }

  /** Whether every frame is taken, whatever it is. */
  get takesAll(): boolean {
    const all = R.FCTRL_UPE | R.FCTRL_MPE;
    return (this.fctrl & all) === all && (this.vlnctrl & R.VLNCTRL_VFE) === 0;
  }

  accepts(frame: Inspection): boolean {
    return frame.length >= 6 && this.acceptsAddress(frame.bytes, frame.at) && this.acceptsTag(frame.tag);
  }

  private acceptsAddress(bytes: Uint8Array, at: number): boolean {
    this.inexact = false;
    const { fctrl, mcstctrl } = this;
    const low = (word16(bytes, at) | (word16(bytes, at + 2) << 16)) >>> 0;
    const high = word16(bytes, at + 4);
    if ((low & 1) === 0) return (fctrl & R.FCTRL_UPE) !== 0 || this.isExact(low, high);
    if (low === 0xffffffff && high === 0xffff) return (fctrl & (R.FCTRL_BAM | R.FCTRL_MPE)) !== 0;
    if ((fctrl & R.FCTRL_MPE) !== 0 || this.isExact(low, high)) return true;
    if ((mcstctrl & R.MCSTCTRL_MFE) === 0) return false;
    const shift = multicastShifts[mcstctrl & R.MCSTCTRL_MO] as number;
    const bit = (high >>> shift) & 0xfff;
    this.inexact = ((this.file.get("MTA", bit >> 5) >>> (bit & 31)) & 1) !== 0;
    return this.inexact;
  }
  private acceptsTag(tag: number): boolean {
    if (tag < 0) return true;
    const { vlnctrl } = this;
    if ((vlnctrl & R.VLNCTRL_VFE) === 0) return true;
    if ((vlnctrl & R.VLNCTRL_CFIEN) !== 0 && ((tag & tagCfi) !== 0) !== ((vlnctrl & R.VLNCTRL_CFI) !== 0)) return false;
    const id = tag & tagId;
    return ((this.file.get("VFTA", id >> 5) >>> (id & 31)) & 1) !== 0;
  }

  private isExact(low: number, high: number): boolean {
    if (this.stale) this.readAddresses();
    for (let i = 0; i < this.exactCount; i++)
      if (this.exact[i * 2] === low && this.exact[i * 2 + 1] === high) return true;
    return false;
  }
  private readAddresses(): void {
    this.exactCount = 0;
    for (let n = 0; n < exactAddresses; n++) {
      const high = this.file.get("RAH", n);
      if ((high & R.RAH_AV) === 0) continue;
      this.exact[this.exactCount * 2] = this.file.get("RAL", n);
      this.exact[this.exactCount * 2 + 1] = high & 0xffff;
      this.exactCount++;
    }
    this.stale = false;
  }
}

/** Two bytes as the registers have them: the first is the lowest. */
function word16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
