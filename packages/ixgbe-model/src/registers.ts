/**
 * Registers of the 82599 that the model has, with their bits. Names and offsets are the datasheet's (Intel 82599
 * 10 GbE Controller Datasheet, revision 3.4, section 8). Queue 0 only.
 */
export const CTRL = 0x00000;
export const STATUS = 0x00008;
export const EEC = 0x10010;
export const RDRXCTL = 0x02f00;
export const RXCTRL = 0x03000;
export const FCTRL = 0x05080;
export const LINKS = 0x042a4;
/** MAC control, section 8.2.3.22: jumbo frames; the longest frame, with its check sequence, in the upper half. */
export const HLREG0 = 0x04240;
export const MAXFRS = 0x04268;
export const DMATXCTL = 0x04a80;
/** Receive queue 0, section 8.2.3.8. */
export const RDBAL = 0x01000;
export const RDBAH = 0x01004;
export const RDLEN = 0x01008;
export const RDH = 0x01010;
export const SRRCTL = 0x01014;
export const RDT = 0x01018;
export const RXDCTL = 0x01028;
/** Transmit queue 0, section 8.2.3.9. */
export const TDBAL = 0x06000;
export const TDBAH = 0x06004;
export const TDLEN = 0x06008;
export const TDH = 0x06010;
export const TDT = 0x06018;
export const TXDCTL = 0x06028;
/** Receive address 0, section 8.2.3.7. */
export const RAL0 = 0x0a200;
export const RAH0 = 0x0a204;
/** Statistics, section 8.2.3.23; all clear on read. */
export const MPC0 = 0x03fa0;
export const GPRC = 0x04074;
export const GPTC = 0x04080;
export const GORCL = 0x04088;
export const GOTCL = 0x04090;
export const RUC = 0x040a4;
export const ROC = 0x040ac;

export const CTRL_RST: number = 1 << 26;
export const EEC_AUTO_RD: number = 1 << 9;
export const RDRXCTL_DMAIDONE: number = 1 << 3;
export const RXCTRL_RXEN = 1;
export const DMATXCTL_TE = 1;
export const LINKS_UP: number = 1 << 30;
export const DCTL_ENABLE: number = 1 << 25;
export const FCTRL_BAM: number = 1 << 10;
export const FCTRL_UPE: number = 1 << 9;
export const FCTRL_MPE: number = 1 << 8;
export const RAH_AV = 0x80000000;
export const HLREG0_JUMBOEN: number = 1 << 2;
export const MAXFRS_MFS_SHIFT = 16;
/** Bytes of the longest frame where jumbo frames are not enabled, and of the longest there is; with its check sequence. */
export const MFS_DEFAULT = 1518;
export const MFS_MAXIMUM = 9728;

/** Bytes of a descriptor, section 7.1.5 and 7.2.3. */
export const descriptorSize = 16;
/**
 * Legacy receive descriptor, section 7.1.5: address; then length, checksum, status, errors, VLAN in the last 8 bytes. A frame
 * that is longer than a buffer takes several; each has its part's length, and the last has RX_EOP.
 */
export const RX_DD = 1;
export const RX_EOP = 2;
/**
 * Legacy transmit descriptor, section 7.2.3.2.2: address; length and command in word 2; status in word 3. A frame's last has
 * TX_CMD_EOP.
 */
export const TX_CMD_EOP: number = 1 << 24;
export const TX_CMD_IFCS: number = 1 << 25;
export const TX_CMD_RS: number = 1 << 27;
export const TX_DD = 1;
