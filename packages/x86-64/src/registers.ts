/** Names of the machine's registers: their numbers in instructions. Intel SDM volume 2, section 2.1.5 and table 2-2. */

/** A general-purpose or vector register, by number. */
export type Register = number;

export const rax = 0;
export const rcx = 1;
export const rdx = 2;
export const rbx = 3;
export const rsp = 4;
export const rbp = 5;
export const rsi = 6;
export const rdi = 7;
export const r8 = 8;
export const r9 = 9;
export const r10 = 10;
export const r11 = 11;
export const r12 = 12;
export const r13 = 13;
export const r14 = 14;
export const r15 = 15;
