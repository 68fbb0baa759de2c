/**
 * IPReassembler([keywords HIMEM, MAX_MTU_ANNO]) — puts IP packets together again from their fragments.
 *
 * Packets that are no fragments pass. Fragments are held until all of a packet are there; it leaves with what was in front of the
 * IP header of its first fragment, that one's annotations, and the timestamp of the fragment that came last. A packet of which nothing
 * came for 30 seconds is given up: what there is of it leaves on output 1, every fragment in its place, if that is
 * connected. That is looked at when fragments come.
 *
 * At most HIMEM bytes (256 KiB) are held; when there are more, the oldest packets are given up until three quarters are left.
 * MAX_MTU_ANNO is an annotation of 2 bytes that the size of the largest fragment is written to, from the IP header on.
 *
 * Handlers: dump (read).
 *
 *   ... -> CheckIPHeader -> r :: IPReassembler -> ...
 *   r [1] -> ICMPError(18.26.4.24, timeexceeded, reassembly) -> ...
 */
import {
  anew,
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  type Packet,
  packetDescriptor,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type StagedOf, staged } from "@clickos/codegen";
import { bytes, struct, u32 } from "@clickos/layout";
import { type StagedHeader, span } from "@clickos/wire";
import { ipv4 } from "@clickos/wire/ipv4";
import { annotationArgument } from "../lib/annotations.ts";
import { copyBytes } from "../lib/bytes.ts";
import { setHeaderChecksum } from "../lib/ip-header.ts";
import { chunk, heldPackets } from "./fragment-list.ts";

const reapTimeout = 30;
const reapInterval = 10;
/** What a packet is counted with, besides its payload. */
const headerMemory = 40;
const buckets = 256;
/** Offsets in a packet have 16 bits. */
const longestPacket = 0xffff;
const second = 1_000_000_000n;

/** Packets that are not complete. */
const held = struct(
  {
    /** The first of each list, by a hash of what the fragments of a packet have in common. */
    heads: bytes(buckets * 4, 4),
    /** Bytes that they are counted with. */
    memory: u32,
    reapTime: u32,
  },
  { name: "held" },
);

const state = { held: anew(held), seen: u32, good: u32, failed: u32, bad: u32 };
type Context = ElementContext<{ readonly HIMEM: number; readonly MAX_MTU_ANNO: number }, unknown, typeof state>;

export const IPReassembler: ElementClass = element({
  name: "IPReassembler",
  ports: "1/1-2",
  processing: "a/ah",
  config: { HIMEM: keyword(arg.u32, 256 * 1024), MAX_MTU_ANNO: keyword(annotationArgument(2), -1) },
  state,
  handlers: {
    dump: {
      kind: "table",
      read: (s, { heap }) =>
        `frags seen total:    ${s.seen}\ngood reassemblies:   ${s.good}\n` +
        `failed reassemblies: ${s.failed}\nbad fragments seen:  ${s.bad}\n` +
        `cached chunk data:\n${heldPackets(heap.data, s.held.heads).join("")}`,
    },
  },
  action(c, packet, context) {
    const { state, config, clock } = context;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    c.if(packet.ip.fragment.isSet(), () => {
      state.seen.inc();
      c.if(packet.timestamp.get().eq(0n), () => packet.timestamp.set(clock.now()));
      const now = packet.timestamp.get().divU(second).toI32();
      c.if(now.geU(state.held.reapTime.get()), () => {
        giveUp(c, context, (address) => secondsOf(c, address).add(reapTimeout).ltU(now));
        state.held.reapTime.set(now.add(reapInterval));
      });

      const bad = (): void => {
        state.bad.inc();
        packet.drop("bad fragment");
      };
      const ip = packet.ip.clip(bad);
      const { payload } = ip.parts(bad);
      const length = payload.length;
      const start = ip.fragmentOffset.get().shl(3);
      const end = start.add(length);
      const more = ip.mf.get();
      c.if(
        length
          .leS(0)
          .or(end.gtU(longestPacket))
          .or(more.and(end.and(7).ne(0))),
        bad,
      );
      packet.setLength(payload.address.add(length).sub(packet.data));

      const { memory } = state.held;
      c.if(memory.get().gtU(config.HIMEM), () => {
        const enough = (config.HIMEM >>> 2) * 3;
        for (const age of [10, 5, 0])
          giveUp(
            c,
            context,
            (address) => {
              const tooMuch = memory.get().gtU(enough);
              return age === 0 ? tooMuch : tooMuch.and(secondsOf(c, address).add(age).ltU(now));
            },
            () => state.failed.inc(),
          );
      });
      add(c, packet, { start, end, more, headerLength: ip.headerLength, payload: payload.address }, context);
    });
  },
});

interface Fragment {
  readonly start: I32;
  readonly end: I32;
  readonly more: I32;
  readonly headerLength: I32;
  /** Address of its payload. */
  readonly payload: I32;
}

/** Puts a fragment in its place among those that are held; a packet that is complete then leaves. */
function add(c: FunctionBuilder, packet: Packet, fragment: Fragment, context: Context): void {
  const { state, config, packets, output } = context;
  const { start, end, more, headerLength, payload } = fragment;
  const { memory } = state.held;
  const { next } = packetDescriptor.offsets;
  const link = find(c, packet, context);
  const found = c.load32(link);
  c.if(found.eqz(), () => begin(c, packet, fragment, link, context));

  const old = heldLength(c, found);
  const complete = heldHeader(c, found).mf.isSet().eqz();
  // Beyond the end that is known, or an end before what came.
  c.if(complete.and(end.gtU(old)).or(more.eqz().and(end.ltU(old))), () => {
    state.bad.inc();
    packet.drop("bad fragment");
  });
  c.store32(link, c.load32(found, next));
  const length = c.select(end.gtU(old), end, old);
  const grown = length.sub(old);
  packets.take(found, (taken) => {
    // What is in front of the payload, of the first fragment.
    const front = payload.sub(packet.data);
    const missing = c.select(start.eqz(), front.sub(taken.transport.sub(taken.data)), c.i32(0));
    const head = c.select(missing.gtS(0), missing, c.i32(0));
    // Eight bytes for the chunk in a gap; and as much again where more will come, so that the packet moves seldom.
    const ahead = c.select(more, end.sub(start), c.i32(0));
    const tail = c.select(grown, grown.add(8).add(ahead), c.i32(0));
    packets.room(taken, { head, tail }, (whole) => {
      const body = whole.transport;
      whole.setLength(whole.length.add(grown));
      memory.set(memory.get().add(grown));
      c.if(grown, () => {
        const last = staged(c, chunk, body.add(old));
        last.start.set(end);
        last.end.set(end);
      });
      merge(c, whole, body, start, end);
      c.copy(body.add(start), payload, end.sub(start));
      const anno = config.MAX_MTU_ANNO;
      if (anno >= 0) {
        const size = packet.data.add(packet.length).sub(packet.network);
        const largest = whole.annotation16(anno);
        c.if(size.gtU(largest.get()), () => largest.set(size));
      }
      c.if(start.eqz(), () => takeHeader(whole, packet, missing, front, headerLength, anno));
      c.if(more.eqz(), () => whole.ip.mf.set(0));
      const first = firstChunk(c, whole.address);
      const all = first.start.get().eqz().and(first.end.get().eq(length)).and(whole.ip.mf.isSet().eqz());
      c.if(
        all,
        () => {
          state.good.inc();
          memory.set(memory.get().sub(length).sub(headerMemory));
          whole.ip.totalLength.set(length.add(body.sub(whole.network)));
          setHeaderChecksum(c, whole.ip);
          whole.annotation32(annotation.ipReassembler).set(0);
          whole.timestamp.set(packet.timestamp.get());
          packet.kill();
          output(0).push(whole);
        },
        () => {
          packet.kill();
          keep(c, whole, link);
        },
      );
    });
  });
  // There was no buffer, and what was held is gone.
  memory.set(memory.get().sub(old).sub(headerMemory));
  packet.drop("no packet buffer");
}

/** Holds the first fragment that comes of a packet. */
function begin(c: FunctionBuilder, packet: Packet, fragment: Fragment, link: I32, context: Context): void {
  const { state, config, packets } = context;
  const { start, end, headerLength, payload } = fragment;
  const { memory } = state.held;
  const hold = (whole: Packet): void => {
    memory.set(memory.get().add(end).add(headerMemory));
    const first = firstChunk(c, whole.address);
    first.start.set(start);
    first.end.set(end);
    if (config.MAX_MTU_ANNO >= 0)
      whole.annotation16(config.MAX_MTU_ANNO).set(whole.data.add(whole.length).sub(whole.network));
    keep(c, whole, link);
  };
  c.if(start.eqz(), () => {
    packet.setNetworkHeader(packet.network, packet.network.add(headerLength));
    hold(packet);
  });
  packets.make(end.add(ipv4.size), (whole) => {
    const body = whole.data.add(ipv4.size);
    copyBytes(c, whole.data, packet.network, ipv4.size);
    whole.setNetworkHeader(whole.data, body);
    whole.ip.ihl.set(ipv4.size / 4);
    whole.ip.fragmentOffset.set(0);
    whole.timestamp.set(packet.timestamp.get());
    // Nothing of what the buffer held before may be seen, if the packet leaves with a gap.
    c.fill(body, 0, start);
    c.copy(body.add(start), payload, end.sub(start));
    hold(whole);
    packet.kill();
  });
  packet.drop("no packet buffer");
}

/** The address of the word that links to the packet that a fragment belongs to; 0 is in it when there is none. */
function find(c: FunctionBuilder, packet: Packet, { state }: Context): I32 {
  const { ip } = packet;
  const same = (other: Header): I32 =>
    other.identification.stored
      .get()
      .xor(ip.identification.stored.get())
      .or(other.protocol.get().xor(ip.protocol.get()))
      .or(other.source.stored.get().xor(ip.source.stored.get()))
      .or(other.destination.stored.get().xor(ip.destination.stored.get()))
      .eqz();
  const hash = ip.source.stored
    .get()
    .xor(ip.destination.stored.get().rotl(7))
    .add(ip.identification.get())
    .mul(0x9e3779b1)
    .shrU(24);
  const link = c.var("i32", hash.shl(2).add(state.held.heads), "link");
  c.loop(() => {
    const address = c.load32(link.get());
    c.if(address.eqz(), () => c.break());
    c.if(same(heldHeader(c, address)), () => c.break());
    link.set(address.add(packetDescriptor.offsets.next));
  });
  return link.get();
}

/** Stores a packet at the front of the list that starts at a link. */
function keep(c: FunctionBuilder, whole: Packet, link: I32): void {
  const address = whole.store();
  c.store32(address, c.load32(link), packetDescriptor.offsets.next);
  c.store32(link, address);
}

/** Counts the bytes from `start` to `end` among those that came. */
function merge(c: FunctionBuilder, whole: Packet, body: I32, start: I32, end: I32): void {
  const at = c.var("i32", whole.annotationAddress.add(annotation.ipReassembler), "chunk");
  const next = (): void => at.set(body.add(staged(c, chunk, at.get()).end.get()));
  // There is one that ends where the packet does.
  c.while(() => staged(c, chunk, at.get()).end.get().ltU(start), next);
  const from = staged(c, chunk, at.get());
  c.while(() => staged(c, chunk, at.get()).end.get().ltU(end), next);
  const last = staged(c, chunk, at.get());
  const [lastStart, lastEnd] = [last.start.get(), last.end.get()];
  c.if(
    end.ltU(lastStart),
    () => {
      const gap = staged(c, chunk, body.add(end));
      gap.start.set(lastStart);
      gap.end.set(lastEnd);
      from.end.set(end);
    },
    () => from.end.set(lastEnd),
  );
  c.if(start.ltU(from.start.get()), () => from.start.set(start));
}

/** Gives a packet what is in front of the payload of its first fragment, and that one's annotations. */
function takeHeader(
  whole: Packet,
  first: Packet,
  missing: I32,
  front: I32,
  headerLength: I32,
  sizeAnnotation: number,
): void {
  const { c } = whole;
  const fragment = whole.ip.flagsAndOffset.get();
  const chunkWord = whole.annotation32(annotation.ipReassembler).get();
  const size = sizeAnnotation >= 0 ? whole.annotation16(sizeAnnotation).get() : undefined;
  whole.unpull(missing);
  c.copy(whole.data, first.data, front);
  whole.setNetworkHeader(whole.transport.sub(headerLength), whole.transport);
  whole.ip.flagsAndOffset.set(fragment);
  const mac = first.mac.get();
  whole.mac.set(c.select(mac, mac.sub(first.data).add(whole.data), c.i32(0)));
  whole.copyAnnotations(first);
  whole.annotation32(annotation.ipReassembler).set(chunkWord);
  if (size) whole.annotation16(sizeAnnotation).set(size);
}

/** Packets that are held leave on output 1 where `when` says so. */
function giveUp(
  c: FunctionBuilder,
  { state, packets, output }: Context,
  when: (address: I32) => I32,
  count: () => void = () => {},
): void {
  const { heads, memory } = state.held;
  const { next } = packetDescriptor.offsets;
  c.for(heads, heads.add(buckets * 4), 4, (head) => {
    const link = c.var("i32", head, "link");
    c.loop(() => {
      const address = c.load32(link.get());
      c.if(address.eqz(), () => c.break());
      c.if(
        when(address),
        () => {
          c.store32(link.get(), c.load32(address, next));
          memory.set(memory.get().sub(heldLength(c, address)).sub(headerMemory));
          count();
          packets.take(address, (whole) => output(1).push(whole, "fragments are missing"));
        },
        () => link.set(address.add(next)),
      );
    });
  });
}

// ---- packets that are held, by their address

type Header = StagedHeader<typeof ipv4.table>;

function heldHeader(c: FunctionBuilder, address: I32): Header {
  return span(c, staged(c, packetDescriptor, address).network.get(), ipv4.size).header(ipv4, "stated");
}
/** Bytes of the payload. */
function heldLength(c: FunctionBuilder, address: I32): I32 {
  const { data, length, transport } = staged(c, packetDescriptor, address);
  return data.get().add(length.get()).sub(transport.get());
}
function secondsOf(c: FunctionBuilder, address: I32): I32 {
  return staged(c, packetDescriptor, address).timestamp.get().divU(second).toI32();
}
function firstChunk(c: FunctionBuilder, address: I32): StagedOf<typeof chunk> {
  return staged(c, chunk, address, packetDescriptor.offsets.annotations + annotation.ipReassembler);
}
