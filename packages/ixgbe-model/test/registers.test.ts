/** The register table, resets, the EEPROM, the link: section 4.6.3 and 8.2. */
import { registers as R } from "@clickos/ixgbe-model";
import { describe, expect, it } from "vitest";
import { macBytes, rig } from "./rig.ts";

const names = Object.keys(R.table) as R.RegisterName[];
const count = (name: R.RegisterName): number => {
  const { per = 1 } = R.table[name];
  return typeof per === "number" ? per : 128;
};

describe("the register table", () => {
  it("has every register in a place of its own, aligned and in BAR 0", () => {
    const places = new Map<number, string>();
    const place = (at: number, name: string): void => {
      expect([name, at % 4, at >= 0 && at < 0x20000]).toEqual([name, 0, true]);
      expect([name, places.get(at)]).toEqual([name, undefined]);
      places.set(at, name);
    };
    for (const name of names) {
      const { alias } = R.table[name];
      for (let n = 0; n < count(name); n++) place(R.offsetOf(name, n), name);
      if (alias) for (let n = 0; n < alias[1]; n++) place(alias[0] + n * alias[2], name);
      expect(R.table[name].section).toMatch(/^8\.2\.3\.\d+$/);
    }
    expect(R.offsetOf("RDT", 63)).toBe(0x1018 + 63 * 0x40);
    expect(R.offsetOf("RDT", 64)).toBe(0xd018);
    expect(R.offsetOf("TDT", 127)).toBe(0x6018 + 127 * 0x40);
    expect(R.offsetOf("RAH", 1)).toBe(0xa20c);
    expect(() => R.offsetOf("RETA", 32)).toThrow(RangeError);
    expect(() => R.offsetOf("CTRL", -1)).toThrow(RangeError);
  });

  it("keeps what is kept, ignores writes to what is read only, and has registers at both of their places", () => {
    const { nic } = rig();
    for (const name of names) {
      if (R.table[name].access !== "RW" || /BAL|BAH|DLEN|CTL|CTRL|HLREG|MAXFRS|DTX|IVAR|GPIE|TDWB/.test(name)) continue;
      const n = count(name) - 1;
      nic.write32(R.offsetOf(name, n), 0xa5a55a5a);
      expect([name, nic.read32(R.offsetOf(name, n))]).toEqual([name, 0xa5a55a5a]);
    }
    for (const name of ["STATUS", "LINKS", "GPRC", "SECRXSTAT"] as const) {
      const before = nic.read32(R.offsetOf(name));
      nic.write32(R.offsetOf(name), 0xffffffff);
      expect([name, nic.read32(R.offsetOf(name))]).toEqual([name, before]);
    }
    nic.write32(0x2100 + 4, 0x0a000007);
    expect(nic.read32(R.offsetOf("SRRCTL", 1))).toBe(0x0a000007);
    nic.write32(R.offsetOf("RAL", 3), 0x12345678);
    expect(nic.read32(0x5400 + 24)).toBe(0x12345678);
    nic.write32(0x5818, 1);
    expect(nic.read32(R.MRQC)).toBe(1);
    // Nothing is there, or not on a word.
    for (const at of [0x4, 0x1fffc, 0x20000, -4, 0x1011, 2 ** 32, Number.NaN]) {
      nic.write32(at, 0xffffffff);
      expect([at, nic.read32(at)]).toEqual([at, 0]);
    }
  });

  it("comes out of either reset with the values of the table, and an address from the EEPROM", () => {
    for (const bit of [R.CTRL_RST, R.CTRL_LRST]) {
      const { nic } = rig();
      for (const at of [R.FCTRL, R.VLNCTRL, R.MRQC, R.EIMS, R.RAL0, R.HLREG0, R.offsetOf("VFTA", 7)])
        nic.write32(at, 0x01234567);
      nic.write32(R.CTRL, bit);
      expect(nic.read32(R.CTRL)).toBe(0);
      for (const name of names) {
        const { access, reset = 0, firstOnly } = R.table[name];
        if (access !== "RW" || name === "RAL" || name === "RAH") continue;
        expect([name, nic.read32(R.offsetOf(name))]).toEqual([name, reset]);
        const last = count(name) - 1;
        if (last > 0) expect([name, nic.read32(R.offsetOf(name, last))]).toEqual([name, firstOnly ? 0 : reset]);
      }
      expect([nic.read32(R.RAL0), nic.read32(R.RAH0), nic.read32(R.EIMS)]).toEqual([2, 0x80000100, 0]);
      expect(nic.read32(R.EEC) & R.EEC_AUTO_RD).not.toBe(0);
      expect(nic.read32(R.RDRXCTL) & R.RDRXCTL_DMAIDONE).not.toBe(0);
    }
  });

  it("stops using memory when software disables it as a bus master", () => {
    const { nic } = rig();
    expect(nic.read32(R.STATUS) & R.STATUS_GIO).toBe(R.STATUS_GIO);
    nic.write32(R.CTRL, R.CTRL_GIO_DIS);
    expect(nic.read32(R.STATUS) & R.STATUS_GIO).toBe(0);
  });
});

describe("the EEPROM", () => {
  it("is read by EERD: the address in its section, and a checksum as drivers compute it", () => {
    const { nic } = rig();
    const word = (at: number): number => {
      nic.write32(R.EERD, (at << R.EERD_ADDR_SHIFT) | R.EERD_START);
      const value = nic.read32(R.EERD);
      expect(value & R.EERD_DONE).toBe(R.EERD_DONE);
      return value >>> R.EERD_DATA_SHIFT;
    };
    const core = word(9);
    expect([1, 2, 3].flatMap((i) => [word(core + i) & 255, word(core + i) >> 8])).toEqual(macBytes);
    let sum = 0;
    for (let i = 0; i < 0x3f; i++) sum += word(i);
    for (let i = 3; i < 0x0f; i++) {
      const section = word(i);
      if (section === 0 || section === 0xffff) continue;
      for (let k = 1; k <= word(section); k++) sum += word(section + k);
    }
    expect((sum + word(0x3f)) & 0xffff).toBe(0xbaba);
    expect(word(0x3fff)).toBe(0xffff);
    expect(1 << (6 + ((nic.read32(R.EEC) >>> R.EEC_SIZE_SHIFT) & 15))).toBe(1024);
  });

  it("is granted to who asks, and its semaphore is taken by reading", () => {
    const { nic } = rig();
    const swsm = R.offsetOf("SWSM");
    expect(nic.read32(R.EEC) & R.EEC_GNT).toBe(0);
    nic.write32(R.EEC, R.EEC_REQ);
    expect(nic.read32(R.EEC) & R.EEC_GNT).toBe(R.EEC_GNT);
    expect([nic.read32(swsm), nic.read32(swsm)]).toEqual([0, R.SWSM_SMBI]);
    nic.write32(swsm, 0);
    expect(nic.read32(swsm)).toBe(0);
    nic.write32(swsm, R.SWSM_SMBI | R.SWSM_SWESMBI);
    expect(nic.read32(swsm)).toBe(R.SWSM_SMBI | R.SWSM_SWESMBI);
  });
});

describe("the link", () => {
  it("is up at 10 Gb/s once something is connected, and goes down with the carrier", () => {
    const { nic, sent } = rig();
    const up = R.LINKS_UP | R.LINKS_SPEED_10G;
    expect(nic.read32(R.LINKS)).toBe(up);
    nic.write32(R.AUTOC, nic.read32(R.AUTOC) | R.AUTOC_AN_RESTART);
    expect(nic.read32(R.AUTOC) & R.AUTOC_AN_RESTART).toBe(0);
    nic.read32(R.EICR);
    nic.setCarrier(false);
    expect([nic.read32(R.LINKS), nic.read32(R.EICR) & R.EICR_LSC]).toEqual([0, R.EICR_LSC]);
    expect([nic.read32(R.offsetOf("MLFC")), sent]).toEqual([1, []]);
    nic.setCarrier(false);
    expect(nic.read32(R.EICR)).toBe(0);
    nic.setCarrier(true);
    expect([nic.read32(R.LINKS), nic.read32(R.EICR)]).toEqual([up, R.EICR_LSC]);
    nic.write32(R.offsetOf("MSCA"), R.MSCA_MDI_COMMAND | 1);
    expect([nic.read32(R.offsetOf("MSCA")), nic.read32(R.offsetOf("MSRWD")) >>> 16]).toEqual([1, 0xffff]);
  });
});
