/** What FromDevice, ToDevice, FromHost and ToHost have in common: names of devices, and arguments that say how to reach one. */
import type { ElementReport } from "@clickos/click-core/element";

/** Device names: a number, alone or at the end of a name (`0`, `eth0`, `vif1`). */
export function deviceNumber(name: string): number | undefined {
  const number = /^[A-Za-z]*(\d{1,2})$/.exec(name.trim())?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The same, where another name is an error. */
export function readDeviceNumber(name: string, error: (message: string, argument?: number) => void): number {
  const number = deviceNumber(name);
  if (number === undefined) error(`DEVNAME '${name}' is not a device number such as 0 or eth0`, 0);
  return number ?? 0;
}

/** Says of a name that is not a device's that there is no such device, when the element is initialized. */
export function refuseDeviceName(
  config: { readonly DEVNAME: string },
  { device }: { readonly device: number | undefined },
  error: ElementReport["error"],
): void {
  if (device !== undefined) return;
  if (config.DEVNAME === "") error("interface not set");
  else error(noSuchDevice(config), { argument: 0, hint: "a device is a number, alone or behind letters: 0, eth0" });
}

/** Ways to reach a device that Click may have. */
const methods = new Set(["", "LINUX", "PCAP", "NETMAP"]);

/** Whether a METHOD is one; it changes nothing. */
export function checkMethod(method: string, report: ElementReport): boolean {
  if (!methods.has(method)) {
    report.error("bad METHOD");
    return false;
  }
  if (method) nothingDone("METHOD", "a device is reached in one way", report);
  return true;
}

/** Tells who gives an argument why it changes nothing. */
export function nothingDone(argument: string, reason: string, { note }: Pick<ElementReport, "note">): void {
  note(`changes nothing: ${reason}`, { subject: argument });
}

/** What Linux says of a device that is not there. */
export const noSuchDevice = ({ DEVNAME }: { readonly DEVNAME: string }): string =>
  `${DEVNAME}: SIOCGIFINDEX: No such device`;

/** What a FromHost takes up, for a ToHost to find that there is one. */
export const hostDevicePlace = (name: string): string => `FromHost ${name}`;
