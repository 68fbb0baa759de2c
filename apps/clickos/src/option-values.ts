/** How `clickos` reads the values of its options. @throws {InvalidArgumentError} each of them, where a value makes no sense. */
import { arg, emptyScope } from "@clickos/click-core/element";
import { maximumMtu, minimumMtu } from "@clickos/vale";
import { InvalidArgumentError } from "commander";
import type { Pace } from "./playing.ts";

/** Collects options that are a device and what is there, each device once. */
function assignments<K>(
  pattern: RegExp,
  expected: string,
  keyOf: (text: string) => K,
): (value: string, list?: ReadonlyMap<K, string>) => Map<K, string> {
  return (value, list = new Map()) => {
    const match = pattern.exec(value);
    if (!match) throw new InvalidArgumentError(`expected ${expected}`);
    const device = keyOf(match[1] as string);
    if (list.has(device)) throw new InvalidArgumentError(`device ${device} is given twice`);
    return new Map([...list, [device, match[2] as string]]);
  };
}

/** Collects `DEVICE=FILE` options. */
export const byDevice: (value: string, list?: ReadonlyMap<string, string>) => Map<string, string> = assignments(
  /^([\w.@/-]+)=(.+)$/,
  "DEVICE=FILE, such as 0=in.pcap or eth0=in.pcap",
  (name) => name,
);

/** Collects `N=FILE` options. */
export const numbered: (value: string, list?: ReadonlyMap<number, string>) => Map<number, string> = assignments(
  /^(\d{1,2})=(.+)$/,
  "N=FILE, such as 0=in.pcap",
  Number,
);

/** A factor, such as `2x` or `0.5`. */
export function speedOption(value: string): number {
  const speed = Number(/^(\d+(?:\.\d+)?|\.\d+)x?$/.exec(value)?.[1]);
  if (!(speed > 0)) throw new InvalidArgumentError("expected how many times as fast, such as 2x or 0.5x");
  return speed;
}

/** A time in Click's notation, seconds where nothing else is said; in nanoseconds. */
export function timeOption(value: string): bigint {
  const time = arg.time.parse(value, emptyScope);
  if (typeof time !== "bigint") throw new InvalidArgumentError("expected a time, such as 10, 500ms or 2min");
  return time;
}

/** What the options about time say together. */
export function paceOf(options: { realtime?: boolean; speed?: number; fast?: boolean }): Pace | undefined {
  if (options.fast) return { kind: "fast" };
  if (options.realtime || options.speed !== undefined) return { kind: "real", speed: options.speed ?? 1 };
  return undefined;
}

/** An MTU, in bytes. */
export function mtuOption(value: string): number {
  const mtu = Number(value);
  if (!/^\d{1,5}$/.test(value) || mtu < minimumMtu || mtu > maximumMtu)
    throw new InvalidArgumentError(`expected a number of bytes from ${minimumMtu} to ${maximumMtu}`);
  return mtu;
}
