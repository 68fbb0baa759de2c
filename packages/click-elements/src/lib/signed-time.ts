/** Times that may be negative. */
import { arg, type StoredType } from "@clickos/click-core/element";
import { type U64Field, u64 } from "@clickos/layout";
import { formatInterval } from "./time.ts";

/** A time that may be negative, as it is kept in 64 bits. */
export const signedTime: StoredType<bigint, U64Field> = {
  expects: arg.time.expects,
  parse(text, scope) {
    const value = arg.time.parse(text.replace(/^-/, ""), scope);
    return text.startsWith("-") && typeof value === "bigint" ? -value : value;
  },
  stored: {
    field: u64,
    kind: "text",
    refusal: "expected time in seconds",
    store: (value) => BigInt.asUintN(64, value),
    show: (stored) => formatInterval(BigInt.asIntN(64, stored)),
  },
};
