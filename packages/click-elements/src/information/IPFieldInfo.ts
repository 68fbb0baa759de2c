/**
 * IPFieldInfo — accepted: Click's has names for fields of IP headers, and IPClassifier and AggregateIP have those names anyway.
 *
 *   IPFieldInfo
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const IPFieldInfo: ElementClass = element({ name: "IPFieldInfo", ports: "0/0", processing: "a/a" });
