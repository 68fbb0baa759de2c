/**
 * The EEPROM and what is around it, section 6 and 8.2.3.2: words that EERD reads, among them the MAC address and a checksum; and the
 * semaphores that software shares with firmware, of which there is none here.
 *
 * The words are those that drivers look at: pointers to sections, of which only LAN core 0 is there, and the checksum.
 */
import type { RegisterFile } from "./register-file.ts";
import * as R from "./registers.ts";

/** EEC.EE_Size: 2^(6 + this) words. */
const sizeCode = 4;
const wordCount = 1 << (6 + sizeCode);
/** Words 0x03 to 0x0f point to sections; 0xffff is none. */
const firstPointer = 0x03;
const lastPointer = 0x0f;
const corePointer = 0x09;
const coreSection = 0x40;
/** All words up to here, and those of the sections, come to this sum. */
const checksumWord = 0x3f;
const checksum = 0xbaba;

/** The words of a NIC with an address. */
export function eepromWords(mac: Uint8Array): Uint16Array {
  const words = new Uint16Array(wordCount);
  words.fill(0xffff, firstPointer, lastPointer + 1);
  words[corePointer] = coreSection;
  words[coreSection] = 3;
  for (let i = 0; i < 3; i++) words[coreSection + 1 + i] = (mac[i * 2] as number) | ((mac[i * 2 + 1] as number) << 8);
  let sum = 0;
  for (let i = 0; i < checksumWord; i++) sum += words[i] as number;
  for (let i = 1; i <= 3; i++) sum += words[coreSection + i] as number;
  words[checksumWord] = checksum - sum;
  return words;
}

export class Eeprom {
  private readonly words: Uint16Array;
  private readonly file: RegisterFile;
  /** SWSM.SMBI and SWESMBI. */
  private semaphore = 0;

  constructor(file: RegisterFile, mac: Uint8Array) {
    this.words = eepromWords(mac);
    this.file = file;
    file.onRead("EEC", () => {
      // The EEPROM is there, has been read, and is granted to whoever asks.
      const asked = file.get("EEC") & R.EEC_REQ;
      return asked | (asked ? R.EEC_GNT : 0) | R.EEC_PRES | R.EEC_AUTO_RD | (sizeCode << R.EEC_SIZE_SHIFT);
    });
    file.onWrite("EEC", (value) => file.set("EEC", value & R.EEC_REQ));
    file.onRead("EERD", () => file.get("EERD"));
    file.onWrite("EERD", (value) => file.set("EERD", this.readWord(value)));
    file.onRead("SWSM", () => {
      const was = this.semaphore;
      // Reading takes it.
      this.semaphore |= R.SWSM_SMBI;
      return was;
    });
    file.onWrite("SWSM", (value) => {
      this.semaphore = value & (R.SWSM_SMBI | R.SWSM_SWESMBI);
    });
  }

  /** After a reset: address 0 is read from the EEPROM. */
  reset(): void {
    const [a = 0, b = 0, c = 0] = this.words.subarray(coreSection + 1);
    this.file.set("RAL", (a | (b << 16)) >>> 0);
    this.file.set("RAH", (c | R.RAH_AV) >>> 0);
    this.semaphore = 0;
  }

  private readWord(command: number): number {
    if ((command & R.EERD_START) === 0) return command;
    const address = (command >>> R.EERD_ADDR_SHIFT) & 0x3fff;
    const word = this.words[address] ?? 0xffff;
    return ((word << R.EERD_DATA_SHIFT) | (address << R.EERD_ADDR_SHIFT) | R.EERD_DONE) >>> 0;
  }
}
