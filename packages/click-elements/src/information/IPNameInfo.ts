/**
 * IPNameInfo — stands for the names of protocols, ports and ICMP types that configurations may use.
 *
 * They are known without it, and it does nothing.
 *
 *   IPNameInfo;
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const IPNameInfo: ElementClass = element({ name: "IPNameInfo", ports: "0/0", processing: "a/a" });
