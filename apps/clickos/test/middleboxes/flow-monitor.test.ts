/** The flow monitor: what a collector hears of both directions, by our own tables and as tshark takes the messages apart. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCapture } from "@clickos/pcap";
import { ipfix, ipfixFlow, ipfixSet, netflow5Header } from "@clickos/wire/flow-export";
import { describe, expect, it } from "vitest";
import { bytes, exampleText, frame, kinds, mac, open, play, readFrame, tcp, udp } from "./support.ts";

const client = { src: "10.0.0.1", dst: "203.0.113.5" };
const server = { src: "203.0.113.5", dst: "10.0.0.1" };
/** A connection that is closed, a question without an answer, and a frame that is no IP. */
const conversation: [number, Uint8Array][] = [
  [0, frame(tcp(client, 40_000, 80, { syn: 1 }))],
  [1, frame(tcp(server, 80, 40_000, { syn: 1, ack: 1 }))],
  [0, frame(tcp(client, 40_000, 80, { ack: 1, psh: 1 }, bytes("GET / HTTP/1.0\r\n\r\n")))],
  [1, frame(tcp(server, 80, 40_000, { ack: 1, fin: 1 }, bytes("HTTP/1.0 204 No Content\r\n\r\n")))],
  [0, frame(tcp(client, 40_000, 80, { ack: 1, fin: 1 }))],
  [0, frame(udp(client, 5353, 53, bytes("?")))],
  [0, frame(new Uint8Array(46), { type: 0x88cc })],
];

const missing = spawnSync("tshark", ["--version"]).error ? "tshark is not installed" : "";
/** Columns of the flows in frames, as tshark has them. */
function shown(frames: readonly Uint8Array[], ...fields: string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "flows-"));
  try {
    const capture = writeCapture("pcap");
    frames.forEach((each, i) => {
      capture.write(each, BigInt(i));
    });
    writeFileSync(join(folder, "flows.pcap"), capture.bytes());
    const { stdout } = spawnSync(
      "tshark",
      [
        "-n",
        "-r",
        join(folder, "flows.pcap"),
        "-d",
        "udp.port==4739,cflow",
        "-T",
        "fields",
        "-E",
        "aggregator=;",
      ].concat(fields.flatMap((field) => ["-e", field])),
      { encoding: "utf8" },
    );
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each(kinds)("a flow monitor %s", (kind) => {
  it("passes everything as it is, and tells of each flow when it is over", async () => {
    await using box = await open(kind, "flow-monitor");
    for (const [device, each] of conversation) {
      const left = box.send(device, each);
      expect(left[1 - device]).toEqual([each]);
      expect(left[device]).toEqual([]);
    }
    const { 2: messages } = box.wait(20);
    const flows = messages!.flatMap((each) => {
      const { ether, text, data } = readFrame(each);
      expect([ether.destination, text]).toEqual([mac(9), "UDP 192.0.2.1:4739 > 192.0.2.9:4739"]);
      let sets = ipfix.view(data).payload;
      const records: ReturnType<typeof ipfixFlow.view>[] = [];
      while (sets.length > 0) {
        const set = ipfixSet.view(sets);
        sets = sets.subarray(set.length);
        if (set.setId < 256) continue;
        for (let at = 0; at < set.payload.length; at += ipfixFlow.size) records.push(ipfixFlow.view(set.payload, at));
      }
      return records;
    });
    const told = flows.map((f) => [
      f.protocol,
      f.sourcePort,
      f.destinationPort,
      f.packets[7],
      f.tcpFlags,
      f.input,
      f.endReason,
    ]);
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        [6, 40_000, 80, 3, 0x1b, 1, 3],
        [6, 80, 40_000, 2, 0x13, 2, 3],
        [17, 5353, 53, 1, 0, 1, 1],
      ]),
    );
    expect(box.read("flows.flows")).toBe("0");
  });

  it("plays captures to their end, and the flows of them", async () => {
    const { 1: passed, 2: messages } = await play(kind, "flow-monitor", conversation);
    expect(passed).toEqual(conversation.filter(([device]) => device === 0).map(([, each]) => each));
    expect(messages!.length).toBeGreaterThanOrEqual(2);
  });
});

describe.skipIf(missing)(`messages of a flow monitor${missing && ` (skipped: ${missing})`}`, () => {
  it("are understood by tshark", async () => {
    const { 2: messages } = await play("in process", "flow-monitor", conversation);
    const columns = ["cflow.version", "cflow.srcaddr", "cflow.dstport", "cflow.packets", "cflow.octets"];
    const rows = shown(messages!, ...columns, "_ws.expert.message");
    const cells = (n: number): string[] =>
      rows.flatMap((row) => (row[n] ?? "").split(";")).filter((text) => text !== "");
    expect(new Set(cells(0))).toEqual(new Set(["10"]));
    expect(cells(1).sort()).toEqual(["10.0.0.1", "10.0.0.1", "203.0.113.5"]);
    expect(cells(2).sort()).toEqual(["40000", "53", "80"]);
    expect(cells(5)).toEqual([]);
    const v5 = exampleText("flow-monitor").replace("FORMAT IPFIX", "FORMAT NETFLOW5");
    const { 2: old } = await play("in process", "flow-monitor", conversation, v5);
    expect(netflow5Header.view(readFrame(old![0]).data).version).toBe(5);
    const told = shown(
      old!,
      "cflow.version",
      "cflow.srcaddr",
      "cflow.dstport",
      "cflow.packets",
      "cflow.octets",
      "cflow.tcpflags",
    );
    const both = (n: number): string[] => told.flatMap((row) => (row[n] ?? "").split(";"));
    expect(both(1).sort()).toEqual(["10.0.0.1", "10.0.0.1", "203.0.113.5"]);
    expect(both(3).map(Number).sort()).toEqual([1, 2, 3]);
    expect(
      both(4)
        .map(Number)
        .reduce((a, b) => a + b),
    ).toBe(40 * 5 + 18 + 27 + 29);
  });
});
