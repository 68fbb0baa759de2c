/**
 * KernelTun(ADDR/MASK [, GATEWAY] [, keywords TAP, HEADROOM, BURST, ETHER, IGNORE_QUEUE_OVERFLOWS, MTU, DEVNAME]) — exchanges IP packets
 * with the host.
 *
 * Packets that the host sends to the device leave on output 0, up to BURST (1) a turn, with their IP headers marked. What is not IP leaves on
 * output 1, or is dropped where that is not connected. Packets that come in, which need a marked IP header, go to the host; one that
 * is longer than MTU (1500), or has no IP header, is dropped with a message.
 *
 * DEVNAME is the number of the device, alone or behind letters; `tun0` is the default. The device is a capture of Ethernet frames that
 * `clickos run` names, or a virtual interface: packets have an Ethernet header there, to ETHER (00:01:02:03:04:05) where they go
 * to the host. Click's makes a device of Linux and gives it the address ADDR, and a route to GATEWAY; here these are checked and set up
 * nothing. Nor do HEADROOM and IGNORE_QUEUE_OVERFLOWS. With TAP true it is KernelTap. DEV_NAME is an older name of DEVNAME. `click` alone
 * has no such devices.
 *
 * Handlers: dev_name, packets (those that came from the host), selected_calls (in how many turns) (read).
 *
 *   tun :: KernelTun(1.0.0.1/8) -> IPClassifier(icmp type echo) -> ICMPPingResponder -> tun
 */
import type { ElementClass } from "@clickos/click-core/element";
import { tunnelElement } from "./tunnel-element.ts";

export const KernelTun: ElementClass = tunnelElement("KernelTun", false);
