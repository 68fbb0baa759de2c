/** NetFlowExporter: what messages say, read by the tables of their formats. */
import {
  flowEndReasons,
  ipfix,
  ipfixFlow,
  ipfixSet,
  ipfixTemplate,
  netflow5Header,
  netflow5Record,
} from "@clickos/wire/flow-export";
import { describe, expect, it } from "vitest";
import { checksum, ether, ip, make, tcp, udp } from "./packets.ts";

const second = 1_000_000_000n;
const start = 1_700_000_000n * second;

async function exporter(text: string) {
  let now = start;
  const router = await make(
    `FromDevice(0) -> CheckIPHeader(14) -> [0] nf :: NetFlowExporter(${text}) -> ToDevice(0);
     FromDevice(1) -> [1] nf [1] -> MarkIPHeader(14) -> ToDevice(1);  nf [2] -> ToDevice(2);`.replace(
      "FromDevice(1) -> [1] nf [1] -> MarkIPHeader(14)",
      "FromDevice(1) -> MarkIPHeader(14) -> [1] nf; nf [1]",
    ),
    { clock: () => now },
  );
  const messages: Uint8Array[] = [];
  const run = (): void => {
    router.run();
    messages.push(...router.device(2).receive());
  };
  return {
    router,
    send(device: number, ...packets: Uint8Array[]): void {
      const frames = packets.map((packet) => ether(packet));
      for (let i = 0; i < frames.length; i += 64) {
        router.device(device).send(frames.slice(i, i + 64));
        run();
        // What passes stays as it is.
        expect(router.device(device).receive()).toEqual(frames.slice(i, i + 64));
      }
    },
    wait(milliseconds: number): void {
      for (const end = now + BigInt(milliseconds) * 1_000_000n; now < end; ) {
        now += 100_000_000n;
        run();
      }
    },
    take: () => messages.splice(0),
  };
}
type Flow = ReturnType<typeof ipfixFlow.view>;
const number = (bytes: Uint8Array): number => bytes.reduce((n, byte) => n * 256 + byte, 0);
/** Sequence number, template fields and flows of a message. */
function readIpfix(message: Uint8Array): { sequence: number; domain: number; templates: number; flows: Flow[] } {
  const { header } = ipfix.read(message) as { header: ReturnType<typeof ipfix.view> };
  expect(header.length).toBe(message.length);
  let rest = header.payload;
  const flows: Flow[] = [];
  let templates = 0;
  while (rest.length > 0) {
    const set = ipfixSet.view(rest);
    rest = rest.subarray(set.length);
    if (set.setId === 2) {
      templates++;
      expect(ipfixTemplate.view(set.payload)).toMatchObject({ templateId: 256, fieldCount: 13 });
      continue;
    }
    expect([set.setId, set.payload.length % ipfixFlow.size]).toEqual([256, 0]);
    for (let at = 0; at < set.payload.length; at += ipfixFlow.size) flows.push(ipfixFlow.view(set.payload, at));
  }
  return { sequence: header.sequenceNumber, domain: header.observationDomain, templates, flows };
}

const host = { src: "10.0.0.1", dst: "10.0.0.2" };
const reply = { src: "10.0.0.2", dst: "10.0.0.1" };

describe("NetFlowExporter", () => {
  it("tells of flows that have become quiet: by direction, with counts and times", async () => {
    const { router, send, wait, take } = await exporter("DOMAIN 7, INACTIVE 5s");
    send(0, udp(1000, 53, { ...host, tos: 0xb8 }), udp(1000, 53, { ...host, tos: 0xb8 }, new Uint8Array(100)));
    wait(3000);
    send(1, udp(53, 1000, reply));
    wait(4000);
    expect(router.read("nf.flows")).toBe("1");
    wait(3000);
    const [first, second] = take().map(readIpfix) as [ReturnType<typeof readIpfix>, ReturnType<typeof readIpfix>];
    expect([first.sequence, first.domain, first.templates, first.flows.length]).toEqual([0, 7, 1, 1]);
    expect([second.sequence, second.templates, second.flows.length]).toEqual([1, 0, 1]);
    const [out, back] = [first.flows[0]!, second.flows[0]!];
    expect(out).toMatchObject({
      source: 0x0a000001,
      destination: 0x0a000002,
      sourcePort: 1000,
      destinationPort: 53,
      protocol: 17,
      tos: 0xb8,
      input: 1,
      endReason: flowEndReasons.idle,
    });
    expect([number(out.packets), number(out.octets)]).toEqual([2, 40 + 128]);
    expect(back).toMatchObject({ source: 0x0a000002, sourcePort: 53, destinationPort: 1000, input: 2 });
    expect(Math.abs(number(back.start) - (Number(start / 1_000_000n) + 3000))).toBeLessThan(5);
    expect(router.read("nf.exported")).toBe("2");
  });

  it("tells of TCP's flags and end, and of ICMP's type and code", async () => {
    const { send, wait, take } = await exporter("");
    send(0, tcp(1, 80, 2, host), tcp(1, 80, 0x10, host), tcp(1, 80, 0x11, host));
    const echo = Uint8Array.of(8, 5, 0, 0, 0, 1, 0, 1);
    const sum = checksum(echo);
    echo.set([sum >> 8, sum & 255], 2);
    send(0, ip({ ...host, protocol: 1, payload: echo }));
    wait(2500);
    const ended = take().flatMap((message) => readIpfix(message).flows);
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({ tcpFlags: 0x13, protocol: 6, endReason: flowEndReasons.endOfFlow });
    wait(15_000);
    const [ping] = take().flatMap((message) => readIpfix(message).flows);
    expect(ping).toMatchObject({ protocol: 1, sourcePort: 0, destinationPort: 8 * 256 + 5 });
  });

  it("tells of long flows again and again, and loses no packet of them", async () => {
    const { send, wait, take } = await exporter("ACTIVE 10s, INACTIVE 5s");
    for (let i = 0; i < 25; i++) {
      send(0, udp(1, 2, host));
      wait(1000);
    }
    wait(8000);
    const flows = take().flatMap((message) => readIpfix(message).flows);
    expect(flows.map(({ endReason }) => endReason)).toEqual([2, 2, 1]);
    expect(flows.reduce((sum, { packets }) => sum + number(packets), 0)).toBe(25);
  });

  it("fills messages, counts what it has sent, and makes room", async () => {
    const { router, send, wait, take } = await exporter("CAPACITY 100, TEMPLATE_INTERVAL 3600s");
    send(0, ...Array.from({ length: 300 }, (_, i) => udp(1000 + i, 53, host)));
    wait(200);
    expect(Number(router.read("nf.flows"))).toBe(100);
    router.write("nf.flush", "");
    wait(200);
    const messages = take();
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(1400);
    const read = messages.map(readIpfix);
    let sequence = 0;
    for (const each of read) {
      expect(each.sequence).toBe(sequence);
      sequence += each.flows.length;
    }
    expect([sequence, read.filter(({ templates }) => templates > 0).length]).toEqual([300, 1]);
    const flows = read.flatMap((each) => each.flows);
    expect(new Set(flows.map(({ sourcePort }) => sourcePort)).size).toBe(300);
    const reasons = flows.map(({ endReason }) => endReason);
    expect(reasons.filter((reason) => reason === flowEndReasons.lackOfResources)).toHaveLength(200);
    expect(reasons.filter((reason) => reason === flowEndReasons.forced)).toHaveLength(100);
    expect(router.read("nf.messages")).toBe(String(messages.length));
  });

  it("speaks NetFlow v5", async () => {
    const { router, send, wait, take } = await exporter("FORMAT NETFLOW5, DOMAIN 0x0203");
    // Time is told from the first packet on.
    send(0, udp(9, 9, host));
    wait(2000);
    send(1, ...Array.from({ length: 39 }, (_, i) => udp(1000 + i, 53, host)));
    router.write("nf.flush", "");
    wait(200);
    const messages = take();
    const headers = messages.map((message) => netflow5Header.view(message));
    expect(headers.map(({ count, flowSequence }) => [count, flowSequence])).toEqual([
      [30, 0],
      [10, 30],
    ]);
    expect(headers[0]).toMatchObject({ version: 5, engineType: 2, engineId: 3 });
    expect(Math.abs(headers[0]!.sysUptime - 2100)).toBeLessThanOrEqual(200);
    expect(headers[0]!.unixSecs - Number(start / second)).toBe(2);
    const record = messages
      .flatMap((message, n) =>
        Array.from({ length: headers[n]!.count }, (_, i) =>
          netflow5Record.view(message, netflow5Header.size + i * netflow5Record.size),
        ),
      )
      .find(({ sourcePort }) => sourcePort === 1005)!;
    expect(record).toMatchObject({
      source: 0x0a000001,
      destinationPort: 53,
      packets: 1,
      octets: 40,
      input: 2,
      protocol: 17,
    });
    expect(Math.abs(record.first - 2000)).toBeLessThan(3);
    expect(messages[1]!.length).toBe(netflow5Header.size + 10 * netflow5Record.size);
  });

  it("lets pass what is no IP, and counts it", async () => {
    const { router, send } = await exporter("");
    router.device(0).send([ether(new Uint8Array(46), 0x0806)]);
    send(1);
    router.run();
    expect(router.read("nf.flows")).toBe("0");
  });

  it("refuses what makes no sense", async () => {
    await expect(exporter("FORMAT V9")).rejects.toThrow(/IPFIX, NETFLOW5/);
    await expect(exporter("ACTIVE 0.5")).rejects.toThrow(/a second at least/);
    await expect(exporter("FORMAT NETFLOW5, DOMAIN 65536")).rejects.toThrow(/at most 65535/);
  });
});
