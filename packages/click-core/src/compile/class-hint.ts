/** What may have been meant by the name of an element class that is not here. */
import { closest } from "@clickos/click-language/closest";

/** Classes of Click that do what one here does, or that it once had by another name. */
const others: Readonly<Record<string, string>> = {
  CheckIPHeader2: "CheckIPHeader",
  CPUQueue: "Queue",
  CPUSwitch: "StaticSwitch",
  DiscardNoFree: "Discard",
  EtherEncap2: "EtherEncap",
  FromBPF: "FromDevice",
  FromDPDKDevice: "FromDevice",
  FromHost: "FromDevice",
  FromLinux: "FromDevice",
  FromNetmapDevice: "FromDevice",
  KernelTap: "FromDevice",
  KernelTun: "FromDevice",
  LinuxIPLookup: "RadixIPLookup",
  LookupIPRoute: "StaticIPLookup",
  LookupIPRoute2: "DirectIPLookup",
  LookupIPRouteLinear: "LinearIPLookup",
  LookupIPRouteMP: "StaticIPLookup",
  MixedQueue: "Queue",
  MSQueue: "Queue",
  Null1: "Null",
  Null2: "Null",
  Null3: "Null",
  Null4: "Null",
  Null5: "Null",
  Null6: "Null",
  Null7: "Null",
  Null8: "Null",
  PollDevice: "FromDevice",
  PollDPDKDevice: "FromDevice",
  PrintOld: "Print",
  TCPIPEncap: "ForceTCP",
  ThreadSafeQueue: "Queue",
  ToBPF: "ToDevice",
  ToDPDKDevice: "ToDevice",
  ToHost: "ToDevice",
  ToLinux: "ToDevice",
  ToNetmapDevice: "ToDevice",
  TrieIPLookup: "RadixIPLookup",
  Unqueue2: "Unqueue",
};

/** A hint for a class that is none of some; `undefined` where nothing is like it. */
export function classHint(name: string, classes: readonly string[]): string | undefined {
  const other = Object.hasOwn(others, name) ? others[name] : undefined;
  if (other !== undefined && classes.includes(other)) return `${other} does what it does`;
  const near = closest(name, classes);
  return near === undefined ? undefined : `did you mean '${near}'?`;
}
