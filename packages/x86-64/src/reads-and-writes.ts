/** Which virtual registers instructions read and write. */
import type { Instruction, Operand, Virtual } from "./instructions.ts";

/** Names what an instruction reads, and then what it writes. */
export function readsAndWrites(
  i: Instruction,
  read: (operand: Operand | undefined) => void,
  write: (register: Virtual) => void,
): void {
  switch (i.kind) {
    case "move":
    case "extend":
    case "count":
    case "moveVector":
      read(i.a);
      break;
    case "arithmetic":
    case "shift":
    case "divide":
      read(i.a);
      read(i.b);
      break;
    case "set":
      read(i.test.a);
      read(i.test.b);
      break;
    case "select":
    case "selectVector":
      read(i.a);
      read(i.b);
      read(i.test.a);
      read(i.test.b);
      break;
    case "load":
    case "loadVector":
    case "atomicLoad":
    case "zero16":
      read(i.at.base);
      break;
    case "store":
    case "storeVector":
    case "atomicStore":
      read(i.at.base);
      read(i.a);
      break;
    case "atomic":
      read(i.at.base);
      read(i.a);
      read(i.replacement);
      break;
    case "copy16":
      read(i.target.base);
      read(i.source.base);
      break;
    case "copy":
      read(i.target);
      read(i.source);
      read(i.length);
      break;
    case "fill":
      read(i.target);
      read(i.value);
      read(i.length);
      break;
    case "branch":
      read(i.test.a);
      read(i.test.b);
      break;
    case "table":
      read(i.index);
      break;
    case "call":
      for (const argument of i.arguments) read(argument);
      break;
    case "return":
      read(i.a);
      break;
  }
  if ("to" in i && typeof i.to === "number") write(i.to);
}
