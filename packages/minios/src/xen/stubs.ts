/**
 * What of the kernel is no staged code: the first instructions, calls of the hypervisor, and what Xen calls. All of it ends in
 * staged functions after a few instructions.
 *
 * Entries from Xen (xen/arch/x86/x86_64/entry.S, `create_bounce_frame`): on the stack rcx, r11, an error code for some
 * exceptions, then rip, cs, rflags, rsp and ss.
 */
import { frameSize } from "@clickos/grant-table";
import { domainFrames } from "@clickos/hypervisor";
import { Assembler, type Label, r8, r10, r11, r15, rax, rcx, rdi, rdx, rsi, rsp } from "@clickos/x86-64";
import { vcpuInfo } from "@clickos/xen-evtchn";
import { callbackRegister, callbackType, hypercall, kernelCodeSegment } from "./abi.ts";
import { controlSymbol } from "./control-table.ts";

const pageSize = 4096;
/** Where the page begins that is behind the code. */
export const codeEndSymbol = "code.end";

/** Exceptions, by vector, that end a guest; and whether they have an error code. Intel SDM volume 3, table 6-1. */
const exceptions: readonly (readonly [vector: number, code: boolean])[] = [
  [0, false], // #DE: division
  [6, false], // #UD: the compiler's trap
  [12, true], // #SS
  [13, true], // #GP
  [14, true], // #PF
  [17, true], // #AC
];

/**
 * A piece of code that begins with the hypercall page, and has `_start`: to be linked at an address, in an image that ends at
 * another, where the stack begins (`stack.top`).
 */
export function xenStubs(address: number, imageEnd: number): Assembler {
  const a = new Assembler();
  a.define("hypercall_page");
  a.code.raw(new Uint8Array(pageSize));

  // For copies and fills: the image's own data, behind the memory, may be read like it.
  a.define("memory.0.size");
  a.code.u32(imageEnd);
  a.code.u32(0);

  a.define("_start");
  a.cld();
  a.constant(r15, 0);
  a.lea(64, rsp, { symbol: "stack.top" });
  a.push(rsi);
  const call = (
    number: number,
    ...args: (number | bigint | { readonly symbol: string } | { readonly label: Label })[]
  ): void => {
    for (const [i, arg] of args.entries()) {
      const register = [rdi, rsi, rdx][i] as number;
      if (typeof arg === "object") a.lea(64, register, arg);
      else a.constant(register, arg);
    }
    a.callSymbol(`hypercall.${number}`);
  };
  const [traps, eventCallback, failsafeCallback] = [a.label(), a.label(), a.label()];
  call(hypercall.setTrapTable, { label: traps });
  call(hypercall.callbackOp, callbackRegister, { label: eventCallback });
  call(hypercall.callbackOp, callbackRegister, { label: failsafeCallback });
  a.pop(rdi);
  a.callSymbol("start");
  a.ud2();

  for (const number of Object.values(hypercall)) a.symbols.set(`hypercall.${number}`, 32 * number);

  // (number, a, b, c, d) as a function, to `rdi`, `rsi`, `rdx`, `r10`.
  a.define("xen.hypercall");
  a.mov(64, rax, rdi);
  a.mov(64, rdi, rsi);
  a.mov(64, rsi, rdx);
  a.mov(64, rdx, rcx);
  a.mov(64, r10, r8);
  a.shiftConstant("shl", 32, rax, 5);
  a.lea(64, r11, { symbol: "hypercall_page" });
  a.arithmetic("add", 64, rax, r11);
  a.jumpTo(rax);

  a.define("xen.tsc");
  a.rdtsc();
  a.shiftConstant("shl", 64, rdx, 32);
  a.arithmetic("or", 64, rax, rdx);
  a.ret();

  for (const [name, symbol] of [
    ["control", controlSymbol],
    ["code_start", "hypercall_page"],
    ["code_end", codeEndSymbol],
  ] as const) {
    a.define(`xen.${name}`);
    a.lea(64, rax, { symbol });
    a.ret();
  }

  // An event: the kernel looks at all its devices when it wakes. It runs with events masked, but where it blocks.
  const callback = a.label();
  a.bind(callback);
  a.pop(rcx);
  a.pop(r11);
  a.storeConstant(8, { displacement: domainFrames.sharedInfo * frameSize + vcpuInfo.offsets.upcallMask }, 1);
  // The guest's kernel runs in ring 3.
  a.arithmeticByte("or", { base: rsp, displacement: 8 }, 3);
  a.arithmeticByte("or", { base: rsp, displacement: 32 }, 3);
  a.iretq();

  const entries: { vector: number; entry: Label }[] = [];
  const trapped = a.label();
  for (const [vector, code] of exceptions) {
    const entry = a.label();
    a.bind(entry);
    entries.push({ vector, entry });
    a.constant(rdi, vector);
    a.mov(64, rsi, { base: rsp, displacement: code ? 24 : 16 });
    a.jump(trapped);
  }
  // Xen could not go back to where the guest was.
  const failsafe = a.label();
  a.bind(failsafe);
  a.constant(rdi, 255);
  a.constant(rsi, 0);
  a.bind(trapped);
  a.lea(64, rsp, { symbol: "stack.top" });
  a.constant(r15, 0);
  a.cld();
  a.callSymbol("trapped");
  a.ud2();

  const pointer = (target: Label): void => {
    a.code.u32(address + target.at);
    a.code.u32(0);
  };
  // struct callback_register: type, flags, address.
  for (const [label, type, target] of [
    [eventCallback, callbackType.event, callback],
    [failsafeCallback, callbackType.failsafe, failsafe],
  ] as const) {
    a.align(8);
    a.bind(label);
    a.code.u32(type);
    a.code.u32(0);
    pointer(target);
  }
  // struct trap_info: vector, flags, cs, address; a vector 0 without address ends the table. Flag 4: events are masked.
  a.align(8);
  a.bind(traps);
  for (const { vector, entry } of entries) {
    a.code.u32(vector | (4 << 8) | (kernelCodeSegment << 16));
    a.code.u32(0);
    pointer(entry);
  }
  a.code.raw(new Uint8Array(16));
  return a;
}
