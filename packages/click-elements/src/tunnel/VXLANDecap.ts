/**
 * VXLANDecap(VNI, ...) — takes the VXLAN header off the front of packets, and sorts them by their network.
 *
 * Expects what a UDP datagram carries. A packet of the first VNI leaves on output 0, and so on. One of another network, or without a
 * VXLAN header, leaves as it is on the output after those, if it is connected, and is dropped otherwise.
 *
 *   ... -> CheckIPHeader -> IPClassifier(udp dst port 4789) -> StripIPHeader -> Strip(8) -> VXLANDecap(42) -> ...
 *
 * RFC 7348, Virtual eXtensible Local Area Network.
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { vxlan } from "@clickos/wire/vxlan";
import { dataOf } from "../lib/headers.ts";
import { largestVni } from "./vni.ts";

export const VXLANDecap: ElementClass = element({
  name: "VXLANDecap",
  ports: "1/1-",
  processing: "h/h",
  config: { VNI: rest(arg.u32) },
  prepare({ config, noutputs, error }) {
    config.VNI.forEach((vni, i) => {
      if (vni > largestVni) error(`VNI is larger than ${largestVni}`, i);
      if (config.VNI.indexOf(vni) !== i) error(`VNI ${vni} is there twice`, i);
    });
    if (config.VNI.length === 0) error("there must be a VNI");
    else if (noutputs < config.VNI.length || noutputs > config.VNI.length + 1)
      error(`${config.VNI.length} VNIs need so many outputs, or one more`);
  },
  push(c, _port, packet, { config, output }) {
    const other = (reason: string) => (): void => output(config.VNI.length).push(packet, reason);
    const header = dataOf(packet).header(vxlan, other("no VXLAN header"));
    c.if(header.wellFormed().eqz(), other("no VXLAN header"));
    const vni = c.var("i32", header.vni.get(), "vni").get();
    config.VNI.forEach((one, i) => {
      c.if(vni.eq(one), () => {
        packet.pull(vxlan.size);
        output(i).push(packet);
      });
    });
    other("of another network")();
  },
});
