/** The argument types that elements use: what is called `arg` elsewhere. */
import type { U32Field } from "@clickos/layout";
import type { StoredType } from "./live.ts";
import { integer } from "./numbers.ts";

export { etherAddress, ipAddress, ipAddressWithPrefix, ipPrefix } from "./address-types.ts";
export { either, listOf, optional, words } from "./composed.ts";
export { bool, fraction, i64, integer, real, u64 } from "./numbers.ts";
export { ipProtocol, ipProtocolOrNumber, port } from "./port-types.ts";
export { bandwidth, time } from "./quantities.ts";
export { elementName, handlerPath, inputPortOrNone, outputPort, outputPortOrNone } from "./references.ts";
export { bytes, choice, filename, literal, raw, string } from "./text-types.ts";

export const i32: StoredType<number, U32Field> = integer(-0x80000000, 0x7fffffff);
export const u8: StoredType<number, U32Field> = integer(0, 0xff, "expected uint8_t");
export const u16: StoredType<number, U32Field> = integer(0, 0xffff, "expected uint16_t");
export const u32: StoredType<number, U32Field> = integer(0, 0xffffffff);
