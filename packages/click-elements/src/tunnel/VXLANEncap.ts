/**
 * VXLANEncap(VNI) — puts a VXLAN header before each Ethernet frame.
 *
 * VNI is the number of the frame's network, up to 16777215. UDPIPEncap does the rest; the checksum of UDP should be 0 (CHECKSUM false).
 *
 *   ... -> VXLANEncap(42) -> UDPIPEncap(10.0.0.1, 49152, 10.0.0.2, 4789, CHECKSUM false) -> ...
 *
 * RFC 7348, Virtual eXtensible Local Area Network.
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { vxlan } from "@clickos/wire/vxlan";
import { dataOf } from "../lib/headers.ts";
import { largestVni } from "./vni.ts";

export const VXLANEncap: ElementClass = element({
  name: "VXLANEncap",
  ports: "1/1",
  processing: "a/a",
  config: { VNI: required(arg.u32) },
  prepare({ config, error }) {
    if (config.VNI > largestVni) error(`VNI is larger than ${largestVni}`);
  },
  action(_c, packet, { config, packets, output }) {
    packets.room(packet, { head: vxlan.size }, (packet) => {
      packet.unpull(vxlan.size);
      dataOf(packet)
        .need(vxlan.size, "stated")
        .header(vxlan)
        .emit({ i: 1, vni: config.VNI & largestVni });
      output(0).push(packet);
    });
  },
});
