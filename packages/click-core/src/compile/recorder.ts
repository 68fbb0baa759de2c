/**
 * A recorder of packets' ways: compiled into a router (`Platform.recorder`), it writes a record for each connection that a packet that
 * is followed passes, and for its end, into a ring in the router's memory, which the host reads while the router runs. A router that is
 * compiled without one has nothing of it.
 */
import { type Func, type FunctionBuilder, type I32, type I32Like, staged } from "@clickos/codegen";
import { type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import { Packet, type PacketParts, packetDescriptor, packetParts } from "../element/packet.ts";
import { routerControl } from "./platform.ts";

/**
 * The start of the ring. `head` counts the records that were written, `tail` those that the host has read; both wrap. `lost` counts
 * those for which there was no room, and `followed` the packets that were chosen.
 */
const ring: Struct<{ head: U32Field; tail: U32Field; lost: U32Field; followed: U32Field }> = struct(
  { head: u32, tail: u32, lost: u32, followed: u32 },
  { name: "packet records", size: 64 },
);

/**
 * A record. `id` is the packet's, which its copies have too; `buffer` is what tells those apart; `place` is where it was; `data` is
 * where in the buffer the packet began; `network` is where in the packet its network header was, or the least number where no element
 * has said so; `kept` of its `length` bytes follow.
 */
const record: Struct<{
  id: U32Field;
  place: U32Field;
  buffer: U32Field;
  detail: U32Field;
  data: U32Field;
  length: U32Field;
  network: U32Field;
  kept: U32Field;
  time: U64Field;
}> = struct(
  {
    id: u32,
    place: u32,
    buffer: u32,
    detail: u32,
    data: u32,
    length: u32,
    network: u32,
    kept: u32,
    time: u64,
  },
  { name: "packet record", size: 48 },
);

/** Where a packet was, or how it ended. Elements are told by their numbers in the router's plan. */
export type RecordPlace =
  /** It went out at an output, or was pulled through an input. */
  | { readonly kind: "push" | "pull"; readonly element: number; readonly port: number }
  /** It was dropped for a reason, which is counted. */
  | { readonly kind: "drop"; readonly element: number; readonly reason: string }
  /** It was ended without one; `detail` of its record is for the class's `reasonOf`. */
  | { readonly kind: "kill"; readonly element: number }
  /** A device took it. */
  | { readonly kind: "send"; readonly element: number; readonly device: number }
  /** It has another buffer; `detail` of its record is the former one. */
  | { readonly kind: "move"; readonly element: number };

export interface PacketRecord {
  readonly id: number;
  readonly place: RecordPlace;
  readonly buffer: number;
  readonly detail: number;
  /** Where in its buffer the packet began. */
  readonly data: number;
  readonly length: number;
  /** Where in the packet the network header was; `undefined` where no element has said so. */
  readonly network: number | undefined;
  /** When it was recorded: what the router was told then that the time is, in nanoseconds. */
  readonly timeNs: bigint;
  /** Its first bytes. */
  readonly bytes: Uint8Array;
}

/** Emits whether a packet is one that is asked for; the result is not 0 then. The packet is not to be changed. */
export type PacketTest = (
  c: FunctionBuilder,
  packet: Packet,
  context: { readonly name: string; data(bytes: Uint8Array, align?: number): number },
) => I32;

export interface RecorderOptions {
  /** Records that wait for the host at most: a power of two. */
  readonly records: number;
  /** Bytes of each packet that are kept, up to a multiple of 16. */
  readonly snapLength: number;
  /** Which packets; all when absent. One is followed from where the test first holds. */
  readonly test?: PacketTest | undefined;
  /** Packets that are followed at most. */
  readonly packets?: number | undefined;
  /** Records what passes this port of an element and nothing else. */
  readonly port?: { readonly element: number; readonly port: number; readonly direction: "in" | "out" } | undefined;
}

/** Where the recorder is told what is at the other end of a connection. */
export interface RecorderContext {
  reserve(bytes: number, align: number): number;
  data(bytes: Uint8Array, align: number): number;
  readonly control: number;
  /** The other end of an output that pushes, or of an input that pulls. */
  peer(
    kind: "push" | "pull",
    element: number,
    port: number,
  ): { readonly element: number; readonly port: number } | undefined;
}

/** Ids of one recorder: those of another one, in packets that it has left behind, mean nothing. */
const idsEach = 1 << 20;
let recorders = 0;

const { frame, mac } = packetDescriptor.offsets;
const hopParams = {
  address: "i32",
  data: "i32",
  length: "i32",
  network: "i32",
  transport: "i32",
  place: "i32",
  detail: "i32",
} as const;

export class Recorder {
  private readonly options: RecorderOptions;
  private readonly stride: number;
  private readonly first: number;
  private readonly places: RecordPlace[] = [];
  private context!: RecorderContext;
  private ring = 0;
  private lost = 0;

  constructor(options: RecorderOptions) {
    if (!(options.records > 0 && (options.records & (options.records - 1)) === 0))
      throw new RangeError(`${options.records} records: not a power of two`);
    this.options = options;
    this.stride = record.size + Math.ceil(options.snapLength / 16) * 16;
    this.first = ((recorders++ % 4094) + 1) * idsEach;
  }

  /** Bytes of memory that it takes. */
  get bytes(): number {
    return ring.size + this.stride * this.options.records;
  }

  // ---- in the router's code

  /** A router is compiled: what was for another one is forgotten. */
  begin(context: RecorderContext): void {
    this.context = context;
    this.places.length = 0;
    this.lost = 0;
    this.ring = context.reserve(this.bytes, 64);
  }

  /** A packet passes a connection. */
  hop(c: FunctionBuilder, kind: "push" | "pull", element: number, port: number, parts: PacketParts): void {
    const { port: only } = this.options;
    if (only) {
      const own = (kind === "push") === (only.direction === "out");
      const at = own ? { element, port } : this.context.peer(kind, element, port);
      if (at?.element !== only.element || at.port !== only.port) return;
    }
    this.call(c, this.hopFunction(c), { kind, element, port }, parts);
  }
  /** A packet ends, or has another buffer; `parts` are its. */
  end(
    c: FunctionBuilder,
    place: Exclude<RecordPlace, { kind: "push" | "pull" }>,
    parts: PacketParts,
    detail: I32Like = 0,
  ): void {
    if (!this.options.port) this.call(c, this.endFunction(c), place, parts, detail);
  }

  private call(
    c: FunctionBuilder,
    func: Func<undefined>,
    place: RecordPlace,
    parts: PacketParts,
    detail: I32Like = 0,
  ): void {
    const { address, data, length, network, transport } = parts;
    c.call(
      func,
      address,
      data.get(),
      length.get(),
      network.get(),
      transport.get(),
      this.places.push(place) - 1,
      detail,
    );
  }

  /** Records a packet that is followed, or is from here on. */
  private hopFunction(c: FunctionBuilder): Func<undefined> {
    const { module } = c;
    return module.once("packet hop", () =>
      module.func("packet hop", hopParams, undefined, (b, p) => {
        const words = staged(b, ring, this.ring);
        const { test, port, packets = idsEach } = this.options;
        const chosen = (): I32 =>
          test ? b.call(this.testFunction(b, test), p.address, p.data, p.length, p.network, p.transport) : b.i32(1);
        if (port) {
          b.if(chosen(), () => {
            const count = words.followed.get();
            words.followed.set(count.add(1));
            b.call(
              this.writeFunction(b),
              p.address,
              p.data,
              p.length,
              p.network,
              p.transport,
              p.place,
              p.detail,
              count,
            );
          });
          return;
        }
        const id = b.var("i32", b.load32(p.address, frame).sub(this.first), "id");
        b.if(id.get().geU(words.followed.get()), () => {
          const count = b.var("i32", words.followed.get(), "count");
          b.if(count.get().geU(Math.min(packets, idsEach)), () => b.return());
          b.if(chosen().eqz(), () => b.return());
          id.set(count.get());
          words.followed.set(count.get().add(1));
          b.store32(p.address, count.get().add(this.first), frame);
        });
        b.call(this.writeFunction(b), p.address, p.data, p.length, p.network, p.transport, p.place, p.detail, id.get());
      }),
    );
  }

  /** Records a packet only if it is followed. */
  private endFunction(c: FunctionBuilder): Func<undefined> {
    const { module } = c;
    return module.once("packet end", () =>
      module.func("packet end", hopParams, undefined, (b, p) => {
        const id = b.load32(p.address, frame).sub(this.first);
        b.if(id.ltU(staged(b, ring, this.ring).followed.get()), () =>
          b.call(this.writeFunction(b), p.address, p.data, p.length, p.network, p.transport, p.place, p.detail, id),
        );
      }),
    );
  }

  private testFunction({ module }: FunctionBuilder, test: PacketTest): Func<"i32"> {
    const params = { address: "i32", data: "i32", length: "i32", network: "i32", transport: "i32" } as const;
    return module.once("packet test", () =>
      module.func("packet test", params, "i32", (b, p) => {
        const anybody = { use() {}, consume() {} };
        const packet = new Packet(
          b,
          packetParts(b, p.address, (word) => p[word]),
          anybody,
          () => {},
        );
        // What the test says of headers is its own business.
        const before = b.var("i32", b.load32(p.address, mac), "mac");
        const result = b.var(
          "i32",
          test(b, packet, { name: "packet test", data: (bytes, align = 4) => this.context.data(bytes, align) }),
          "found",
        );
        b.store32(p.address, before.get(), mac);
        return result.get();
      }),
    );
  }

  private writeFunction({ module }: FunctionBuilder): Func<undefined> {
    const { records, snapLength } = this.options;
    return module.once("packet record", () =>
      module.func("packet record", { ...hopParams, id: "i32" }, undefined, (b, p) => {
        const words = staged(b, ring, this.ring);
        const head = words.head.get();
        const tail = b.atomicLoad(this.ring, ring.offsets.tail);
        b.if(head.sub(tail).geU(records), () => {
          words.lost.set(words.lost.get().add(1));
          b.return();
        });
        const at = b.var(
          "i32",
          head
            .and(records - 1)
            .mul(this.stride)
            .add(this.ring + ring.size),
          "record",
        );
        const r = staged(b, record, at.get());
        r.id.set(p.id);
        r.place.set(p.place);
        r.buffer.set(p.address);
        r.detail.set(p.detail);
        r.data.set(p.data.sub(p.address));
        r.length.set(p.length);
        r.network.set(b.select(p.network, p.network.sub(p.data), b.i32(-0x80000000)));
        const kept = b.select(p.length.ltU(snapLength), p.length, b.i32(snapLength));
        r.kept.set(kept);
        r.time.set(staged(b, routerControl, this.context.control).now.get());
        // Whole blocks of 16: data ends 16 bytes before its buffer does.
        b.for(0, kept, 16, (i) => b.copy16(at.get().add(i), p.data.add(i), record.size));
        b.atomicStore(this.ring, head.add(1), ring.offsets.head);
      }),
    );
  }

  // ---- on the host

  /**
   * Reads what was recorded since, and gives its room back. Nothing in the memory is believed.
   *
   * @returns the records in their order, how many were lost meanwhile, and how many packets have been followed.
   */
  read({ buffer }: { readonly buffer: ArrayBufferLike }): {
    readonly records: PacketRecord[];
    readonly lost: number;
    readonly followed: number;
  } {
    const { records, snapLength } = this.options;
    const words = new Int32Array(buffer, this.ring, 4);
    const data = new DataView(buffer);
    const head = Atomics.load(words, 0);
    const tail = words[1] as number;
    const count = Math.min((head - tail) >>> 0, records);
    const found: PacketRecord[] = [];
    const { offsets } = record;
    for (let i = 0; i < count; i++) {
      const at = this.ring + ring.size + ((tail + i) & (records - 1)) * this.stride;
      const word = (name: keyof typeof offsets): number => data.getUint32(at + offsets[name], true);
      const place = this.places[word("place")];
      if (!place) continue;
      const network = data.getInt32(at + offsets.network, true);
      const kept = Math.min(word("kept"), snapLength);
      found.push({
        id: word("id"),
        place,
        buffer: word("buffer"),
        detail: word("detail"),
        data: word("data"),
        length: word("length"),
        network: network === -0x80000000 ? undefined : network,
        timeNs: data.getBigUint64(at + offsets.time, true),
        bytes: new Uint8Array(buffer, at + record.size, kept).slice(),
      });
    }
    Atomics.store(words, 1, head);
    const lost = words[2] as number;
    const more = (lost - this.lost) >>> 0;
    this.lost = lost;
    return { records: found, lost: more, followed: (words[3] as number) >>> 0 };
  }
}
