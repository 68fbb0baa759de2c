/**
 * EtherEncap(ETHERTYPE, SRC, DST) — puts an Ethernet header before each packet.
 *
 * The address annotations and header marks stay. A packet without room for the header moves to a larger buffer.
 *
 * Handlers: src, dst, ethertype (read, write); etht, the same as ethertype.
 *
 *   ... -> EtherEncap(0x0800, 02:00:00:00:00:01, 02:00:00:00:00:02) -> ToDevice(1);
 */
import { arg, type ElementClass, element, formatEtherAddress, required } from "@clickos/click-core/element";
import { ethernet } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";

export const EtherEncap: ElementClass = element({
  name: "EtherEncap",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { ETHERTYPE: required(arg.u16), SRC: required(arg.etherAddress), DST: required(arg.etherAddress) },
  handlers: {
    src: {
      constant: ({ config }) => formatEtherAddress(config.SRC),
      write: (_s, text, { change }) => change("SRC", text),
    },
    dst: {
      constant: ({ config }) => formatEtherAddress(config.DST),
      write: (_s, text, { change }) => change("DST", text),
    },
    ethertype: {
      constant: ({ config }) => config.ETHERTYPE,
      write: (_s, text, { change }) => change("ETHERTYPE", text),
    },
    etht: {
      flags: "D",
      constant: ({ config }) => config.ETHERTYPE,
      write: (_s, text, { change }) => change("ETHERTYPE", text),
    },
  },
  action(_c, packet, { config, packets, output }) {
    packets.room(packet, { head: ethernet.size }, (packet) => {
      packet.unpull(ethernet.size);
      const header = dataOf(packet).header(ethernet, "stated");
      header.emit({ destination: config.DST, source: config.SRC, etherType: config.ETHERTYPE });
      output(0).push(packet);
    });
  },
});
