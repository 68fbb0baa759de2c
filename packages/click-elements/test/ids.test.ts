/** IDSMatcher: rules, and what they find, against a plain search of payloads. */
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { ConfigurationError } from "@clickos/click-language";
import { internetChecksum } from "@clickos/wire/checksum";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Content, parseContentRule, RuleError } from "../src/ids/content-rule.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (ch) => ch.charCodeAt(0));
function packet(protocol: number, message: Uint8Array, fields: Parameters<typeof ipv4.bytes>[0] = {}): Uint8Array {
  const header = ipv4.bytes({
    ttl: 64,
    protocol,
    source: 0x01020304,
    destination: 0x0a000001,
    totalLength: ipv4.size + message.length,
    ...fields,
  });
  ipv4.view(header).checksum = internetChecksum(header);
  return Uint8Array.from([...header, ...message]);
}
const datagram = (data: Uint8Array, destinationPort = 53): Uint8Array =>
  packet(
    ipProtocols.udp,
    Uint8Array.from([...udp.bytes({ sourcePort: 1000, destinationPort, length: 8 + data.length }), ...data]),
  );
const segment = (sequenceNumber: number, data: Uint8Array, fields: Parameters<typeof tcp.bytes>[0] = {}): Uint8Array =>
  packet(
    ipProtocols.tcp,
    Uint8Array.from([...tcp.bytes({ sourcePort: 1000, destinationPort: 80, sequenceNumber, ...fields }), ...data]),
  );

interface Matcher {
  /** For each packet, whether it left on output 1. */
  send(...packets: Uint8Array[]): boolean[];
  readonly router: Router;
  readonly said: string[];
}
async function matcher(rules: readonly string[], more = "LOG 0"): Promise<Matcher> {
  const said: string[] = [];
  const router = await Router.compile(
    `FromDevice(0) -> CheckIPHeader -> ids :: IDSMatcher(${[...rules, more].join(", ")}) -> ToDevice(0); ids [1] -> ToDevice(1);`,
    { elements, chatter: (line) => void said.push(line) },
  );
  return {
    router,
    said,
    send: (...packets) =>
      packets.map((each) => {
        router.device(0).send([each]);
        router.run();
        const [kept, dropped] = [router.device(0).receive(), router.device(1).receive()];
        expect(kept.length + dropped.length).toBe(1);
        expect((kept[0] ?? dropped[0])?.join()).toBe(each.join());
        return dropped.length === 1;
      }),
  };
}
const any = "drop ip any any -> any any";

describe("rules", () => {
  it("are read as Snort's", () => {
    const rule = parseContentRule(
      'alert tcp !10.0.0.0/8 1024: <> 1.2.3.4 !80 (msg:"a; \\"b\\""; content:"x|0D 0a|\\|y"; nocase; content:!"z"; distance:-3; within:9; sid:7; rev:2;)',
    );
    expect(rule).toMatchObject({
      action: "alert",
      protocol: 6,
      source: { address: 0x0a000000, mask: 0xff000000, negated: true },
      sourcePort: { from: 1024, to: 65535, negated: false },
      destination: { address: 0x01020304, mask: 0xffffffff },
      destinationPort: { from: 80, to: 80, negated: true },
      bothWays: true,
      message: 'a; "b"',
      sid: 7,
      fast: 0,
    });
    expect(rule.contents.map(({ bytes, ...content }) => ({ text: String.fromCharCode(...bytes), ...content }))).toEqual(
      [
        { text: "x\r\n|y", nocase: true, negated: false, relative: false, from: 0, window: 0 },
        { text: "z", nocase: false, negated: true, relative: true, from: -3, window: 9 },
      ],
    );
  });

  it.each([
    ["alert tcp any any any any (sid:1;)", "expected ACTION PROTOCOL"],
    ['log tcp any any -> any any (content:"a"; sid:1;)', "the action 'log'"],
    ['alert igmp any any -> any any (content:"a"; sid:1;)', "the protocol 'igmp'"],
    ['alert tcp 1.2.3 any -> any any (content:"a"; sid:1;)', "'1.2.3' is not any"],
    ['alert tcp any 9:1 -> any any (content:"a"; sid:1;)', "'9:1' is not any, a port"],
    ['alert tcp any any -> any any (content:"a";)', "the rule has no sid"],
    ['alert tcp any any -> any any (content:!"a"; sid:1;)', "no content that must be there"],
    ['alert tcp any any -> any any (content:"a|0"; sid:1;)', "a | without its second one"],
    ['alert tcp any any -> any any (content:"|0|"; sid:1;)', "is not bytes in hexadecimal"],
    ['alert tcp any any -> any any (content:""; sid:1;)', "an empty content"],
    ['alert tcp any any -> any any (content:"abc"; depth:2; sid:1;)', "a content of 3 bytes in 2 bytes"],
    ['alert tcp any any -> any any (depth:2; content:"abc"; sid:1;)', "depth stands behind no content"],
    ['alert tcp any any -> any any (content:"a"; pcre:"/x/"; sid:1;)', "there is no option 'pcre'"],
    ['alert tcp any any -> any any (content:"a"; offset:x; sid:1;)', "offset:x is not a number between 0 and"],
    ['alert tcp any any -> any any (content:"a" sid:1;)', "the value of content stands in quotes"],
    ['alert tcp any any -> any any (content:"a"; sid 1;)', "expected NAME:VALUE; at 'sid 1;'"],
  ])("%s", (text, message) => {
    expect(() => parseContentRule(text)).toThrow(RuleError);
    expect(() => parseContentRule(text)).toThrow(message);
  });

  it("that are wrong are told by their numbers", async () => {
    const rules = [`${any} (content:"a"; sid:1;)`, "nonsense"];
    await expect(matcher(rules)).rejects.toThrow(ConfigurationError);
    await expect(matcher(rules)).rejects.toThrow("RULE 2: expected ACTION PROTOCOL");
    await expect(matcher([])).rejects.toThrow("no rules");
  });
});

describe("packets", () => {
  it("are found by content and header, and counted by rule", async () => {
    const { send, router, said } = await matcher(
      [
        'alert udp any any -> any 53 (msg:"name"; content:"EvIl"; nocase; sid:1;)',
        'drop tcp any any -> 10.0.0.0/8 80 (msg:"shell"; content:"/bin/sh"; offset:2; depth:9; sid:2;)',
        'drop ip any any -> any any (msg:"both"; content:"one"; content:"two"; distance:1; within:5; sid:3;)',
        'drop ip any any -> any any (msg:"not"; content:"good"; content:!"very"; sid:4;)',
      ],
      "LOG 3",
    );
    expect(send(datagram(bytes("an eVIL name")), datagram(bytes("an evil name"), 54))).toEqual([false, false]);
    expect(
      send(segment(1, bytes("ab/bin/sh")), segment(500, bytes("a/bin/sh")), segment(900, bytes("abcde/bin/sh"))),
    ).toEqual([true, false, false]);
    expect(send(datagram(bytes("one two")), datagram(bytes("onetwo")), datagram(bytes("one  two one two")))).toEqual([
      true,
      false,
      true,
    ]);
    expect(send(datagram(bytes("good")), datagram(bytes("very good")))).toEqual([true, false]);
    expect(router.read("ids.rules")).toBe("1\t1\tname\n2\t1\tshell\n3\t2\tboth\n4\t1\tnot\n");
    expect([router.read("ids.matches"), router.read("ids.drops"), router.read("ids.given_up")]).toEqual([
      "5",
      "4",
      "0",
    ]);
    expect(said.join("")).toContain("ids: rule 1: name: 1.2.3.4:1000 > 10.0.0.1:53\n");
    expect(said.join("").split("\n").length).toBeLessThanOrEqual(4);
    router.write("ids.reset_count", "");
    expect([router.read("ids.matches"), router.read("ids.rules")]).toEqual([
      "0",
      "1\t0\tname\n2\t0\tshell\n3\t0\tboth\n4\t0\tnot\n",
    ]);
  });

  it("that go on in the next segment are found, with their cases", async () => {
    const { send, router } = await matcher([
      `${any} (content:"Attack"; sid:1;)`,
      `${any} (content:"WORM"; nocase; sid:2;)`,
    ]);
    const parts = (sequence: number, ...texts: string[]): Uint8Array[] =>
      texts.map((text, i) => segment(sequence + texts.slice(0, i).join("").length, bytes(text)));
    expect(send(...parts(1, "xxAtt", "ack"))).toEqual([false, true]);
    expect(send(...parts(100, "xxatt", "ack"))).toEqual([false, false]);
    send(segment(7, bytes(""), { syn: 1 }));
    expect(send(...parts(0xfffffffe, "A", "t", "ta", "c", "kw", "Or", "m"))).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
      true,
    ]);
    // What overlaps is looked at once; what is sent again by itself.
    expect(send(...parts(2000, "Att"), segment(2001, bytes("ttack")), segment(1990, bytes("Attack")))).toEqual([
      false,
      true,
      true,
    ]);
    // A segment is missing between the two.
    expect(send(segment(1, bytes("Att")), segment(5, bytes("ack")))).toEqual([false, false]);
    // Another direction.
    expect(send(segment(1, bytes("Att")), segment(4, bytes("ack"), { sourcePort: 1001 }))).toEqual([false, false]);
    expect(router.read("ids.half_found")).toBe("1");
  });

  it("fragments and what is cut off pass", async () => {
    const { send } = await matcher([`${any} (content:"evil"; sid:1;)`]);
    const wrong = segment(1, bytes("evil"));
    ipv4.view(wrong).payload[12] = 0xf0;
    expect(send(packet(17, bytes("evil"), { fragmentOffset: 5 }), packet(17, bytes("evil")), wrong)).toEqual([
      false,
      false,
      false,
    ]);
    // Of other protocols all that follows the IP header is looked at.
    expect(send(packet(47, bytes("an evil tunnel")))).toEqual([true]);
  });

  it("cost no more than their length, whatever is in them", async () => {
    const { send, router } = await matcher([
      `${any} (content:"aaaa"; content:"aab"; distance:0; content:"c"; distance:0; sid:1;)`,
    ]);
    expect(send(datagram(new Uint8Array(1400).fill(97)))).toEqual([false]);
    expect(router.read("ids.given_up")).toBe("1");
  });
});

/** Whether contents are in a payload, as the rules' manual says. */
function plainSearch(contents: readonly Content[], payload: Uint8Array, i = 0, end = 0): boolean {
  const content = contents[i];
  if (!content) return true;
  const start = Math.max(0, content.from + (content.relative ? end : 0));
  const first = content.from + (content.relative ? end : 0);
  const limit = content.window > 0 ? Math.min(payload.length, first + content.window) : payload.length;
  const fold = (byte: number): number => (content.nocase && byte >= 65 && byte <= 90 ? byte + 32 : byte);
  const isAt = (at: number): boolean =>
    content.bytes.every((byte, k) => fold(byte) === fold(payload[at + k] as number));
  const places: number[] = [];
  for (let at = start; at + content.bytes.length <= limit; at++) if (isAt(at)) places.push(at);
  if (content.negated) return places.length === 0 && plainSearch(contents, payload, i + 1, end);
  return places.some((at) => plainSearch(contents, payload, i + 1, at + content.bytes.length));
}

describe("beside a plain search", () => {
  const letters = (min: number, max: number) =>
    fc.string({ unit: fc.constantFrom("a", "b", "A", "c"), minLength: min, maxLength: max });
  const content = (least: number) =>
    fc
      .record({
        text: letters(least, least + 4),
        negated: fc.boolean(),
        nocase: fc.boolean(),
        place: fc.oneof(
          fc.constant(""),
          fc.nat(6).map((n) => `offset:${n};`),
          fc.nat(6).map((n) => `depth:${n + 12};`),
          fc.integer({ min: -4, max: 4 }).map((n) => `distance:${n};`),
          fc.nat(6).map((n) => `within:${n + 12};`),
        ),
      })
      .map((o) => ({
        ...o,
        option: `content:${o.negated ? "!" : ""}"${o.text}"; ${o.nocase ? "nocase; " : ""}${o.place}`,
      }));

  it.each([1, 2, 3, 4, 5, 6, 8])("of contents of %i letters and more", async (least) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(content(least), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        fc.array(letters(0, 60), { minLength: 5, maxLength: 20 }),
        async (drafts, payloads) => {
          const usable = drafts.filter((contents) => contents.some((c) => !c.negated));
          fc.pre(usable.length > 0);
          const rules = usable.map(
            (contents, i) => `${any} (${contents.map((c) => c.option).join(" ")} sid:${i + 1};)`,
          );
          const { send, router } = await matcher(rules);
          const parsed = rules.map(parseContentRule);
          const hits = rules.map(() => 0);
          for (const text of payloads) {
            const payload = bytes(text);
            const matching = parsed.map((rule) => plainSearch(rule.contents, payload));
            matching.forEach((is, i) => {
              if (is) hits[i] = (hits[i] as number) + 1;
            });
            expect(send(datagram(payload))).toEqual([matching.some(Boolean)]);
          }
          expect(router.read("ids.rules")).toBe(hits.map((n, i) => `${i + 1}\t${n}\t\n`).join(""));
          router.close();
        },
      ),
      { numRuns: 8 },
    );
  });

  it("of streams, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(letters(2, 9), { minLength: 1, maxLength: 6, selector: (text) => text.toLowerCase() }),
        fc.array(letters(1, 12), { minLength: 2, maxLength: 15 }),
        fc.boolean(),
        async (texts, parts, nocase) => {
          const { send, router } = await matcher(
            texts.map((text, i) => `${any} (content:"${text}"; ${nocase ? "nocase; " : ""}sid:${i + 1};)`),
          );
          const fold = (text: string): string => (nocase ? text.toLowerCase() : text);
          let before = "";
          const expected: boolean[] = [];
          const packets = parts.map((part) => {
            const stream = fold(before + part);
            // One that ends in this part.
            expected.push(
              texts.some((text) => {
                for (let at = stream.indexOf(fold(text)); at >= 0; at = stream.indexOf(fold(text), at + 1))
                  if (at + text.length > before.length) return true;
                return false;
              }),
            );
            const sequence = 5 + before.length;
            before += part;
            return segment(sequence, bytes(part));
          });
          expect(send(...packets)).toEqual(expected);
          router.close();
        },
      ),
      { numRuns: 30 },
    );
  });
});
