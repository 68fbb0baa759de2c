/**
 * A client of the store as staged code: it asks over the ring in the page that Xen shares, and waits for the answer; what watches
 * say in between is kept. xen/include/public/io/xs_wire.h.
 *
 * Trust: the store's daemon is the other end. Nothing it says makes the guest write outside of the buffers here.
 */
import type { Func, FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import { frameSize } from "@clickos/grant-table";
import { domainFrames, startInfo } from "@clickos/hypervisor";
import { MessageType, storeRing } from "@clickos/xenstore";
import { storeHeader } from "./abi.ts";
import type { Machine } from "./machine.ts";
import { TextBuffer } from "./memory.ts";

const ringAt = domainFrames.store * frameSize;
const payloadBytes = 4096;
/** What watches have said and nobody has looked at: so many, of so many bytes. More are lost. */
const events = { count: 16, bytes: 512, text: 4 } as const;

type Write = (text: TextBuffer) => void;

export class StoreClient {
  /** The last answer. */
  readonly reply: number;
  private readonly machine: Machine;
  private readonly request: TextBuffer;
  private readonly header: number;
  private readonly words: { readonly id: number; readonly first: number; readonly next: number };
  private readonly queue: number;

  constructor(machine: Machine) {
    const { memory } = machine;
    this.machine = machine;
    this.request = new TextBuffer(memory, payloadBytes);
    this.header = memory.take(storeHeader.size, 16);
    this.reply = memory.take(payloadBytes, 16);
    this.words = { id: memory.take(4), first: memory.take(4), next: memory.take(4) };
    this.queue = memory.take(events.count * events.bytes, 16);
  }

  /** Writes a value. Whether it was written. */
  write(c: FunctionBuilder, path: Write, value: Write): I32 {
    const length = this.ask(c, MessageType.WRITE, (t) => {
      path(t);
      t.end(c);
      value(t);
    });
    return length.geS(0);
  }
  /** Reads a value into `reply`: its length, -1 when there is none. */
  read(c: FunctionBuilder, path: Write): I32 {
    return this.ask(c, MessageType.READ, (t) => {
      path(t);
      t.end(c);
    });
  }
  /** Hears of changes at a path and below it; `token` is one character. */
  watch(c: FunctionBuilder, path: Write, token: string): void {
    this.ask(c, MessageType.WATCH, (t) => {
      path(t);
      t.end(c);
      t.text(c, token);
      t.end(c);
    });
  }

  /**
   * Takes what watches have said: `heard` is staged once, with the token, and the path that changed.
   */
  takeEvents(c: FunctionBuilder, heard: (token: I32, path: number, length: I32) => void): void {
    c.call(this.poll(c));
    const path = this.machine.memory.take(events.bytes, 16);
    c.while(
      () => c.load32(this.words.first).ne(c.load32(this.words.next)),
      () => {
        const first = c.load32(this.words.first);
        const at = this.eventAt(first);
        const length = c.load32(at);
        c.copy(path, at.add(events.text), length);
        c.store32(this.words.first, first.add(1));
        // The path, its end, the token, its end.
        const token = c.load8(length.sub(2).add(path));
        heard(token, path, length.sub(3));
      },
    );
  }
  /** Waits until a watch has said something, and forgets what. */
  waitForEvents(c: FunctionBuilder): void {
    this.machine.await(c, () => {
      c.call(this.poll(c));
      return c.load32(this.words.first).ne(c.load32(this.words.next));
    });
    c.store32(this.words.first, c.load32(this.words.next));
  }
  private eventAt(index: I32): I32 {
    return index
      .and(events.count - 1)
      .mul(events.bytes)
      .add(this.queue);
  }

  /** Whether bytes are equal to a text that is known. */
  equals(c: FunctionBuilder, address: I32Like, length: I32, text: string): I32 {
    const known = this.machine.memory.text(text);
    const same = c.var("i32", length.eq(known.length), "same");
    c.if(same.get(), () =>
      c.for(0, known.length, 1, (i) =>
        c.if(c.load8(i.add(address)).ne(c.load8(i.add(known.address))), () => same.set(0)),
      ),
    );
    return same.get();
  }
  /** The unsigned number that a text begins with. */
  number(c: FunctionBuilder, address: I32Like, length: I32): I32 {
    const value = c.var("i32", 0, "value");
    c.for(0, length, 1, (i) => {
      const digit = c.load8(i.add(address)).sub(48);
      c.if(digit.ltU(10), () => value.set(value.get().mul(10).add(digit)));
    });
    return value.get();
  }

  // Messages.

  private ask(c: FunctionBuilder, type: number, payload: Write): I32 {
    payload(this.request.begin(c));
    return c.call(this.exchange(c), c.i32(type), this.request.length(c));
  }

  private exchange({ module }: FunctionBuilder): Func<"i32"> {
    return module.once("store exchange", () =>
      module.func("store exchange", { type: "i32", length: "i32" }, "i32", (c, p) => {
        const { header } = this;
        const id = c.load32(this.words.id).add(1);
        c.store32(this.words.id, id);
        c.store32(header, p.type, storeHeader.type);
        c.store32(header, id, storeHeader.requestId);
        c.store32(header, 0, storeHeader.transactionId);
        c.store32(header, p.length, storeHeader.length);
        c.call(this.send(c), c.i32(header), c.i32(storeHeader.size));
        c.call(this.send(c), c.i32(this.request.address), p.length);
        const result = c.var("i32", -1, "result");
        c.loop(() => {
          const type = c.call(this.message(c));
          c.if(type.ne(MessageType.WATCH_EVENT), () => {
            c.if(type.ne(MessageType.ERROR), () => result.set(c.load32(header, storeHeader.length)));
            c.break();
          });
        });
        return result.get();
      }),
    );
  }

  /** Takes the next message, whatever it is: its type. An answer is in `reply`, what a watch says in the queue. */
  private message({ module }: FunctionBuilder): Func<"i32"> {
    return module.once("store message", () =>
      module.func("store message", {}, "i32", (c) => {
        const { header, reply } = this;
        c.call(this.receive(c), c.i32(header), c.i32(storeHeader.size));
        const length = c.load32(header, storeHeader.length);
        // There are no longer ones; the rest of one would be taken for a header.
        c.if(length.gtU(payloadBytes), () => c.trap());
        c.call(this.receive(c), c.i32(reply), length);
        const type = c.load32(header, storeHeader.type);
        const next = c.load32(this.words.next);
        const full = next.sub(c.load32(this.words.first)).geU(events.count);
        const fits = length.geU(3).and(length.leU(events.bytes - events.text));
        c.if(type.eq(MessageType.WATCH_EVENT).and(full.eqz()).and(fits), () => {
          const at = this.eventAt(next);
          c.store32(at, length);
          c.copy(at.add(events.text), reply, length);
          c.store32(this.words.next, next.add(1));
        });
        return type;
      }),
    );
  }

  /** Takes the messages that are there already: nobody has asked, so they are from watches. */
  private poll({ module }: FunctionBuilder): Func<undefined> {
    return module.once("store poll", () =>
      module.func("store poll", {}, undefined, (c) => {
        c.while(
          () => c.atomicLoad(ringAt, storeRing.rspProd).ne(c.load32(ringAt, storeRing.rspCons)),
          () => {
            c.call(this.message(c));
          },
        );
      }),
    );
  }

  // The ring.

  private notify(c: FunctionBuilder): void {
    this.machine.send(c, c.load32(domainFrames.startInfo * frameSize, startInfo.offsets.storeEvtchn));
  }

  private send({ module }: FunctionBuilder): Func<undefined> {
    return module.once("store send", () =>
      module.func("store send", { address: "i32", length: "i32" }, undefined, (c, p) => {
        const done = c.var("i32", 0, "done");
        c.while(
          () => done.get().ltU(p.length),
          () => {
            const prod = c.load32(ringAt, storeRing.reqProd);
            const room = c.i32(storeRing.size).sub(prod.sub(c.atomicLoad(ringAt, storeRing.reqCons)));
            c.if(
              room.sub(1).ltU(storeRing.size),
              () => {
                const byte = c.load8(done.get().add(p.address));
                c.store8(prod.and(storeRing.size - 1).add(ringAt), byte, storeRing.request);
                c.atomicStore(ringAt, prod.add(1), storeRing.reqProd);
                done.inc();
              },
              () => {
                this.notify(c);
                this.machine.await(c, () => prod.sub(c.atomicLoad(ringAt, storeRing.reqCons)).ltU(storeRing.size));
              },
            );
          },
        );
        this.notify(c);
      }),
    );
  }

  private receive({ module }: FunctionBuilder): Func<undefined> {
    return module.once("store receive", () =>
      module.func("store receive", { address: "i32", length: "i32" }, undefined, (c, p) => {
        const done = c.var("i32", 0, "done");
        c.while(
          () => done.get().ltU(p.length),
          () => {
            const cons = c.load32(ringAt, storeRing.rspCons);
            c.if(
              c.atomicLoad(ringAt, storeRing.rspProd).eq(cons),
              () => {
                this.notify(c);
                this.machine.await(c, () => c.atomicLoad(ringAt, storeRing.rspProd).ne(cons));
              },
              () => {
                const byte = c.load8(cons.and(storeRing.size - 1).add(ringAt), storeRing.response);
                c.store8(done.get().add(p.address), byte);
                c.atomicStore(ringAt, cons.add(1), storeRing.rspCons);
                done.inc();
              },
            );
          },
        );
        this.notify(c);
      }),
    );
  }
}
