/**
 * A Linux program for domain 0 that sends frames by a raw socket and says which come: made of the same code generator, as the machine
 * has no other that could be taken for granted.
 *
 * Standard input: two interface indices, eight decimal digits each, then frames, each behind its length (two bytes, little endian).
 * They are sent on the first interface. Standard output: for each frame that comes in a line, `A` or `B` for the interface, its
 * length, and its hash (FNV-1a, 64 bits). The program ends when none has come for a while.
 *
 * Sources: packet(7), Linux's arch/x86/entry/syscalls/syscall_64.tbl.
 */
import { moduleBuilder } from "@clickos/codegen";
import {
  Assembler,
  link,
  r8,
  r9,
  r10,
  r15,
  rax,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  writeElf,
  x8664Backend,
} from "@clickos/x86-64";

const system = { read: 0, write: 1, poll: 7, socket: 41, recvfrom: 45, bind: 49, exit: 60 };
/** Addresses are those of the process: the module's memory begins at 0, and is mapped from here on. */
const memory = 0x100000;
const at = {
  words: memory,
  address: memory + 64,
  from: memory + 128,
  fromLength: memory + 192,
  polled: memory + 256,
  line: memory + 512,
  frame: memory + 4096,
  input: memory + 0x20000,
};
const memoryBytes = 16 << 20;
const idleMs = 700;
const outgoing = 4;
const basis = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;

/** The hash as the program has it. */
export function hashOf(frame) {
  let h = basis;
  for (const byte of frame) h = BigInt.asUintN(64, (h ^ BigInt(byte)) * prime);
  return h.toString(16).padStart(16, "0");
}

/** Frames as the program reads them. */
export function framesInput(frames) {
  return Buffer.concat(frames.flatMap((frame) => [Buffer.from([frame.length & 0xff, frame.length >> 8]), frame]));
}

export function framesProgram() {
  const m = moduleBuilder({ memory: { import: ["linux", "memory"], pages: (memory + memoryBytes) / 65536 } });
  const names = ["a", "b", "c", "d", "e", "f"];
  const params = Object.fromEntries([["number", "i64"], ...names.map((name) => [name, "i64"])]);
  const call = m.import("linux", "call", params, "i64");
  const linux = (c, number, ...args) => {
    const wide = names.map((_, i) => {
      const arg = args[i] ?? 0;
      return typeof arg === "number" || typeof arg === "bigint"
        ? c.i64(BigInt(arg))
        : arg.type === "i32"
          ? arg.toI64()
          : arg;
    });
    return c.call(call, c.i64(BigInt(number)), ...wide).toI32();
  };
  const [lineEnd, inputEnd, sockets] = [at.words, at.words + 4, at.words + 8];

  const put = (c, byte) => {
    const end = c.load32(lineEnd);
    c.store8(end, byte);
    c.store32(lineEnd, end.add(1));
  };
  const hex = m.func("hex", { value: "i64", digits: "i32" }, undefined, (c, { value, digits }) => {
    c.for(0, digits, 1, (i) => {
      const digit = value.shrU(digits.sub(1).sub(i).shl(2).toI64()).toI32().and(15);
      put(c, c.select(digit.ltU(10), digit.add(48), digit.add(87)));
    });
  });
  const open = m.func("open", { digits: "i32" }, "i32", (c, { digits }) => {
    const index = c.var("i32", 0);
    c.for(0, 8, 1, (i) =>
      index.set(
        index
          .get()
          .mul(10)
          .add(c.load8(digits.add(i)).sub(48)),
      ),
    );
    const socket = linux(c, system.socket, 17, 3, 0x0300);
    c.fill(at.address, 0, 20);
    c.store16(at.address, 17);
    c.store16(at.address, 0x0300, 2);
    c.store32(at.address, index.get(), 4);
    c.if(linux(c, system.bind, socket, at.address, 20).ltS(0), () => linux(c, system.exit, 2));
    return socket;
  });
  /** Takes what has come; waits for so long when there is nothing. Whether there was something. */
  const drain = m.func("drain", { wait: "i32" }, "i32", (c, { wait }) => {
    for (const i of [0, 1]) {
      c.store32(at.polled + 8 * i, c.load32(sockets + 4 * i));
      c.store32(at.polled + 8 * i, 1, 4);
    }
    c.if(linux(c, system.poll, at.polled, 2, wait).leS(0), () => c.return(0));
    for (const i of [0, 1])
      c.if(c.load16(at.polled + 8 * i, 6), () => {
        c.store32(at.fromLength, 20);
        const length = linux(
          c,
          system.recvfrom,
          c.load32(sockets + 4 * i),
          at.frame,
          0x10000,
          0,
          at.from,
          at.fromLength,
        );
        c.if(length.gtS(0).and(c.load8(at.from, 10).ne(outgoing)), () => {
          const h = c.var("i64", basis);
          c.for(0, length, 1, (n) =>
            h.set(
              h
                .get()
                .xor(c.load8(n.add(at.frame)).toI64())
                .mul(prime),
            ),
          );
          c.store32(lineEnd, at.line);
          put(c, 65 + i);
          put(c, 32);
          c.call(hex, length.toI64(), 4);
          put(c, 32);
          c.call(hex, h.get(), 16);
          put(c, 10);
          linux(c, system.write, 1, at.line, c.load32(lineEnd).sub(at.line));
        });
      });
    return c.i32(1);
  });
  const main = m.func("main", {}, undefined, (c) => {
    c.store32(inputEnd, at.input);
    c.loop(() => {
      const n = linux(c, system.read, 0, c.load32(inputEnd), 65536);
      c.if(n.leS(0), () => c.break());
      c.store32(inputEnd, c.load32(inputEnd).add(n));
    });
    c.store32(sockets, c.call(open, at.input));
    c.store32(sockets + 4, c.call(open, at.input + 8));
    const next = c.var("i32", at.input + 16);
    const sent = c.var("i32", 0);
    c.while(
      () => next.get().ltU(c.load32(inputEnd)),
      () => {
        const length = c.load16(next.get());
        linux(c, system.write, c.load32(sockets), next.get().add(2), length);
        next.inc(length.add(2));
        sent.inc();
        // Not faster than the guest: it shares the processor.
        c.while(
          () => c.call(drain, c.select(sent.get().and(15).eqz(), c.i32(10), c.i32(0))),
          () => {},
        );
      },
    );
    c.while(
      () => c.call(drain, idleMs),
      () => {},
    );
    linux(c, system.exit, 0);
  });
  m.export("main", main);
  const a = new Assembler();
  a.define("_start");
  a.constant(r15, 0);
  a.callSymbol("main");
  a.ud2();
  a.define("linux.call");
  a.mov(64, rax, rdi);
  a.mov(64, rdi, rsi);
  a.mov(64, rsi, rdx);
  a.mov(64, rdx, rcx);
  a.mov(64, r10, r8);
  a.mov(64, r8, r9);
  a.mov(64, r9, { base: rsp, displacement: 8 });
  a.syscall();
  a.ret();
  a.define("memory.0.size");
  a.code.u32(memory + memoryBytes);
  a.code.u32(0);
  const code = 0x400_0000;
  const { bytes, symbols } = link([a, x8664Backend.encode(m.toIr())], code);
  return writeElf({
    entry: symbols.get("_start"),
    segments: [
      { address: memory, bytes: new Uint8Array(0), memoryBytes, access: "rw" },
      { address: code, bytes, access: "rx" },
    ],
  });
}
