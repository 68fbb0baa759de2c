/**
 * What the tests of the middleboxes share: each example runs in process and as a VM between memory ports (`open`), or on captures as
 * `clickos run` and `clickos boot` do (`play`); and frames that are built and read by the tables of their headers.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Router, SimulatedClock } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { type Image, linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { createSwitch, patch } from "@clickos/vale";
import { arp, arpOperations } from "@clickos/wire/arp";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { broadcastAddress, ethernet, etherTypes } from "@clickos/wire/ethernet";
import { icmp as icmpFormat } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp as tcpFormat } from "@clickos/wire/tcp";
import { udp as udpFormat } from "@clickos/wire/udp";
import { createToolstack } from "@clickos/xl-fast";
import { bootImage } from "../../src/boot.ts";
import { runConfiguration } from "../../src/run.ts";

/** The two ways to run an example; a suite is `describe.each(kinds)("a firewall %s", (kind) => …)`. */
export const kinds = ["in process", "as a VM"] as const;
export type Kind = (typeof kinds)[number];

const folder = new URL("../../../../examples/middleboxes/", import.meta.url);
export const exampleFile = (name: string): string => fileURLToPath(new URL(`${name}.click`, folder));
export const exampleText = (name: string): string => readFileSync(exampleFile(name), "utf8");
/** An example as a VM image; `text` where it is not the file's own. */
export const imageOf = (name: string, text: string = exampleText(name)): Promise<Image> =>
  linkImage({ file: `${name}.click`, text }, { elements, name });

/** The frames that left each device, by its number. */
export type Left = Readonly<Record<number, Uint8Array[]>>;

/** An example that runs. Its time stands still but for `wait`. */
export interface Middlebox extends AsyncDisposable {
  /** Sends frames into a device, and gives what left until nothing more happened. */
  send(device: number, ...frames: readonly Uint8Array[]): Left;
  /** Lets seconds go by, each timer at its time, and gives what left meanwhile. */
  wait(seconds: number): Left;
  read(handler: string): string;
  write(handler: string, value: string): void;
  /** Counts of dropped packets, as `element: reason`. */
  drops(): Record<string, number>;
}

const second = 1_000_000_000;
const start = 1_700_000_000_000_000_000n;

/** Starts an example; `text` where it is not the file's own, `seed` for runs that are to be alike. */
export function open(kind: Kind, name: string, text: string = exampleText(name)): Promise<Middlebox> {
  return kind === "in process" ? openRouter(name, text) : openVm(name, text);
}

interface Drop {
  readonly element: string;
  readonly reason: string;
  readonly count: number | bigint;
}
const counted = (drops: readonly Drop[]): Record<string, number> =>
  Object.fromEntries(drops.map(({ element, reason, count }) => [`${element}: ${reason}`, Number(count)]));

async function openRouter(name: string, text: string): Promise<Middlebox> {
  const clock = new SimulatedClock(start);
  const router = await Router.compile(text, { elements, file: `${name}.click`, clock: clock.now, services: false });
  const collect = (): Left => {
    router.run();
    return Object.fromEntries(router.deviceNumbers.map((n) => [n, router.device(n).receive()]));
  };
  return {
    send(device, ...frames) {
      if (router.device(device).send(frames) !== frames.length) throw new Error("not all frames were taken");
      return collect();
    },
    wait(seconds) {
      let left = collect();
      const end = clock.now() + BigInt(Math.round(seconds * second));
      for (;;) {
        const next = router.nextTimer;
        const there = next !== undefined && next < end;
        clock.jump(there ? next : end);
        left = joined(left, collect());
        if (!there) return left;
      }
    },
    read: (handler) => router.read(handler),
    write: (handler, value) => router.write(handler, value),
    drops: () => counted(router.drops()),
    async [Symbol.asyncDispose]() {
      router.close();
    },
  };
}

async function openVm(name: string, text: string): Promise<Middlebox> {
  const image = await imageOf(name, text);
  let now = start;
  const hypervisor = createHypervisor({ clock: () => now });
  const xl = createToolstack({ elements, hypervisor });
  const devices = image.manifest.vifs.map(({ device }) => device);
  const bridges = devices.map((device) => createSwitch({ name: `br${device}`, lookup: patch() }));
  const ports = new Map(bridges.map((bridge, i) => [devices[i] as number, bridge.attach("outside")]));
  const vif = bridges.map((bridge) => ({ bridge, antiSpoof: false }));
  const vm = await xl.create({ name, image: image.bytes, vif });
  const collect = (): Left => {
    for (let busy = true; busy; ) {
      busy = hypervisor.run();
      for (const bridge of bridges) while (bridge.forward() > 0) busy = true;
    }
    return Object.fromEntries([...ports].map(([n, port]) => [n, port.receive()]));
  };
  return {
    send(device, ...frames) {
      if (ports.get(device)?.send(frames) !== frames.length) throw new Error("not all frames were taken");
      return collect();
    },
    wait(seconds) {
      let left = collect();
      const end = now + BigInt(Math.round(seconds * second));
      // A VM's timers are its own: the clock goes on by tenths of a second.
      while (now < end) {
        now = now + 100_000_000n < end ? now + 100_000_000n : end;
        left = joined(left, collect());
      }
      return left;
    },
    read: (handler) => vm.read(handler),
    write: (handler, value) => vm.write(handler, value),
    drops: () => counted(vm.drops()),
    async [Symbol.asyncDispose]() {
      xl.destroy(name);
      await hypervisor.close();
    },
  };
}

function joined(one: Left, other: Left): Left {
  return Object.fromEntries(Object.keys(one).map((n) => [n, [...(one[+n] ?? []), ...(other[+n] ?? [])]]));
}

/**
 * Plays a conversation, frames with the devices that they come in at, one each millisecond: from captures through the whole path of
 * `clickos run`, or of `clickos boot`. Gives what the captures of each device have at the end.
 */
export async function play(
  kind: Kind,
  name: string,
  conversation: readonly (readonly [device: number, frame: Uint8Array])[],
  text: string = exampleText(name),
): Promise<Left> {
  const dir = mkdtempSync(join(tmpdir(), "middlebox-"));
  try {
    const { manifest, bytes } = await imageOf(name, text);
    const numbers = manifest.vifs.map(({ device }) => device);
    const path = (device: number, way: string): string => join(dir, `${way}${device}.pcapng`);
    for (const device of numbers) {
      const capture = createCapture(path(device, "in"));
      for (const [i, [to, frame]] of conversation.entries())
        if (to === device) capture.write(frame, start + BigInt(i) * 1_000_000n);
      capture.close();
    }
    if (kind === "in process")
      await runConfiguration(text, {
        elements,
        file: `${name}.click`,
        inputs: new Map(numbers.map((n) => [String(n), path(n, "in")])),
        outputs: new Map(numbers.map((n) => [String(n), path(n, "out")])),
        read: [],
        chatter: () => {},
      });
    else
      await bootImage(bytes, {
        elements,
        trusted: true,
        nics: new Map(numbers.map((n) => [n, { input: path(n, "in"), output: path(n, "out") }])),
      });
    return Object.fromEntries(numbers.map((n) => [n, framesOf(path(n, "out"))]));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function framesOf(path: string): Uint8Array[] {
  const reader = openCapture(path);
  const frames: Uint8Array[] = [];
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame.data.slice());
  reader.close();
  return frames;
}

// ---- frames that are built

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
export const address = (text: string): number =>
  text.split(".").reduce((sum, byte) => ((sum << 8) | Number(byte)) >>> 0, 0);
export const addressText = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join(".");
/** The Ethernet address 02:00:00:00:00:`n`. */
export const mac = (n: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, n);

type IpValues = Parameters<typeof ipv4.bytes>[0];
export interface Between {
  readonly src: string;
  readonly dst: string;
  /** Further fields of the IP header. */
  readonly ip?: IpValues;
}

export function ip({ src, dst, ip: values }: Between, protocol: number, payload: Uint8Array): Uint8Array {
  const packet = concat(
    ipv4.bytes({
      ttl: 64,
      protocol,
      totalLength: ipv4.size + payload.length,
      ...values,
      source: address(src),
      destination: address(dst),
    }),
    payload,
  );
  ipv4.view(packet).checksum = internetChecksum(packet.subarray(0, ipv4.size));
  return packet;
}
const pseudo = ({ src, dst }: Between, protocol: number, length: number): number =>
  pseudoHeaderSum({ source: address(src), destination: address(dst) }, protocol, length);

export function udp(
  between: Between,
  sourcePort: number,
  destinationPort: number,
  data: Uint8Array = new Uint8Array(20),
): Uint8Array {
  const length = udpFormat.size + data.length;
  const message = concat(udpFormat.bytes({ sourcePort, destinationPort, length }), data);
  udpFormat.view(message).checksum = internetChecksum(message, pseudo(between, ipProtocols.udp, length)) || 0xffff;
  return ip(between, ipProtocols.udp, message);
}
export function tcp(
  between: Between,
  sourcePort: number,
  destinationPort: number,
  values: Parameters<typeof tcpFormat.bytes>[0],
  data: Uint8Array = new Uint8Array(),
): Uint8Array {
  const segment = concat(tcpFormat.bytes({ window: 8192, ...values, sourcePort, destinationPort }), data);
  tcpFormat.view(segment).checksum = internetChecksum(segment, pseudo(between, ipProtocols.tcp, segment.length));
  return ip(between, ipProtocols.tcp, segment);
}
/** An ICMP message; `rest` is what follows its checksum. */
export function icmp(between: Between, type: number, code: number, rest: Uint8Array): Uint8Array {
  const message = concat(icmpFormat.bytes({ type, code }), rest);
  icmpFormat.view(message).checksum = internetChecksum(message);
  return ip(between, ipProtocols.icmp, message);
}
/** A frame around a packet; by default from 02:…:01 to 02:…:02, with IPv4. */
export function frame(
  packet: Uint8Array,
  { from = mac(1), to = mac(2), type = etherTypes.ip as number } = {},
): Uint8Array {
  return concat(ethernet.bytes({ source: from, destination: to, etherType: type }), packet);
}

// ---- frames that are read

/** What a frame of IPv4 says; its checksums are looked at. @throws where the frame is none. */
export interface Seen {
  readonly ether: ReturnType<typeof ethernet.view>;
  readonly ip: ReturnType<typeof ipv4.view>;
  /** `UDP 10.0.0.1:53 > 10.0.0.2:1024`, `ICMP 10.0.0.1 > 10.0.0.2 8/0`. */
  readonly text: string;
  readonly packet: Uint8Array;
  /** What the transport header carries, or what the IP header does where there is none that is known. */
  readonly data: Uint8Array;
}

/** Reads an IPv4 packet. @throws where it is none, or a checksum is wrong. */
export function readIp(bytes: Uint8Array): Omit<Seen, "ether"> {
  const read = ipv4.read(bytes);
  if (!read.ok) throw new Error(read.problem.text);
  const { header } = read;
  const packet = bytes.subarray(0, header.totalLength);
  const check = (what: string, sum: number): void => {
    if (sum !== 0) throw new Error(`${what}: wrong checksum in ${Buffer.from(bytes).toString("hex")}`);
  };
  check("IP", internetChecksum(packet.subarray(0, header.headerLength)));
  const [from, to] = [addressText(header.source), addressText(header.destination)];
  const { payload } = header;
  const ends = { source: header.source, destination: header.destination };
  const pseudoSum = pseudoHeaderSum(ends, header.protocol, payload.length);
  if (header.fragment !== 0)
    return { ip: header, packet, data: payload, text: `fragment ${header.protocol} ${from} > ${to}` };
  if (header.protocol === ipProtocols.udp || header.protocol === ipProtocols.tcp) {
    const isUdp = header.protocol === ipProtocols.udp;
    const transport = isUdp ? udpFormat.view(payload) : tcpFormat.view(payload);
    if (!isUdp || transport.checksum !== 0) check(isUdp ? "UDP" : "TCP", internetChecksum(payload, pseudoSum));
    const text = `${isUdp ? "UDP" : "TCP"} ${from}:${transport.sourcePort} > ${to}:${transport.destinationPort}`;
    return { ip: header, packet, text, data: transport.payload };
  }
  if (header.protocol === ipProtocols.icmp) {
    check("ICMP", internetChecksum(payload));
    const { type, code, payload: data } = icmpFormat.view(payload);
    return { ip: header, packet, data, text: `ICMP ${from} > ${to} ${type}/${code}` };
  }
  return { ip: header, packet, data: payload, text: `${header.protocol} ${from} > ${to}` };
}

/** Reads a frame of IPv4. @throws where it is none, or a checksum is wrong. */
export function readFrame(bytes: Uint8Array | undefined): Seen {
  if (!bytes) throw new Error("no frame");
  const ether = ethernet.view(bytes);
  if (ether.etherType !== etherTypes.ip) throw new Error(`no IPv4: type ${ether.etherType.toString(16)}`);
  return { ether, ...readIp(ether.payload) };
}
export const texts = (frames: readonly Uint8Array[] | undefined): string[] =>
  (frames ?? []).map((each) => readFrame(each).text);

// ---- neighbours

/** An ARP message in a frame; what the target's Ethernet address is need not be known. */
export function arpFrame(
  operation: number,
  sender: { readonly mac: Uint8Array; readonly ip: string },
  target: { readonly mac?: Uint8Array; readonly ip: string },
): Uint8Array {
  const message = arp.bytes({
    operation,
    senderHardware: sender.mac,
    senderProtocol: address(sender.ip),
    targetHardware: target.mac ?? new Uint8Array(6),
    targetProtocol: address(target.ip),
  });
  return frame(message, { from: sender.mac, to: target.mac ?? broadcastAddress, type: etherTypes.arp });
}

/**
 * Sends frames into a device, and gives what leaves, but for questions of ARP: whoever is asked for answers, as 02:00:00:00:00:`n`, where
 * `n` is the last byte of the address; or as `station` says, where `undefined` is nobody.
 */
export function converse(
  box: Middlebox,
  device: number,
  frames: readonly Uint8Array[],
  station: (ip: string) => Uint8Array | undefined = (ip) => mac(Number(ip.split(".")[3])),
): Record<number, Uint8Array[]> {
  const all: Record<number, Uint8Array[]> = {};
  const take = (left: Left): void => {
    for (const [n, list] of Object.entries(left)) {
      all[+n] ??= [];
      for (const each of list) {
        const { etherType, payload } = ethernet.view(each);
        const query = etherType === etherTypes.arp ? arp.view(payload) : undefined;
        if (query?.operation !== arpOperations.request) {
          all[+n]?.push(each);
          continue;
        }
        const ip = addressText(query.targetProtocol);
        const own = station(ip);
        const asker = { mac: query.senderHardware.slice(), ip: addressText(query.senderProtocol) };
        if (own) take(box.send(+n, arpFrame(arpOperations.reply, { mac: own, ip }, asker)));
      }
    }
  };
  take(box.send(device, ...frames));
  return all;
}
