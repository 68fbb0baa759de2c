/**
 * SetCRC32 — appends a checksum of 32 bits to packets.
 *
 *   ... -> SetCRC32 -> ToDevice(0)
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { crcBehind, crcBytes, stageCrc32 } from "../lib/crc32.ts";

export const SetCRC32: ElementClass = element({
  name: "SetCRC32",
  ports: "1/1",
  processing: "a/a",
  action(c, packet, { packets, data, output }) {
    packets.room(packet, { tail: crcBytes }, (packet) => {
      const { length } = packet;
      crcBehind(c, packet.data, length).set(stageCrc32(c, data, packet.data, length));
      packet.setLength(length.add(crcBytes));
      output(0).push(packet);
    });
  },
});
