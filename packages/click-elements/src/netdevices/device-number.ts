/** Device names: a number, alone or at the end of a name (`0`, `eth0`, `vif1`). */
export function readDeviceNumber(name: string, error: (message: string, argument?: number) => void): number {
  const number = /^[A-Za-z]*(\d{1,2})$/.exec(name.trim())?.[1];
  if (number === undefined) error(`DEVNAME '${name}' is not a device number such as 0 or eth0`, 0);
  return Number(number ?? 0);
}

/** What Linux says of a device that is not there. */
export const noSuchDevice = ({ DEVNAME }: { readonly DEVNAME: string }): string =>
  `${DEVNAME}: SIOCGIFINDEX: No such device`;

/** What a FromHost takes up, for a ToHost to find that there is one. */
export const hostDevicePlace = (name: string): string => `FromHost ${name}`;
