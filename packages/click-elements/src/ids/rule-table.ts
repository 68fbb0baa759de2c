/** Rules as tables in the router's memory, and the code that looks whether a packet is what one of them says. */
import { type FunctionBuilder, type I32, type StagedOf, staged } from "@clickos/codegen";
import {
  type ArrayField,
  array,
  type IntegerField,
  type Struct,
  struct,
  type U32Field,
  u8,
  u16,
  u32,
} from "@clickos/layout";
import { type AddressTest, type Content, type ContentRule, mostContents, type PortTest } from "./content-rule.ts";

const contentLayout = struct(
  {
    /** Where its bytes are, from the start of the texts; small letters where cases are not told apart. */
    text: u32,
    /** With a sign. */
    from: u32,
    window: u32,
    length: u16,
    nocase: u8,
    negated: u8,
    relative: u8,
  },
  { name: "content", size: 20 },
);

type EndFields = {
  address: U32Field;
  mask: U32Field;
  from: IntegerField<number>;
  to: IntegerField<number>;
  addressNegated: IntegerField<number>;
  portNegated: IntegerField<number>;
};
const endLayout: Struct<EndFields> = struct(
  { address: u32, mask: u32, from: u16, to: u16, addressNegated: u8, portNegated: u8 },
  { name: "end" },
);

type RuleFields = {
  source: Struct<EndFields>;
  destination: Struct<EndFields>;
  /** The first of its contents, in bytes from the start of the contents. */
  contents: U32Field;
  count: IntegerField<number>;
  protocol: IntegerField<number>;
  bothWays: IntegerField<number>;
  drops: IntegerField<number>;
};
const ruleLayout: Struct<RuleFields> = struct(
  { source: endLayout, destination: endLayout, contents: u32, count: u8, protocol: u8, bothWays: u8, drops: u8 },
  { name: "rule" },
);
type StagedRule = StagedOf<Struct<RuleFields>>;

export interface RuleTables {
  readonly rules: Uint8Array<ArrayBuffer>;
  readonly contents: Uint8Array<ArrayBuffer>;
  readonly texts: Uint8Array<ArrayBuffer>;
}

/** A small letter for a large one. */
export const lowerByte = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
export const lower = (bytes: Uint8Array): Uint8Array => bytes.map(lowerByte);

export function ruleTables(rules: readonly ContentRule[]): RuleTables {
  const all = rules.flatMap((rule) => rule.contents);
  const ruleBytes = new Uint8Array(rules.length * ruleLayout.size);
  const contentBytes = new Uint8Array(all.length * contentLayout.size);
  const texts: number[] = [];
  const fill = (content: Content, at: number): void => {
    const { bytes, nocase, negated, relative, from, window } = content;
    const text = texts.length;
    texts.push(...(nocase ? lower(bytes) : bytes));
    Object.assign(contentLayout.view(contentBytes.buffer, at), {
      text,
      from: from >>> 0,
      window,
      length: bytes.length,
      nocase: Number(nocase),
      negated: Number(negated),
      relative: Number(relative),
    });
  };
  all.forEach((content, i) => fill(content, i * contentLayout.size));
  let next = 0;
  rules.forEach((rule, i) => {
    const view = ruleLayout.view(ruleBytes.buffer, i * ruleLayout.size);
    fillEnd(view.source, rule.source, rule.sourcePort);
    fillEnd(view.destination, rule.destination, rule.destinationPort);
    view.contents = next * contentLayout.size;
    view.count = rule.contents.length;
    view.protocol = rule.protocol;
    view.bothWays = Number(rule.bothWays);
    view.drops = Number(rule.action === "drop");
    next += rule.contents.length;
  });
  return { rules: ruleBytes, contents: contentBytes, texts: Uint8Array.from(texts) };
}

function fillEnd(view: object, { address, mask, negated }: AddressTest, port: PortTest): void {
  Object.assign(view, {
    address: (address & mask) >>> 0,
    mask,
    from: port.from,
    to: port.to,
    addressNegated: Number(negated),
    portNegated: Number(port.negated),
  });
}

/** Where the tables lie. */
export interface TablePlace {
  readonly rules: number;
  readonly contents: number;
  readonly texts: number;
}

type PacketFields = {
  source: U32Field;
  destination: U32Field;
  sourcePort: IntegerField<number>;
  destinationPort: IntegerField<number>;
  protocol: IntegerField<number>;
  /** Where the payload is; `low` is 0, or below that by how many bytes of the stream are in front of it. */
  base: U32Field;
  low: U32Field;
  length: U32Field;
  /** How often a content may be tried yet; below 0 when that was too often. */
  patience: U32Field;
  /** For each content, where it is tried next, and where the one before it ended. */
  tries: ArrayField<U32Field>;
  ends: ArrayField<U32Field>;
};
const positions = array(u32, mostContents + 1);
/** What rules are asked of a packet: its ends in host order, ports 0 where there are none. */
export const packetLayout: Struct<PacketFields> = struct(
  {
    source: u32,
    destination: u32,
    sourcePort: u16,
    destinationPort: u16,
    protocol: u8,
    base: u32,
    low: u32,
    length: u32,
    patience: u32,
    tries: positions,
    ends: positions,
  },
  { name: "packet of rules" },
);
export type StagedPacket = StagedOf<typeof packetLayout>;

type StagedEnd = StagedOf<typeof endLayout>;
type StagedContent = StagedOf<typeof contentLayout>;

export function ruleAt(c: FunctionBuilder, place: TablePlace, number: I32): StagedRule {
  return staged(c, ruleLayout, number.mul(ruleLayout.size).add(place.rules));
}

/** Whether a packet's protocol, addresses and ports are those of a rule. */
export function headerMatches(rule: StagedRule, packet: StagedPacket): I32 {
  const protocol = rule.protocol.get();
  const isProtocol = protocol.eqz().or(protocol.eq(packet.protocol.get()));
  const is = (end: StagedEnd, address: I32, port: I32): I32 => {
    const inNet = address.and(end.mask.get()).eq(end.address.get()).xor(end.addressNegated.get());
    const from = end.from.get();
    return inNet.and(port.sub(from).leU(end.to.get().sub(from)).xor(end.portNegated.get()));
  };
  const [source, sourcePort] = [packet.source.get(), packet.sourcePort.get()];
  const [destination, destinationPort] = [packet.destination.get(), packet.destinationPort.get()];
  const there = is(rule.source, source, sourcePort).and(is(rule.destination, destination, destinationPort));
  const back = is(rule.source, destination, destinationPort).and(is(rule.destination, source, sourcePort));
  return isProtocol.and(there.or(back.and(rule.bothWays.get())));
}

/**
 * Whether a packet has `count` contents, the first of them at an address. Where one depends on where the content before it lies and is not
 * there, the one before is tried further on; there is an end to that.
 */
export function stageContents(
  c: FunctionBuilder,
  place: TablePlace,
  { contents, count }: { readonly contents: I32; readonly count: I32 },
  packet: StagedPacket,
): I32 {
  const matched = c.var("i32", 0, "matched");
  const number = c.var("i32", 0, "content");
  const { tries, ends } = packet;
  const low = packet.low.get();
  const contentAt = (i: I32): StagedContent => staged(c, contentLayout, i.mul(contentLayout.size).add(contents));
  tries.at(0).set(low);
  ends.at(0).set(0);
  c.block((done) => {
    const goOn = (i: I32, end: I32): void => {
      const next = i.add(1);
      ends.at(next).set(end);
      tries.at(next).set(low);
      number.set(next);
    };
    /** To the content before that can lie elsewhere, where this one depends on it. */
    const goBack = (content: StagedContent): void => {
      c.if(content.relative.get().eqz(), () => c.br(done));
      c.loop(() => {
        c.if(number.get().eqz(), () => c.br(done));
        number.inc(-1);
        c.if(contentAt(number.get()).negated.get().eqz(), () => c.break());
      });
    };
    c.loop(() => {
      const i = number.get();
      c.if(i.geU(count), () => {
        matched.set(1);
        c.br(done);
      });
      c.if(packet.patience.get().leS(0), () => c.br(done));
      packet.patience.inc(-1);
      const content = contentAt(i);
      const end = ends.at(i).get();
      const [from, window, length] = [content.from.get(), content.window.get(), packet.length.get()];
      // One that may lie anywhere may begin before the payload, in what the stream had before.
      const absolute = c.select(from.or(window), from, low);
      const start = c.select(content.relative.get(), end.add(from), absolute);
      const bound = start.add(window);
      const limit = c.select(window.ne(0).and(bound.ltS(length)), bound, length);
      const begin = greater(c, greater(c, start, low), tries.at(i).get());
      const at = find(c, place, content, { begin, limit, packet });
      const isThere = at.ltS(limit);
      c.if(
        isThere.eq(content.negated.get()),
        () => goBack(content),
        () =>
          c.if(
            isThere,
            () => {
              tries.at(i).set(at.add(1));
              goOn(i, at.add(content.length.get()));
            },
            () => goOn(i, end),
          ),
      );
    });
  });
  return matched.get();
}

/** Where a content lies first from `begin` on, to end at `limit` at the latest; `limit` where it does not. */
function find(
  c: FunctionBuilder,
  place: TablePlace,
  content: StagedContent,
  { begin, limit, packet }: { begin: I32; limit: I32; packet: StagedPacket },
): I32 {
  const at = c.var("i32", begin, "at");
  const found = c.var("i32", limit, "found");
  const length = content.length.get();
  const last = limit.sub(length);
  const text = content.text.get().add(place.texts);
  const nocase = content.nocase.get();
  const base = packet.base.get();
  c.loop(() => {
    c.if(at.get().gtS(last).or(packet.patience.get().leS(0)), () => c.break());
    packet.patience.inc(-1);
    c.if(sameText(c, base.add(at.get()), text, length, nocase), () => {
      found.set(at.get());
      c.break();
    });
    at.inc();
  });
  return found.get();
}

function sameText(c: FunctionBuilder, address: I32, text: I32, length: I32, nocase: I32): I32 {
  const i = c.var("i32", 0, "i");
  c.loop(() => {
    c.if(i.get().geU(length), () => c.break());
    const byte = c.load8(address.add(i.get()));
    const folded = c.select(nocase, stageLower(byte), byte);
    c.if(folded.ne(c.load8(text.add(i.get()))), () => c.break());
    i.inc();
  });
  return i.get().eq(length);
}

/** A small letter for a large one. */
export function stageLower(byte: I32): I32 {
  return byte.or(byte.sub(0x41).ltU(26).shl(5));
}

function greater(c: FunctionBuilder, a: I32, b: I32): I32 {
  return c.select(a.gtS(b), a, b);
}

/** Whether the only content of a rule, which was found to end at `end` without regard to cases, is what the rule says. */
export function singleMatches(
  c: FunctionBuilder,
  place: TablePlace,
  address: I32,
  end: I32,
  packet: StagedPacket,
): I32 {
  const content = staged(c, contentLayout, address);
  const length = content.length.get();
  const at = end.sub(length);
  const [from, window] = [content.from.get(), content.window.get()];
  const isThere = from.or(window).eqz().or(at.geS(from));
  const isNear = window.eqz().or(end.leS(from.add(window)));
  const result = c.var("i32", isThere.and(isNear).and(at.geS(packet.low.get())), "result");
  c.if(result.get().and(content.nocase.get().eqz()), () => {
    const text = content.text.get().add(place.texts);
    result.set(sameText(c, packet.base.get().add(at), text, length, c.i32(0)));
  });
  return result.get();
}
