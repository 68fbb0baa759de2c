/**
 * KernelTap(ADDR/MASK [, GATEWAY] [, keywords TAP, HEADROOM, BURST, ETHER, IGNORE_QUEUE_OVERFLOWS, MTU, DEVNAME]) — exchanges Ethernet
 * frames with the host.
 *
 * Frames that the host sends to the device leave on output 0, up to BURST (1) a turn; those that come in go to the host. A frame that is
 * shorter than an Ethernet header, or carries more than MTU (1500) bytes, is dropped with a message. The arguments, the device and
 * the handlers are those of KernelTun; `tap0` is the default of DEVNAME. DEV_NAME is an older name of it.
 *
 * Handlers: dev_name, packets (those that came from the host), selected_calls (in how many turns) (read).
 *
 *   tap :: KernelTap(1.0.0.1/8) -> ARPResponder(1.0.0.0/8 02:00:00:00:00:02) -> tap
 */
import type { ElementClass } from "@clickos/click-core/element";
import { tunnelElement } from "./tunnel-element.ts";

export const KernelTap: ElementClass = tunnelElement("KernelTap", true);
