/** A router's devices as its host sees them: the same objects whatever configuration runs, and no frame lost when it changes. */
import type { RouterDevice, TimedFrame } from "./device-ring.ts";
import type { Instance } from "./instance.ts";

type Devices = Instance["devices"];
type Device = Devices extends ReadonlyMap<number, infer D> ? D : never;

export class RouterDevices {
  private readonly current: () => Devices;
  private readonly facades = new Map<number, RouterDevice>();
  /** Frames that former configurations sent, and the host has not received. */
  private readonly sent = new Map<number, TimedFrame[]>();

  /** `current` gives the devices of the configuration that runs. */
  constructor(current: () => Devices) {
    this.current = current;
  }

  /** Numbers of the devices that the configuration uses. */
  get numbers(): number[] {
    return [...this.current().keys()];
  }

  /** @throws {RangeError} when the configuration names no such device. */
  get(number: number): RouterDevice {
    this.find(number);
    let facade = this.facades.get(number);
    if (!facade) {
      facade = this.facade(number);
      this.facades.set(number, facade);
    }
    return facade;
  }

  /** A configuration takes the place of another: what its devices have goes over. */
  takeOver(before: Devices, next: Devices): void {
    for (const [number, device] of before) {
      const unsent = device.receiveTimed();
      if (unsent.length > 0) this.sent.set(number, [...(this.sent.get(number) ?? []), ...unsent]);
      next.get(number)?.sendTimed(device.takeUnread());
    }
  }

  private find(number: number): Device {
    const found = this.current().get(number);
    if (!found)
      throw new RangeError(`the configuration uses no device ${number}; it uses ${this.numbers.join(", ") || "none"}`);
    return found as Device;
  }

  private facade(number: number): RouterDevice {
    const device = (): Device => this.find(number);
    const { sent } = this;
    const receiveTimed = (limit = Number.POSITIVE_INFINITY): TimedFrame[] => {
      const earlier = sent.get(number)?.splice(0, limit) ?? [];
      return earlier.length === 0
        ? device().receiveTimed(limit)
        : [...earlier, ...device().receiveTimed(limit - earlier.length)];
    };
    return {
      send: (frames) => device().send(frames),
      sendTimed: (frames) => device().sendTimed(frames),
      receive: (limit) => receiveTimed(limit).map(({ data }) => data),
      receiveTimed,
      get pending() {
        return (sent.get(number)?.length ?? 0) + device().pending;
      },
      get buffer() {
        return device().buffer;
      },
      place: (length) => device().place(length),
      take: (offsets, lengths) => ((sent.get(number)?.length ?? 0) > 0 ? 0 : device().take(offsets, lengths)),
      giveBack: () => device().giveBack(),
    };
  }
}
