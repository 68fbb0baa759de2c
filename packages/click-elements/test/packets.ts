/** Frames for tests, with right checksums, and a router fed with them. */
import { Router, type RouterOptions } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";

export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum >>> 16) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const address = (text: string): number[] => text.split(".").map(Number);

export interface IpOptions {
  src?: string;
  dst?: string;
  protocol?: number;
  ttl?: number;
  tos?: number;
  fragment?: number;
  payload?: Uint8Array;
}

/** An IPv4 packet without a link header. */
export function ip({
  src = "10.0.0.1",
  dst = "10.0.0.2",
  protocol = 17,
  ttl = 64,
  tos = 0,
  fragment = 0,
  payload = new Uint8Array(20),
}: IpOptions = {}): Uint8Array {
  const length = 20 + payload.length;
  const packet = new Uint8Array(length);
  packet.set([
    0x45,
    tos,
    length >> 8,
    length & 255,
    0,
    7,
    fragment >> 8,
    fragment & 255,
    ttl,
    protocol,
    0,
    0,
    ...address(src),
    ...address(dst),
  ]);
  const sum = checksum(packet.subarray(0, 20));
  packet.set([sum >> 8, sum & 255], 10);
  packet.set(payload, 20);
  return packet;
}

export function transportSum(packet: Uint8Array): number {
  const protocol = packet[9] as number;
  const l4 = packet.subarray(20);
  const pseudo = new Uint8Array(12 + l4.length + (l4.length & 1));
  pseudo.set(packet.subarray(12, 20));
  pseudo.set([0, protocol, l4.length >> 8, l4.length & 255], 8);
  pseudo.set(l4, 12);
  return checksum(pseudo);
}

function withSum(packet: Uint8Array, at: number): Uint8Array {
  const sum = transportSum(packet) || 0xffff;
  packet.set([sum >> 8, sum & 255], 20 + at);
  return packet;
}

export function udp(
  sport: number,
  dport: number,
  options: IpOptions = {},
  data: Uint8Array = new Uint8Array(12),
): Uint8Array {
  const payload = new Uint8Array(8 + data.length);
  payload.set([sport >> 8, sport & 255, dport >> 8, dport & 255, payload.length >> 8, payload.length & 255]);
  payload.set(data, 8);
  return withSum(ip({ ...options, protocol: 17, payload }), 6);
}

export function tcp(
  sport: number,
  dport: number,
  flags: number,
  options: IpOptions = {},
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const payload = new Uint8Array(20 + data.length);
  payload.set([sport >> 8, sport & 255, dport >> 8, dport & 255, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0xff, 0xff]);
  payload.set(data, 20);
  return withSum(ip({ ...options, protocol: 6, payload }), 16);
}

/** Puts an Ethernet header before a packet. */
export function ether(packet: Uint8Array, type = 0x0800): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, type >> 8, type & 255, ...packet);
}

export function make(text: string, options: Partial<RouterOptions> = {}): Promise<Router> {
  return Router.compile(text, { elements, ...options });
}

/** Sends frames to device 0, runs, and returns what each device sent. */
export function pass(router: Router, frames: readonly Uint8Array[], device = 0): Uint8Array[][] {
  if (router.device(device).send(frames) !== frames.length) throw new Error("not all frames were taken");
  router.run();
  return Array.from({ length: 4 }, (_, i) => (router.deviceNumbers.includes(i) ? router.device(i).receive() : []));
}
