/** A DNS filter: names on its list do not exist, whoever asks in whatever way; all else passes as it came. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { dns, dnsQuestion } from "@clickos/wire/dns";
import { ethernet } from "@clickos/wire/ethernet";
import { describe, expect, it } from "vitest";
import { dropped, sendHostile } from "./hostile.ts";
import { bytes, concat, exampleText, frame, kinds, mac, open, play, readFrame, tcp, udp } from "./support.ts";

const client = { src: "10.0.0.9", dst: "192.0.2.53" };
const labels = (name: string): Uint8Array =>
  concat(...name.split(".").map((label) => concat(Uint8Array.of(label.length), bytes(label))), Uint8Array.of(0));
const question = (name: string, type = 1): Uint8Array => concat(labels(name), dnsQuestion.bytes({ type, class: 1 }));
/** A question, with what else is in the message behind it. */
function ask(name: string, { type = 1, fields = {}, more = new Uint8Array(), port = 53 } = {}): Uint8Array {
  const header = dns.bytes({ id: 0x1234, rd: 1, questions: 1, ...fields });
  return frame(udp(client, 4000, port, concat(header, question(name, type), more)), { from: mac(9), to: mac(53) });
}

describe.each(kinds)("a DNS filter %s", (kind) => {
  it("answers for names on its list, and passes on what else there is", async () => {
    // A question with EDNS, as most are.
    const edns = Uint8Array.of(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0);
    const blocked = [
      ask("ads.example"),
      ask("WWW.Ads.Example", { type: 28 }),
      ask("a.b.c.tracker.example", { more: edns, fields: { additional: 1 } }),
    ];
    const others = [
      ask("example"),
      ask("example.org"),
      ask("bads.example"),
      ask("ads.example.org"),
      ask("ads.example", { fields: { qr: 1 } }),
      ask("ads.example", { port: 5353 }),
      frame(tcp(client, 4000, 53, { ack: 1 }, question("ads.example"))),
      frame(new Uint8Array(46), { type: 0x86dd }),
    ];
    const answers = frame(udp({ src: client.dst, dst: client.src }, 53, 4000, question("ads.example")));
    const left = await play(kind, "dns-filter", [
      ...[...blocked, ...others].map((each) => [0, each] as const),
      [1, answers],
    ]);
    expect(left[1]).toEqual(others);
    expect(left[0]?.at(-1)).toEqual(answers);
    expect(
      left[0]?.slice(0, -1).map((each) => {
        const { ether, ip, text, data } = readFrame(each);
        const { id, qr, rd, ra, rcode, questions, additional } = dns.view(data);
        expect([id, qr, rd, ra, rcode, questions, additional, ip.ttl]).toEqual([0x1234, 1, 1, 1, 3, 1, 0, 64]);
        expect([ether.destination, ether.source].map((a) => [...a].at(-1))).toEqual([9, 53]);
        return `${text} ${Buffer.from(data.subarray(dns.size)).toString("latin1")}`;
      }),
    ).toEqual(
      [question("ads.example"), question("WWW.Ads.Example", 28), question("a.b.c.tracker.example")].map(
        (asked) => `UDP 192.0.2.53:53 > 10.0.0.9:4000 ${Buffer.from(asked).toString("latin1")}`,
      ),
    );
    expect(ethernet.view(left[0]?.[0] as Uint8Array).etherType).toBe(0x0800);
  });

  it("takes more names while it runs, and lets single ones pass", async () => {
    await using box = await open(kind, "dns-filter");
    const isBlocked = (name: string): boolean => box.send(0, ask(name))[0]?.length === 1;
    expect([isBlocked("new.test"), box.read("names.names")]).toEqual([false, "3"]);
    box.write("names.add", "new.test\nOther.test. third.test");
    expect([isBlocked("a.new.test"), isBlocked("other.test"), box.read("names.names")]).toEqual([true, true, "6"]);
    box.write("names.allow", "good.tracker.example new.test");
    expect(["x.good.tracker.example", "tracker.example", "a.new.test"].map(isBlocked)).toEqual([false, true, false]);
    box.write("names.add", "bad.good.tracker.example");
    expect(["bad.good.tracker.example", "good.tracker.example"].map(isBlocked)).toEqual([true, false]);
    box.write("names.remove", "other.test");
    expect(isBlocked("other.test")).toBe(false);
    expect(() => box.write("names.add", "a..b")).toThrow("'a..b' is not a domain name");
    box.write("names.clear", "");
    expect([isBlocked("third.test"), isBlocked("good.tracker.example"), box.read("names.names")]).toEqual([
      false,
      true,
      "3",
    ]);
  });

  it("drops what is no question that a server would read", async () => {
    await using box = await open(kind, "dns-filter");
    const header = dns.bytes({ id: 1, questions: 1 });
    const messages = [
      new Uint8Array(11),
      header,
      concat(header, Uint8Array.of(3, 97, 98)),
      concat(header, Uint8Array.of(0xc0, 12, 0, 1, 0, 1)),
      concat(header, labels("ads.example"), Uint8Array.of(0, 1, 0)),
      concat(header, ...Array.from({ length: 127 }, () => Uint8Array.of(1, 97)), Uint8Array.of(1, 97, 0, 0, 1, 0, 1)),
      concat(dns.bytes({ questions: 2 }), question("ads.example"), question("ads.example")),
    ];
    const left = box.send(0, ...messages.map((message) => frame(udp(client, 4000, 53, message))));
    expect(Object.values(left).flat()).toEqual([]);
    expect(box.drops()).toEqual({ "names: malformed question": messages.length });
    // The longest name that there may be.
    const longest = [63, 63, 63, 61].map((n) => "a".repeat(n)).join(".");
    expect(box.send(0, ask(longest))[1]?.length).toBe(1);
  });

  it("accounts for every frame that lies", async () => {
    await using box = await open(kind, "dns-filter");
    const { sent, left } = sendHostile(box, [0, 1], { count: kind === "in process" ? 4000 : 1000 });
    expect(left + dropped(box)).toBe(sent);
  });
});

it("tells what becomes of a name", async () => {
  const text = "Idle -> names :: DNSFilter(ads.example) -> Discard; names [1] -> Discard";
  const router = await Router.compile(text, { elements });
  router.write("names.allow", "good.ads.example");
  router.write("names.add", "test");
  expect(
    ["ads.example", "x.ads.example.", "a.good.ads.example", "a.TEST", "example"].map((name) =>
      router.read("names.lookup", name),
    ),
  ).toEqual(["blocked", "blocked", "allowed", "blocked", "-"]);
  expect(() => router.read("names.lookup", "a..b")).toThrow("'a..b' is not a domain name");
  await expect(Router.compile("Idle -> DNSFilter(a..b) -> Discard", { elements })).rejects.toThrow(
    "NAME 1: 'a..b' is not",
  );
});

it("has a list of 100,000 names as arguments, as handlers, and in an image", async () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `n${(i * 7919) % 1_000_003}.test`);
  const text = exampleText("dns-filter");
  const long = text.replace("malware.test", names.join(", "));
  for (const [kind, configuration] of [
    ["in process", text],
    ["in process", long],
    ["as a VM", long],
  ] as const) {
    await using box = await open(kind, "dns-filter", configuration);
    if (configuration === text) box.write("names.add", names.join("\n"));
    const asked = [names[0], names[77_777], "n1000004.test", "m1.test"] as string[];
    expect(asked.map((name) => box.send(0, ask(name))[0]?.length)).toEqual([1, 1, 0, 0]);
  }
});
