/** An intrusion detector: rules are found in packets and across segments, in both directions; frames that lie are accounted for. */
import { etherTypes } from "@clickos/wire/ethernet";
import { describe, expect, it } from "vitest";
import { dropped, sendHostile } from "./hostile.ts";
import { bytes, frame, icmp, kinds, open, play, readFrame, tcp, udp } from "./support.ts";

const [server, client] = ["192.0.2.80", "203.0.113.5"];
const inward = { src: client, dst: server };
const outward = { src: server, dst: client };
const arp = frame(new Uint8Array(28), { type: etherTypes.arp });
const textOf = (each: Uint8Array): string => new TextDecoder().decode(readFrame(each).data);

/** A stream from the client to a port, cut at the bars. */
const stream = (port: number, text: string, sourcePort = 4000): Uint8Array[] => {
  let sequenceNumber = 1000;
  return text.split("|").map((part) => {
    const segment = frame(tcp(inward, sourcePort, port, { ack: 1, sequenceNumber }, bytes(part)));
    sequenceNumber += part.length;
    return segment;
  });
};

describe.each(kinds)("an intrusion detector %s", (kind) => {
  it("drops and tells of what its rules are about, wherever it is cut", async () => {
    const good = stream(80, "GET /index.html HTTP/1.1\r\n\r\n", 4001);
    const worm = stream(25, "mail X5O!P%@AP[4\\P|ZX54(P^)7CC)7}$EI|CAR more");
    const names = frame(udp({ src: client, dst: "192.0.2.53" }, 5000, 53, bytes("....\x07VERSION\x04bind")));
    const tunnel = frame(icmp(inward, 8, 0, bytes("....SSH-2.0-OpenSSH")));
    const password = frame(tcp(outward, 4002, 21, { ack: 1 }, bytes("PASS secret\r\n")));
    const anonymous = frame(tcp(outward, 4003, 21, { ack: 1 }, bytes("PASS anonymous\r\n")));
    const [first, second, third] = worm as [Uint8Array, Uint8Array, Uint8Array];
    const left = await play(kind, "ids", [
      ...[...good, first, third, second, names, tunnel, arp].map((each) => [1, each] as const),
      ...[password, anonymous].map((each) => [0, each] as const),
    ]);
    // The third segment of the worm, which came before the second, ends what the rule is about.
    expect(left).toEqual({ 0: [...good, first, second, names, tunnel, arp], 1: [password, anonymous] });
  });

  it("counts packets by rule", async () => {
    await using box = await open(kind, "ids");
    const shell = stream(80, "GET /CGI-BIN/x?/bin/sh HTTP/1.0\r\n");
    const away = stream(80, "GET /a/../../etc/passwd HTTP/1.0\r\n", 4001);
    const other = stream(81, "GET /cgi-bin/x?/bin/sh", 4002);
    expect(box.send(1, ...shell, ...away, ...other)[0]?.map(textOf)).toEqual([...away, ...other].map(textOf));
    // Sent again, it is looked at again.
    expect(box.send(1, ...shell, ...away)[0]).toEqual(away);
    expect(box.read("ids.rules").split("\n").slice(0, 3)).toEqual([
      "1000001\t2\ta shell by CGI",
      "1000002\t0\ta well-known worm",
      "1000003\t2\tleaves its folder",
    ]);
    expect(box.drops()).toEqual({ "ids: a rule": 2 });
    expect([box.read("ids.matches"), box.read("ids.drops"), box.read("order.retransmitted")]).toEqual(["4", "2", "2"]);
  });

  it("accounts for every frame that lies", async () => {
    await using box = await open(kind, "ids");
    const { sent, left } = sendHostile(box, [0, 1], { count: kind === "in process" ? 4000 : 1000 });
    const held = Number(box.read("order.length"));
    const late = Object.values(box.wait(2)).flat().length;
    expect(late).toBe(held);
    expect(left + late + dropped(box)).toBe(sent);
  });
});
