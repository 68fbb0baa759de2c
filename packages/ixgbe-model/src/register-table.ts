/**
 * The registers of the 82599 that the model has, as a table: name, offset in BAR 0, access mode, value after reset, section of
 * the datasheet. Everything else about their layout follows from it.
 *
 * Spec: Intel 82599 10 GbE Controller Datasheet 331520, revision 3.4, section 8.2.3. Offsets are those of Intel's `ixgbe_type.h`.
 */

/**
 * `RW` keeps what is written. `RO` ignores writes. `WO` reads as 0. `RC` is a counter that a read clears. `HW`: reading or writing
 * it does something, which the part of the NIC that it belongs to says.
 */
export type Access = "RW" | "RO" | "WO" | "RC" | "HW";

/** A register, or an array of them. */
export interface Register {
  readonly at: number;
  readonly access: Access;
  readonly section: string;
  /** After a reset; 0 where it is not said. */
  readonly reset?: number;
  /** Only the first of an array has that value after a reset. */
  readonly firstOnly?: true;
  /** How many there are, four bytes apart; `rx` and `tx` are those of each of 128 queues, 64 bytes apart. */
  readonly per?: number | "rx" | "tx";
  /** Bytes from one of an array to the next, where not four. */
  readonly apart?: number;
  /** Where the first of them are too, how many, and how far apart. */
  readonly alias?: readonly [at: number, count: number, apart: number];
}

const table = {
  // General control
  CTRL: { at: 0x00000, access: "HW", section: "8.2.3.1" },
  STATUS: { at: 0x00008, access: "RO", section: "8.2.3.1" },
  CTRL_EXT: { at: 0x00018, access: "RW", section: "8.2.3.1" },
  ESDP: { at: 0x00020, access: "RW", section: "8.2.3.1" },
  LEDCTL: { at: 0x00200, access: "RW", section: "8.2.3.1" },
  // EEPROM and semaphores
  EEC: { at: 0x10010, access: "HW", section: "8.2.3.2" },
  EERD: { at: 0x10014, access: "HW", section: "8.2.3.2" },
  FLA: { at: 0x1001c, access: "RW", section: "8.2.3.2" },
  SWSM: { at: 0x10140, access: "HW", section: "8.2.3.4" },
  FWSM: { at: 0x10148, access: "RO", section: "8.2.3.4" },
  SW_FW_SYNC: { at: 0x10160, access: "RW", section: "8.2.3.4" },
  GCR: { at: 0x11000, access: "RW", section: "8.2.3.4" },
  GCR_EXT: { at: 0x11050, access: "RW", section: "8.2.3.4" },
  // Flow control: kept, and without effect
  FCTTV: { at: 0x03200, access: "RW", section: "8.2.3.3", per: 4 },
  FCRTL: { at: 0x03220, access: "RW", section: "8.2.3.3", per: 8 },
  FCRTH: { at: 0x03260, access: "RW", section: "8.2.3.3", per: 8 },
  FCRTV: { at: 0x032a0, access: "RW", section: "8.2.3.3" },
  FCCFG: { at: 0x03d00, access: "RW", section: "8.2.3.3" },
  // Interrupts
  EICR: { at: 0x00800, access: "HW", section: "8.2.3.5" },
  EICS: { at: 0x00808, access: "WO", section: "8.2.3.5" },
  EIAC: { at: 0x00810, access: "RW", section: "8.2.3.5" },
  EIMS: { at: 0x00880, access: "HW", section: "8.2.3.5" },
  EIMC: { at: 0x00888, access: "WO", section: "8.2.3.5" },
  EIAM: { at: 0x00890, access: "RW", section: "8.2.3.5" },
  GPIE: { at: 0x00898, access: "RW", section: "8.2.3.5" },
  EICS_EX: { at: 0x00a90, access: "WO", section: "8.2.3.5", per: 2 },
  EIMS_EX: { at: 0x00aa0, access: "HW", section: "8.2.3.5", per: 2 },
  EIMC_EX: { at: 0x00ab0, access: "WO", section: "8.2.3.5", per: 2 },
  EIAM_EX: { at: 0x00ad0, access: "RW", section: "8.2.3.5", per: 2 },
  EITR: { at: 0x00820, access: "RW", section: "8.2.3.5", per: 24 },
  EITR24: { at: 0x12300, access: "RW", section: "8.2.3.5", per: 105 },
  IVAR: { at: 0x00900, access: "RW", section: "8.2.3.5", per: 64 },
  IVAR_MISC: { at: 0x00a00, access: "RW", section: "8.2.3.5" },
  // Receive
  FCTRL: { at: 0x05080, access: "RW", section: "8.2.3.7" },
  VLNCTRL: { at: 0x05088, access: "RW", section: "8.2.3.7", reset: 0x8100 },
  MCSTCTRL: { at: 0x05090, access: "RW", section: "8.2.3.7" },
  PSRTYPE: { at: 0x0ea00, access: "RW", section: "8.2.3.7", per: 64, alias: [0x05480, 16, 4] },
  RXCSUM: { at: 0x05000, access: "RW", section: "8.2.3.7" },
  RFCTL: { at: 0x05008, access: "RW", section: "8.2.3.7" },
  MTA: { at: 0x05200, access: "RW", section: "8.2.3.7", per: 128 },
  RAL: { at: 0x0a200, access: "RW", section: "8.2.3.7", per: 128, apart: 8, alias: [0x05400, 16, 8] },
  RAH: { at: 0x0a204, access: "RW", section: "8.2.3.7", per: 128, apart: 8, alias: [0x05404, 16, 8] },
  MPSAR: { at: 0x0a600, access: "RW", section: "8.2.3.7", per: 256 },
  VFTA: { at: 0x0a000, access: "RW", section: "8.2.3.7", per: 128 },
  MRQC: { at: 0x0ec80, access: "RW", section: "8.2.3.7", alias: [0x05818, 1, 4] },
  RSSRK: { at: 0x0eb80, access: "RW", section: "8.2.3.7", per: 10, alias: [0x05c80, 10, 4] },
  RETA: { at: 0x0eb00, access: "RW", section: "8.2.3.7", per: 32, alias: [0x05c00, 32, 4] },
  ETQF: { at: 0x05128, access: "RW", section: "8.2.3.7", per: 8 },
  ETQS: { at: 0x0ec00, access: "RW", section: "8.2.3.7", per: 8 },
  SAQF: { at: 0x0e000, access: "RW", section: "8.2.3.7", per: 128 },
  DAQF: { at: 0x0e200, access: "RW", section: "8.2.3.7", per: 128 },
  SDPQF: { at: 0x0e400, access: "RW", section: "8.2.3.7", per: 128 },
  FTQF: { at: 0x0e600, access: "RW", section: "8.2.3.7", per: 128 },
  SYNQF: { at: 0x0ec30, access: "RW", section: "8.2.3.7" },
  // Receive DMA
  RDBAL: { at: 0x01000, access: "RW", section: "8.2.3.8", per: "rx" },
  RDBAH: { at: 0x01004, access: "RW", section: "8.2.3.8", per: "rx" },
  RDLEN: { at: 0x01008, access: "RW", section: "8.2.3.8", per: "rx" },
  DCA_RXCTRL: { at: 0x0100c, access: "RW", section: "8.2.3.11", per: "rx", alias: [0x02200, 16, 4] },
  RDH: { at: 0x01010, access: "HW", section: "8.2.3.8", per: "rx" },
  SRRCTL: { at: 0x01014, access: "RW", section: "8.2.3.8", per: "rx", reset: 0x402, alias: [0x02100, 16, 4] },
  RDT: { at: 0x01018, access: "HW", section: "8.2.3.8", per: "rx" },
  RXDCTL: { at: 0x01028, access: "RW", section: "8.2.3.8", per: "rx" },
  RSCCTL: { at: 0x0102c, access: "RW", section: "8.2.3.8", per: "rx" },
  RDRXCTL: { at: 0x02f00, access: "HW", section: "8.2.3.8", reset: 0x8 },
  PFQDE: { at: 0x02f04, access: "RW", section: "8.2.3.8" },
  RXCTRL: { at: 0x03000, access: "RW", section: "8.2.3.8" },
  RSCDBU: { at: 0x03028, access: "RW", section: "8.2.3.8" },
  RXPBSIZE: { at: 0x03c00, access: "RW", section: "8.2.3.8", per: 8, reset: 0x80000, firstOnly: true },
  // Transmit
  TDBAL: { at: 0x06000, access: "RW", section: "8.2.3.9", per: "tx" },
  TDBAH: { at: 0x06004, access: "RW", section: "8.2.3.9", per: "tx" },
  TDLEN: { at: 0x06008, access: "RW", section: "8.2.3.9", per: "tx" },
  DCA_TXCTRL: { at: 0x0600c, access: "RW", section: "8.2.3.11", per: "tx" },
  TDH: { at: 0x06010, access: "HW", section: "8.2.3.9", per: "tx" },
  TDT: { at: 0x06018, access: "HW", section: "8.2.3.9", per: "tx" },
  TXDCTL: { at: 0x06028, access: "RW", section: "8.2.3.9", per: "tx" },
  TDWBAL: { at: 0x06038, access: "RW", section: "8.2.3.9", per: "tx" },
  TDWBAH: { at: 0x0603c, access: "RW", section: "8.2.3.9", per: "tx" },
  DMATXCTL: { at: 0x04a80, access: "RW", section: "8.2.3.9", reset: 0x81000000 },
  DTXMXSZRQ: { at: 0x08100, access: "RW", section: "8.2.3.9", reset: 0x10 },
  DTXTCPFLGL: { at: 0x04a88, access: "RW", section: "8.2.3.9", reset: 0x0ff60ff6 },
  DTXTCPFLGH: { at: 0x04a8c, access: "RW", section: "8.2.3.9", reset: 0x0f7f },
  MTQC: { at: 0x08120, access: "RW", section: "8.2.3.9" },
  TXPBSIZE: { at: 0x0cc00, access: "RW", section: "8.2.3.9", per: 8, reset: 0x28000, firstOnly: true },
  TXPBTHRESH: { at: 0x04950, access: "RW", section: "8.2.3.9", per: 8, reset: 0x96, firstOnly: true },
  // DCB and security engines: kept, and without effect
  RTTDCS: { at: 0x04900, access: "RW", section: "8.2.3.10", reset: 0x00c00000 },
  RTRPCS: { at: 0x02430, access: "RW", section: "8.2.3.10" },
  RTTPCS: { at: 0x0cd00, access: "RW", section: "8.2.3.10", reset: 0x89000000 },
  RTRUP2TC: { at: 0x03020, access: "RW", section: "8.2.3.10" },
  RTTUP2TC: { at: 0x0c800, access: "RW", section: "8.2.3.10" },
  SECTXCTRL: { at: 0x08800, access: "RW", section: "8.2.3.12" },
  SECTXSTAT: { at: 0x08804, access: "RO", section: "8.2.3.12", reset: 1 },
  SECTXBUFFAF: { at: 0x08808, access: "RW", section: "8.2.3.12" },
  SECTXMINIFG: { at: 0x08810, access: "RW", section: "8.2.3.12" },
  SECRXCTRL: { at: 0x08d00, access: "RW", section: "8.2.3.12" },
  SECRXSTAT: { at: 0x08d04, access: "RO", section: "8.2.3.12", reset: 1 },
  // MAC and link
  HLREG0: { at: 0x04240, access: "RW", section: "8.2.3.22", reset: 0x08010403 },
  MSCA: { at: 0x0425c, access: "HW", section: "8.2.3.22" },
  MSRWD: { at: 0x04260, access: "RW", section: "8.2.3.22" },
  MAXFRS: { at: 0x04268, access: "RW", section: "8.2.3.22", reset: 0x05ee0000 },
  MFLCN: { at: 0x04294, access: "RW", section: "8.2.3.22" },
  AUTOC: { at: 0x042a0, access: "HW", section: "8.2.3.22", reset: 0xc09c6004 },
  LINKS: { at: 0x042a4, access: "RO", section: "8.2.3.22" },
  AUTOC2: { at: 0x042a8, access: "RW", section: "8.2.3.22", reset: 0xa0000 },
  LINKS2: { at: 0x04324, access: "RO", section: "8.2.3.22" },
  MACC: { at: 0x04330, access: "RW", section: "8.2.3.22" },
  // Statistics
  CRCERRS: { at: 0x04000, access: "RC", section: "8.2.3.23" },
  ILLERRC: { at: 0x04004, access: "RC", section: "8.2.3.23" },
  ERRBC: { at: 0x04008, access: "RC", section: "8.2.3.23" },
  MPC: { at: 0x03fa0, access: "RC", section: "8.2.3.23", per: 8 },
  MLFC: { at: 0x04034, access: "RC", section: "8.2.3.23" },
  MRFC: { at: 0x04038, access: "RC", section: "8.2.3.23" },
  RLEC: { at: 0x04040, access: "RC", section: "8.2.3.23" },
  PRC64: { at: 0x0405c, access: "RC", section: "8.2.3.23" },
  PRC127: { at: 0x04060, access: "RC", section: "8.2.3.23" },
  PRC255: { at: 0x04064, access: "RC", section: "8.2.3.23" },
  PRC511: { at: 0x04068, access: "RC", section: "8.2.3.23" },
  PRC1023: { at: 0x0406c, access: "RC", section: "8.2.3.23" },
  PRC1522: { at: 0x04070, access: "RC", section: "8.2.3.23" },
  GPRC: { at: 0x04074, access: "RC", section: "8.2.3.23" },
  BPRC: { at: 0x04078, access: "RC", section: "8.2.3.23" },
  MPRC: { at: 0x0407c, access: "RC", section: "8.2.3.23" },
  GPTC: { at: 0x04080, access: "RC", section: "8.2.3.23" },
  GORCL: { at: 0x04088, access: "RC", section: "8.2.3.23" },
  GORCH: { at: 0x0408c, access: "RC", section: "8.2.3.23" },
  GOTCL: { at: 0x04090, access: "RC", section: "8.2.3.23" },
  GOTCH: { at: 0x04094, access: "RC", section: "8.2.3.23" },
  RUC: { at: 0x040a4, access: "RC", section: "8.2.3.23" },
  RFC: { at: 0x040a8, access: "RC", section: "8.2.3.23" },
  ROC: { at: 0x040ac, access: "RC", section: "8.2.3.23" },
  RJC: { at: 0x040b0, access: "RC", section: "8.2.3.23" },
  TORL: { at: 0x040c0, access: "RC", section: "8.2.3.23" },
  TORH: { at: 0x040c4, access: "RC", section: "8.2.3.23" },
  TPR: { at: 0x040d0, access: "RC", section: "8.2.3.23" },
  TPT: { at: 0x040d4, access: "RC", section: "8.2.3.23" },
  PTC64: { at: 0x040d8, access: "RC", section: "8.2.3.23" },
  PTC127: { at: 0x040dc, access: "RC", section: "8.2.3.23" },
  PTC255: { at: 0x040e0, access: "RC", section: "8.2.3.23" },
  PTC511: { at: 0x040e4, access: "RC", section: "8.2.3.23" },
  PTC1023: { at: 0x040e8, access: "RC", section: "8.2.3.23" },
  PTC1522: { at: 0x040ec, access: "RC", section: "8.2.3.23" },
  MPTC: { at: 0x040f0, access: "RC", section: "8.2.3.23" },
  BPTC: { at: 0x040f4, access: "RC", section: "8.2.3.23" },
  XEC: { at: 0x04120, access: "RC", section: "8.2.3.23" },
  RQSMR: { at: 0x02300, access: "RW", section: "8.2.3.23", per: 32 },
  TQSM: { at: 0x08600, access: "RW", section: "8.2.3.23", per: 32 },
  QPRC: { at: 0x01030, access: "RC", section: "8.2.3.23", per: 16, apart: 0x40 },
  QBRC_L: { at: 0x01034, access: "RC", section: "8.2.3.23", per: 16, apart: 0x40 },
  QBRC_H: { at: 0x01038, access: "RC", section: "8.2.3.23", per: 16, apart: 0x40 },
  QPRDC: { at: 0x01430, access: "RC", section: "8.2.3.23", per: 16, apart: 0x40 },
  QPTC: { at: 0x08680, access: "RC", section: "8.2.3.23", per: 16 },
  QBTC_L: { at: 0x08700, access: "RC", section: "8.2.3.23", per: 16, apart: 8 },
  QBTC_H: { at: 0x08704, access: "RC", section: "8.2.3.23", per: 16, apart: 8 },
} as const;

/** The registers by name. */
export const registerTable: Readonly<Record<keyof typeof table, Register>> = table;
/** The name of a register, or of an array of them. */
export type RegisterName = keyof typeof registerTable;

/** Queues in each direction. */
export const queueCount = 128;
const queueStride = 0x40;
/** Receive queues 64 to 127 are in a block of their own. */
const upperReceiveQueues = 0x0d000 - 0x01000 - 64 * queueStride;

/** How many registers of that name there are. */
export function instances({ per = 1 }: Register): number {
  return typeof per === "number" ? per : queueCount;
}

/** The offset of a register in BAR 0; of the `n`th where there are several. @throws {RangeError} where there is no such. */
export function offsetOf(name: RegisterName, n = 0): number {
  const register: Register = registerTable[name];
  if (!(n >= 0 && n < instances(register))) throw new RangeError(`${name} has no register ${n}`);
  const { at, per } = register;
  if (typeof per !== "string") return at + n * (register.apart ?? 4);
  return at + n * queueStride + (per === "rx" && n >= 64 ? upperReceiveQueues : 0);
}
