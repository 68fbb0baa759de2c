/** Names that this machine has: lists of protocols and services in `/etc`, addresses of its network devices. */
import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import {
  type DeviceAddresses,
  type MachineNames,
  parseEtherAddress,
  parseIpAddress,
  parseIpPrefix,
} from "@clickos/click-core/element";

export const machineNames: MachineNames = {
  protocols: () => text("/etc/protocols"),
  services: () => text("/etc/services"),
  devices: () => [...withAddress(), ...ethernets()],
  gateway: defaultGateway,
};

function text(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

function withAddress(): DeviceAddresses[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, address, netmask, internal, mac }): DeviceAddresses[] => {
      const [ip, mask] = [parseIpAddress(address), parseIpPrefix(`${address}/${netmask}`)];
      if (family !== "IPv4" || ip === undefined || !mask) return [];
      const ether = internal ? undefined : parseEtherAddress(mac);
      return [{ name, ip: { ...mask, address: ip }, ...(ether ? { ether } : {}) }];
    }),
  );
}

/** Linux's numbers of kinds of devices that have Ethernet addresses. */
const etherKinds = ["1", "801"];

/** Devices of Linux, whether they have an IP address or not. */
function ethernets(): DeviceAddresses[] {
  const folder = "/sys/class/net";
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name): DeviceAddresses[] => {
    if (!etherKinds.includes((text(`${folder}/${name}/type`) ?? "").trim())) return [];
    const ether = parseEtherAddress((text(`${folder}/${name}/address`) ?? "").trim());
    return ether ? [{ name, ether }] : [];
  });
}

/** From Linux's table of routes, which has addresses in the machine's byte order. */
function defaultGateway(device: string): number | undefined {
  for (const line of (text("/proc/net/route") ?? "").split("\n")) {
    const [name, destination, gateway = ""] = line.split(/\s+/);
    if (
      name !== device ||
      destination !== "00000000" ||
      !/^[0-9A-F]{8}$/i.test(gateway) ||
      Number(`0x${gateway}`) === 0
    )
      continue;
    const bytes = gateway.match(/../g) ?? [];
    return Number(`0x${bytes.reverse().join("")}`);
  }
  return undefined;
}
