/** Whole gateways: a company's firewall with servers inside, and a home's with pings and errors; traffic goes both ways. */
import type { Router } from "@clickos/click-core";
import { describe, expect, it } from "vitest";
import { checksum, ether, ip, make, tcp, transportSum, udp } from "./packets.ts";

const outsideMac = [2, 0, 0, 0, 1, 0];
/** Devices: 0 is the network inside, 1 the way outside, 2 the gateway's own stack. */
const machinery = `
  AddressInfo(intern 10.0.0.1 10.0.0.0/8 02:00:00:00:00:01, extern 9.9.9.9 9.9.9.0/24 02:00:00:00:00:02,
    next_hop 02:00:00:00:01:00, server 10.0.0.10);
  elementclass Link { $number | FromDevice($number) -> output; input -> Queue(1024) -> ToDevice($number) }
  inside :: Link(0); outside :: Link(1); to_host :: Queue -> ToDevice(2);
  from_inside, from_outside :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
  arp :: ARPQuerier(intern);
  inside -> from_inside; from_inside[0] -> ARPResponder(intern) -> inside; from_inside[1] -> [1] arp;
  from_inside[3] -> Discard; arp -> inside;
  outside -> from_outside; from_outside[0] -> ARPResponder(extern) -> outside; from_outside[1] -> Discard;
  from_outside[3] -> Discard;
  out_ip :: CheckIPHeader -> EtherEncap(0x0800, extern:eth, next_hop:eth) -> outside;
  in_ip :: CheckIPHeader -> arp;`;
const company = `${machinery}
  IPRewriterPatterns(to_world extern 50000-65535 - -, to_server intern 50000-65535 server -);
  rw :: IPRewriter(pattern to_world 0 1, pattern to_server 1 0, pattern to_server 1 1, pass 0, pass 2);
  ftp_rw :: TCPRewriter(pattern to_world 0 1, drop);
  rw[0] -> world :: IPClassifier(dst host intern, -); world[0] -> to_host; world[1] -> out_ip;
  rw[1] -> in_ip; rw[2] -> IPClassifier(dst host extern) -> to_host; ftp_rw[0] -> out_ip; ftp_rw[1] -> in_ip;
  from_outside[2] -> Strip(14) -> CheckIPHeader -> to_us :: IPClassifier(dst host extern, -);
  to_us[0] -> what :: IPClassifier(dst tcp ssh or www, src tcp port ftp, tcp or udp, -);
  to_us[1] -> Discard; what[0] -> [1] rw; what[1] -> [1] ftp_rw; what[2] -> [4] rw; what[3] -> Discard;
  from_inside[2] -> Strip(14) -> CheckIPHeader -> where :: IPClassifier(dst host intern, dst net intern, dst tcp port ftp, -);
  where[0] -> gate :: IPClassifier(dst tcp www, tcp or udp, -); gate[0] -> [2] rw; gate[1] -> [3] rw; gate[2] -> to_host;
  where[1] -> to_host; where[2] -> FTPPortMapper(ftp_rw, rw, 0) -> [0] ftp_rw; where[3] -> [0] rw;`;
const home = `${machinery}
  IPRewriterPatterns(nat extern 50000-65535 - -);
  known :: IPClassifier(dst net intern, dst host extern); known[0] -> in_ip; known[1] -> to_host;
  rw :: IPRewriter(pattern nat 0 1, pass 1); pings :: ICMPPingRewriter(pattern nat 0 1, pass 1);
  rw[0] -> out_ip; pings[0] -> out_ip; pings[1] -> known; rw[1] -> known; errors :: ICMPRewriter(rw pings) -> known;
  from_outside[2] -> Strip(14) -> CheckIPHeader -> kind :: IPClassifier(tcp or udp, icmp type echo or icmp type echo-reply, icmp);
  kind[0] -> [1] rw; kind[1] -> [1] pings; kind[2] -> errors;
  from_inside[2] -> Strip(14) -> CheckIPHeader -> own :: IPClassifier(tcp or udp, icmp type echo); own[0] -> [0] rw; own[1] -> [0] pings;`;

/** Sends IP packets in, and gives what leaves where; who asks for an address inside is answered. */
function send(router: Router, device: number, packets: readonly Uint8Array[]): Uint8Array[][] {
  const left: Uint8Array[][] = [[], [], []];
  const collect = (): void => {
    router.run();
    for (const [number, frames] of left.entries()) frames.push(...router.device(number).receive());
  };
  expect(router.device(device).send(packets.map((packet) => ether(packet)))).toBe(packets.length);
  collect();
  const isQuery = (frame: Uint8Array): boolean => frame[12] === 8 && frame[13] === 6;
  for (const query of (left[0] as Uint8Array[]).filter(isQuery)) {
    const reply = query.slice();
    reply.set([2, 0, 0, 0, 0, query[41]!], 22);
    reply.set([0, 2], 20);
    reply.set(query.subarray(38, 42), 28);
    reply.set(query.subarray(22, 32), 32);
    router.device(0).send([reply]);
  }
  collect();
  return left.map((frames) => frames.filter((frame) => !isQuery(frame)));
}

/** The packet in a frame; its checksums are right, and those of what is in it. */
function packetIn(frame: Uint8Array | undefined, offset = 14): Uint8Array {
  const packet = (frame ?? new Uint8Array()).slice(offset);
  const message = packet.subarray(20);
  expect([checksum(packet.subarray(0, 20)), packet[9] === 1 ? checksum(message) : transportSum(packet)]).toEqual([
    0, 0,
  ]);
  return packet;
}
const view = (packet: Uint8Array): string =>
  `${packet.subarray(12, 16).join(".")}:${(packet[20]! << 8) | packet[21]!} > ${packet.subarray(16, 20).join(".")}:${(packet[22]! << 8) | packet[23]!}`;
const portOf = (packet: Uint8Array): number => (packet[20]! << 8) | packet[21]!;
function icmp(type: number, rest: readonly number[], address: { src: string; dst: string }): Uint8Array {
  const payload = Uint8Array.from([type, 0, 0, 0, ...rest]);
  const sum = checksum(payload);
  payload.set([sum >> 8, sum & 255], 2);
  return ip({ ...address, protocol: 1, payload });
}

const host = { src: "10.0.0.5", dst: "8.8.8.8" };

describe("a company's gateway", () => {
  it("lets connections out, and their replies in", async () => {
    using router = await make(company, { clock: () => 1n });
    for (const build of [
      (s: number, d: number, a: object) => tcp(s, d, 2, a),
      (s: number, d: number, a: object) => udp(s, d, a),
    ]) {
      const [, [frame]] = send(router, 0, [build(60_001, 443, host)]) as [unknown, [Uint8Array]];
      expect([...frame.subarray(0, 6)]).toEqual(outsideMac);
      const out = packetIn(frame);
      expect(view(out)).toBe("9.9.9.9:60001 > 8.8.8.8:443");
      const [[back]] = send(router, 1, [build(443, portOf(out), { src: "8.8.8.8", dst: "9.9.9.9" })]) as [[Uint8Array]];
      expect([...back.subarray(0, 6)]).toEqual([2, 0, 0, 0, 0, 5]);
      expect(view(packetIn(back))).toBe("8.8.8.8:443 > 10.0.0.5:60001");
    }
  });

  it("sends what comes for the server there, from outside and from inside, and the answers back", async () => {
    using router = await make(company, { clock: () => 1n });
    for (const [device, src, dst] of [
      [1, "7.7.7.7", "9.9.9.9"],
      [0, "10.0.0.5", "10.0.0.1"],
    ] as const) {
      const [[frame]] = send(router, device, [tcp(1025, 80, 2, { src, dst })]) as [[Uint8Array]];
      const inward = packetIn(frame);
      expect(view(inward)).toMatch(/^10\.0\.0\.1:[56]\d{4} > 10\.0\.0\.10:80$/);
      const answer = send(router, 0, [tcp(80, portOf(inward), 18, { src: "10.0.0.10", dst: "10.0.0.1" })]);
      expect(view(packetIn(answer[device]![0]))).toBe(`${dst}:80 > ${src}:1025`);
    }
  });

  it("keeps strangers out, and takes what is for itself", async () => {
    using router = await make(company, { clock: () => 1n });
    const stranger = { src: "7.7.7.7", dst: "9.9.9.9" };
    const [inside, outside, own] = send(router, 1, [
      udp(1, 5000, stranger),
      tcp(21, 5000, 2, stranger),
      icmp(8, [0, 1, 0, 1], stranger),
      udp(1, 2, { ...stranger, dst: "9.9.9.8" }),
    ]);
    expect([inside, outside]).toEqual([[], []]);
    expect(own!.map((packet) => view(packetIn(packet, 0)))).toEqual(["7.7.7.7:1 > 9.9.9.9:5000"]);
  });

  it("lets FTP's data connections in, and keeps count of the bytes", async () => {
    using router = await make(company, { clock: () => 1n });
    const control = (seq: number, data = ""): Uint8Array => {
      const packet = tcp(60_002, 21, 24, host, new TextEncoder().encode(data));
      packet.set([0, 0, seq >> 8, seq & 255], 24);
      packet.set([0, 0], 36);
      const sum = transportSum(packet);
      packet.set([sum >> 8, sum & 255], 36);
      return packet;
    };
    const out = (packet: Uint8Array): Uint8Array => packetIn(send(router, 0, [packet])[1]![0]);
    out(control(99));
    const sent = out(control(100, "PORT 10,0,0,5,4,210\r\n"));
    const [, high, low] = /PORT 9,9,9,9,(\d+),(\d+)\r\n$/.exec(new TextDecoder().decode(sent.subarray(40)))!;
    expect(out(control(121)).subarray(24, 28)).toEqual(Uint8Array.of(0, 0, 0, 121 + sent.length - 40 - 21));
    const port = Number(high) * 256 + Number(low);
    const [[frame]] = send(router, 1, [tcp(20, port, 2, { src: "8.8.8.8", dst: "9.9.9.9" })]) as [[Uint8Array]];
    expect(view(packetIn(frame))).toBe(`8.8.8.8:20 > 10.0.0.5:${4 * 256 + 210}`);
  });
});

describe("a home's gateway", () => {
  it("lets pings out and their replies in, of two hosts with one identifier, too", async () => {
    using router = await make(home, { clock: () => 1n });
    const ids = [5, 6].map((n) => {
      const out = packetIn(send(router, 0, [icmp(8, [0, 7, 0, 1], { ...host, src: `10.0.0.${n}` })])[1]![0]);
      expect(out.subarray(12, 16).join(".")).toBe("9.9.9.9");
      return [n, [...out.subarray(24, 26)]] as const;
    });
    expect(ids[0]![1]).not.toEqual(ids[1]![1]);
    for (const [n, id] of ids) {
      const [[frame]] = send(router, 1, [icmp(0, [...id, 0, 1], { src: "8.8.8.8", dst: "9.9.9.9" })]) as [[Uint8Array]];
      const back = packetIn(frame);
      expect([back.subarray(16, 20).join("."), [...back.subarray(24, 26)]]).toEqual([`10.0.0.${n}`, [0, 7]]);
    }
    // A reply to nothing is for the gateway.
    const reply = icmp(0, [1, 1, 0, 1], { src: "8.8.8.8", dst: "9.9.9.9" });
    expect(send(router, 1, [reply])[2]).toHaveLength(1);
  });

  it("lets errors in about packets that went out, as the host knows them", async () => {
    using router = await make(home, { clock: () => 1n });
    for (const packet of [udp(1234, 53, host), tcp(1234, 80, 2, host), icmp(8, [0, 7, 0, 1], host)]) {
      const out = packetIn(send(router, 0, [packet])[1]![0]);
      const error = icmp(11, [0, 0, 0, 0, ...out], { src: "7.7.7.7", dst: "9.9.9.9" });
      const [[frame]] = send(router, 1, [error]) as [[Uint8Array]];
      const back = packetIn(frame);
      expect(back.subarray(16, 20).join(".")).toBe("10.0.0.5");
      expect([...back.subarray(28)]).toEqual([...packet]);
    }
    const stranger = icmp(11, [0, 0, 0, 0, ...udp(1, 2)], { src: "7.7.7.7", dst: "9.9.9.9" });
    expect(send(router, 1, [stranger])).toEqual([[], [], []]);
  });
});
