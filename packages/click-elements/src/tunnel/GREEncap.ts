/**
 * GREEncap(PROTOCOL [, keywords CHECKSUM, KEY, SEQUENCE]) — puts a GRE header before each packet.
 *
 * PROTOCOL is the Ethernet type of what packets carry, such as 0x0800 for IP and 0x6558 for Ethernet frames. With CHECKSUM true, the header
 * has a checksum of all that follows; with KEY other than 0, that key; with SEQUENCE true, numbers that count up from 1.
 *
 *   ... -> GREEncap(0x0800, KEY 7) -> IPEncap(gre, 18.26.4.24, 140.247.60.147) -> ...
 *
 * RFC 2784, Generic Routing Encapsulation; RFC 2890, Key and Sequence Number Extensions.
 */
import { arg, type ElementClass, element, keyword, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { sumFunction } from "@clickos/wire/checksum";
import { gre, greWord } from "@clickos/wire/gre";
import { dataOf } from "../lib/headers.ts";

export const GREEncap: ElementClass = element({
  name: "GREEncap",
  ports: "1/1",
  processing: "a/a",
  config: {
    PROTOCOL: required(arg.u16),
    CHECKSUM: keyword(arg.bool, false),
    KEY: keyword(arg.u32, 0),
    SEQUENCE: keyword(arg.bool, false),
  },
  state: { sequence: u32 },
  action(c, packet, { config, state, packets, output }) {
    const { PROTOCOL, CHECKSUM, KEY, SEQUENCE } = config;
    const words = [CHECKSUM, KEY !== 0, SEQUENCE].filter((present) => present).length;
    const size = gre.size + words * greWord.size;
    packets.room(packet, { head: size }, (packet) => {
      packet.unpull(size);
      const bytes = dataOf(packet).need(size, "stated");
      bytes.header(gre).emit({
        checksumPresent: Number(CHECKSUM),
        keyPresent: Number(KEY !== 0),
        sequencePresent: Number(SEQUENCE),
        protocolType: PROTOCOL,
      });
      let rest = bytes.advance(gre.size);
      const word = () => {
        const header = rest.header(greWord);
        rest = rest.advance(greWord.size);
        return header.value;
      };
      const checksum = CHECKSUM ? word() : undefined;
      checksum?.set(0);
      if (KEY !== 0) word().set(KEY);
      if (SEQUENCE) {
        state.sequence.inc();
        word().set(state.sequence.get());
      }
      // The checksum is the word's high half: its low one as it stands in memory.
      checksum?.stored.set(c.call(sumFunction(c), packet.data, packet.length).xor(0xffff));
      output(0).push(packet);
    });
  },
});
