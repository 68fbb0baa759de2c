/** What a back end with netif rings counts. Transmit and receive are named from the guest's side. */
import type { VifStats } from "./vif.ts";

export class StandardCounters {
  txPackets = 0;
  txBytes = 0;
  rxPackets = 0;
  rxBytes = 0;
  badIndex = 0;
  txBadGrant = 0;
  txBadSize = 0;
  txTooManySlots = 0;
  txTooLong = 0;
  txChecksum = 0;
  txExtra = 0;
  rxBadGrant = 0;
  notifications = 0;

  get drops(): Readonly<Record<string, number>> {
    return {
      "bad ring index": this.badIndex,
      "bad transmit grant": this.txBadGrant,
      "bad transmit size": this.txBadSize,
      "too many transmit slots": this.txTooManySlots,
      "transmit frame too long": this.txTooLong,
      "checksum cannot be completed": this.txChecksum,
      "extra info not offered": this.txExtra,
      "bad receive grant": this.rxBadGrant,
    };
  }
  get stats(): VifStats {
    const { txPackets, txBytes, rxPackets, rxBytes, badIndex, notifications } = this;
    return {
      txPackets,
      txBytes,
      rxPackets,
      rxBytes,
      badIndex,
      notifications,
      txBadSlot:
        this.txBadGrant + this.txBadSize + this.txTooManySlots + this.txTooLong + this.txChecksum + this.txExtra,
      rxBadSlot: this.rxBadGrant,
    };
  }
}
