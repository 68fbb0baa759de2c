/** State that a configuration which takes another's place starts anew with, such as addresses of packets that are held. */
import type { FieldType } from "@clickos/layout";

/** The same type, whose value is not carried over. */
export function anew<T extends FieldType>(type: T): T {
  return { ...type, transfer() {} };
}
