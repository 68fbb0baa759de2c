/**
 * Offsets of the registers that drivers use most, with their bits; of an array, the first. `offsetOf` gives every register of the
 * table by its name and number.
 *
 * Spec: Intel 82599 10 GbE Controller Datasheet 331520, revision 3.4, sections 7.1 and 7.2 (descriptors) and 8.2.3 (registers).
 */
import { offsetOf } from "./register-table.ts";

export { offsetOf, type Register, type RegisterName, registerTable as table } from "./register-table.ts";

export const CTRL: number = offsetOf("CTRL");
export const STATUS: number = offsetOf("STATUS");
export const EEC: number = offsetOf("EEC");
export const EERD: number = offsetOf("EERD");
export const RDRXCTL: number = offsetOf("RDRXCTL");
export const RXCTRL: number = offsetOf("RXCTRL");
export const FCTRL: number = offsetOf("FCTRL");
export const VLNCTRL: number = offsetOf("VLNCTRL");
export const MCSTCTRL: number = offsetOf("MCSTCTRL");
export const RXCSUM: number = offsetOf("RXCSUM");
export const MRQC: number = offsetOf("MRQC");
export const AUTOC: number = offsetOf("AUTOC");
export const LINKS: number = offsetOf("LINKS");
/** MAC control: jumbo frames; the longest frame, with its check sequence, in the upper half. */
export const HLREG0: number = offsetOf("HLREG0");
export const MAXFRS: number = offsetOf("MAXFRS");
export const DMATXCTL: number = offsetOf("DMATXCTL");
/** Interrupts, section 8.2.3.5. */
export const EICR: number = offsetOf("EICR");
export const EICS: number = offsetOf("EICS");
export const EIMS: number = offsetOf("EIMS");
export const EIMC: number = offsetOf("EIMC");
export const EIAC: number = offsetOf("EIAC");
export const EIAM: number = offsetOf("EIAM");
export const GPIE: number = offsetOf("GPIE");
export const EITR: number = offsetOf("EITR");
export const IVAR: number = offsetOf("IVAR");
export const IVAR_MISC: number = offsetOf("IVAR_MISC");
/** Receive queue 0, section 8.2.3.8. */
export const RDBAL: number = offsetOf("RDBAL");
export const RDBAH: number = offsetOf("RDBAH");
export const RDLEN: number = offsetOf("RDLEN");
export const RDH: number = offsetOf("RDH");
export const SRRCTL: number = offsetOf("SRRCTL");
export const RDT: number = offsetOf("RDT");
export const RXDCTL: number = offsetOf("RXDCTL");
/** Transmit queue 0, section 8.2.3.9. */
export const TDBAL: number = offsetOf("TDBAL");
export const TDBAH: number = offsetOf("TDBAH");
export const TDLEN: number = offsetOf("TDLEN");
export const TDH: number = offsetOf("TDH");
export const TDT: number = offsetOf("TDT");
export const TXDCTL: number = offsetOf("TXDCTL");
/** Receive address 0, section 8.2.3.7. */
export const RAL0: number = offsetOf("RAL");
export const RAH0: number = offsetOf("RAH");
/** Statistics, section 8.2.3.23; all clear on read. */
export const MPC0: number = offsetOf("MPC");
export const GPRC: number = offsetOf("GPRC");
export const GPTC: number = offsetOf("GPTC");
export const GORCL: number = offsetOf("GORCL");
export const GOTCL: number = offsetOf("GOTCL");
export const RUC: number = offsetOf("RUC");
export const ROC: number = offsetOf("ROC");

export const CTRL_GIO_DIS: number = 1 << 2;
export const CTRL_LRST: number = 1 << 3;
export const CTRL_RST: number = 1 << 26;
export const STATUS_GIO: number = 1 << 19;
export const EEC_REQ: number = 1 << 6;
export const EEC_GNT: number = 1 << 7;
export const EEC_PRES: number = 1 << 8;
export const EEC_AUTO_RD: number = 1 << 9;
export const EEC_SIZE_SHIFT = 11;
export const EERD_START = 1;
export const EERD_DONE = 2;
export const EERD_ADDR_SHIFT = 2;
export const EERD_DATA_SHIFT = 16;
export const SWSM_SMBI = 1;
export const SWSM_SWESMBI = 2;
export const RDRXCTL_DMAIDONE: number = 1 << 3;
export const RXCTRL_RXEN = 1;
export const DMATXCTL_TE = 1;
export const DMATXCTL_VT_SHIFT = 16;
export const AUTOC_AN_RESTART: number = 1 << 12;
export const LINKS_UP: number = 1 << 30;
export const LINKS_SPEED_10G: number = 3 << 28;
export const MSCA_MDI_COMMAND: number = 1 << 30;
export const DCTL_ENABLE: number = 1 << 25;
export const RXDCTL_VME: number = 1 << 30;
/** SRRCTL: buffer size in KiB, kind of descriptor, and whether frames are dropped where there is no descriptor. */
export const SRRCTL_BSIZEPACKET = 0x1f;
export const SRRCTL_DESCTYPE: number = 7 << 25;
export const SRRCTL_ADVANCED: number = 1 << 25;
export const SRRCTL_DROP_EN: number = 1 << 28;
export const FCTRL_SBP: number = 1 << 1;
export const FCTRL_MPE: number = 1 << 8;
export const FCTRL_UPE: number = 1 << 9;
export const FCTRL_BAM: number = 1 << 10;
/** VLNCTRL: the EtherType of tags in the lower half; checks of the CFI bit; the filter. */
export const VLNCTRL_CFI: number = 1 << 28;
export const VLNCTRL_CFIEN: number = 1 << 29;
export const VLNCTRL_VFE: number = 1 << 30;
export const MCSTCTRL_MO = 3;
export const MCSTCTRL_MFE: number = 1 << 2;
export const RAH_AV = 0x80000000;
export const RXCSUM_PCSD: number = 1 << 13;
/** MRQC: RSS alone, and the packets that are hashed with it. */
export const MRQC_MRQE = 0xf;
export const MRQC_RSS = 1;
export const MRQC_TCP_IPV4: number = 1 << 16;
export const MRQC_IPV4: number = 1 << 17;
export const MRQC_IPV6: number = 1 << 20;
export const MRQC_TCP_IPV6: number = 1 << 21;
export const MRQC_UDP_IPV4: number = 1 << 22;
export const MRQC_UDP_IPV6: number = 1 << 23;
export const HLREG0_JUMBOEN: number = 1 << 2;
export const HLREG0_TXPADEN: number = 1 << 10;
export const MAXFRS_MFS_SHIFT = 16;
/** Bytes of the longest frame where jumbo frames are not enabled, and of the longest there is; with its check sequence. */
export const MFS_DEFAULT = 1518;
export const MFS_MAXIMUM = 9728;
/** Interrupt causes, section 8.2.3.5: the queues' in the lower half, by IVAR. */
export const EICR_RTX_QUEUE = 0xffff;
export const EICR_RX_MISS: number = 1 << 17;
export const EICR_PCI: number = 1 << 18;
export const EICR_LSC: number = 1 << 20;
export const GPIE_MSIX: number = 1 << 4;
export const GPIE_OCD: number = 1 << 5;
export const GPIE_EIAME: number = 1 << 30;
export const IVAR_VALID = 0x80;
export const IVAR_ALLOC = 0x3f;

/** Bytes of a descriptor, section 7.1.5 and 7.2.3. */
export const descriptorSize = 16;
/** Where a legacy descriptor's fields are, in bytes: the upper half of the address, the length (and the command), the status. */
export const descriptorFields = { upper: 4, length: 8, status: 12 } as const;
/**
 * Legacy receive descriptor, section 7.1.5: address; then length, checksum, status, errors, VLAN in the last 8 bytes. A frame
 * that is longer than a buffer takes several; each has its part's length, and the last has RX_EOP.
 *
 * Advanced receive descriptor, section 7.1.6: address, header address; written back with packet type and RSS type, hash,
 * status and errors (RX_ERROR_…), then length and VLAN.
 */
export const RX_DD = 1;
export const RX_EOP = 2;
export const RX_VP = 8;
export const RX_UDPCS = 0x10;
export const RX_L4CS = 0x20;
export const RX_IPCS = 0x40;
export const RX_PIF = 0x80;
export const RX_ERROR_RXE: number = 1 << 29;
export const RX_ERROR_TCPE: number = 1 << 30;
export const RX_ERROR_IPE = 0x80000000;
/** Packet types of an advanced descriptor, in its word 0. */
export const RX_TYPE_IPV4 = 0x10;
export const RX_TYPE_IPV4_EX = 0x20;
export const RX_TYPE_IPV6 = 0x40;
export const RX_TYPE_IPV6_EX = 0x80;
export const RX_TYPE_TCP = 0x100;
export const RX_TYPE_UDP = 0x200;
export const RX_TYPE_SCTP = 0x400;
/**
 * Transmit descriptors, section 7.2.3.2. Legacy: address; length, checksum offset and command in word 2; status, checksum start
 * and VLAN in word 3. Advanced data: the same with TX_CMD_DEXT and TX_DTYP_DATA; word 3 has context, options and length of the
 * payload. Advanced context (TX_DTYP_CONTEXT): what the offloads of later frames need. A frame's last has TX_CMD_EOP.
 */
export const TX_CMD_EOP: number = 1 << 24;
export const TX_CMD_IFCS: number = 1 << 25;
export const TX_CMD_IC: number = 1 << 26;
export const TX_CMD_RS: number = 1 << 27;
export const TX_CMD_DEXT: number = 1 << 29;
export const TX_CMD_VLE: number = 1 << 30;
export const TX_CMD_TSE = 0x80000000;
export const TX_DTYP = 0xf00000;
export const TX_DTYP_CONTEXT = 0x200000;
export const TX_DTYP_DATA = 0x300000;
export const TX_DD = 1;
export const TX_IDX: number = 7 << 4;
export const TX_POPTS: number = 0x3f << 8;
export const TX_POPTS_IXSM: number = 1 << 8;
export const TX_POPTS_TXSM: number = 1 << 9;
export const TX_PAYLEN_SHIFT = 14;
export const TX_TUCMD_IPV4: number = 1 << 10;
export const TX_TUCMD_L4T: number = 3 << 11;
export const TX_TUCMD_TCP: number = 1 << 11;
export const TX_TUCMD_SCTP: number = 2 << 11;
