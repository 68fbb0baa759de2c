/**
 * The link, sections 4.6.4 and 8.2.3.22: up at 10 Gb/s as soon as there is something at the wire's end. Whatever mode AUTOC asks for,
 * negotiation is over at once. A PHY behind MDIO does not answer.
 */
import type { RegisterFile } from "./register-file.ts";
import * as R from "./registers.ts";
import type { Statistics } from "./statistics.ts";

export class Link {
  private readonly statistics: Statistics;
  /** Called when the link goes up or down. */
  private readonly changed: () => void;
  /** Whether something is connected, and its light is on. */
  private connected = false;
  private carrier = true;

  constructor(file: RegisterFile, statistics: Statistics, changed: () => void) {
    this.statistics = statistics;
    this.changed = changed;
    file.onRead("LINKS", () => (this.up ? R.LINKS_UP | R.LINKS_SPEED_10G : 0));
    file.onRead("AUTOC", () => file.get("AUTOC"));
    // Negotiation restarts and is done.
    file.onWrite("AUTOC", (value) => file.set("AUTOC", value & ~R.AUTOC_AN_RESTART));
    file.onRead("MSCA", () => file.get("MSCA"));
    file.onWrite("MSCA", (value) => {
      file.set("MSCA", value & ~R.MSCA_MDI_COMMAND);
      // What no PHY answers reads as ones.
      file.set("MSRWD", (file.get("MSRWD") | 0xffff0000) >>> 0);
    });
  }
  get up(): boolean {
    return this.connected && this.carrier;
  }
  /** Whether frames cannot pass because the carrier was taken away. */
  get dark(): boolean {
    return !this.carrier;
  }
  connect(): void {
    this.set(true, this.carrier);
  }
  setCarrier(carrier: boolean): void {
    if (!carrier && this.carrier) this.statistics.localFaults++;
    this.set(this.connected, carrier);
  }
  private set(connected: boolean, carrier: boolean): void {
    const was = this.up;
    this.connected = connected;
    this.carrier = carrier;
    if (this.up !== was) this.changed();
  }
}
