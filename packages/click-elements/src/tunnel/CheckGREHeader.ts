/**
 * CheckGREHeader([keywords OFFSET, CHECKSUM, KEY, SEQUENCE, VERBOSE, DETAILS]) — lets packets with a valid GRE header pass.
 *
 * The header is OFFSET bytes from the start of the packet, 0 by default. It must be there with the words that it says it has, and of version 0. With
 * CHECKSUM true it must have a checksum that is right; with KEY other than 0, that key; with SEQUENCE true, a number that is larger than
 * those of the packets before. Other packets leave on output 1, or are dropped where that is not connected; a message says what is wrong
 * with the first, or with each where VERBOSE is true.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read): how often each reason was one.
 *
 *   ... -> StripIPHeader -> CheckGREHeader(KEY 7) -> StripGREHeader -> ...
 *
 * RFC 2784, Generic Routing Encapsulation; RFC 2890, Key and Sequence Number Extensions.
 */
import { arg, type ElementClass, element, keyword } from "@clickos/click-core/element";
import { array, u32 } from "@clickos/layout";
import { span } from "@clickos/wire";
import { sumFunction } from "@clickos/wire/checksum";
import { gre, greWord } from "@clickos/wire/gre";
import { advanced, dataOf } from "../lib/headers.ts";

const reasons = [
  "tiny packet",
  "bad GRE version",
  "bad GRE header length",
  "bad GRE checksum",
  "invalid key",
  "out of sequence",
] as const;

export const CheckGREHeader: ElementClass = element({
  name: "CheckGREHeader",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    OFFSET: keyword(arg.u32, 0),
    CHECKSUM: keyword(arg.bool, false),
    KEY: keyword(arg.u32, 0),
    SEQUENCE: keyword(arg.bool, false),
    VERBOSE: keyword(arg.bool, false),
    DETAILS: keyword(arg.bool, false),
  },
  state: { drops: u32, sequence: u32, details: array(u32, reasons.length) },
  handlers: { drops: { counter: "drops" } },
  furtherHandlers({ config }) {
    if (!config.DETAILS) return {};
    return { drop_details: { read: (s) => reasons.map((reason, i) => `${s.details[i]}\t${reason}\n`).join("") } };
  },
  action(c, packet, { config, state, output, line }) {
    const fail = (reason: (typeof reasons)[number]) => (): void => {
      c.if(config.VERBOSE ? c.i32(1) : state.drops.get().eqz(), () =>
        line().text(`GRE header check failed: ${reason}`).end(),
      );
      state.drops.inc();
      if (config.DETAILS) state.details.at(reasons.indexOf(reason)).inc();
      output(1).push(packet, reason);
    };
    const bytes = advanced(dataOf(packet), config.OFFSET, gre.size, fail("tiny packet"));
    const header = bytes.header(gre, "stated");
    c.if(header.wellFormed().eqz(), fail("bad GRE version"));
    const { options } = header.parts(fail("bad GRE header length"));
    const { checksumPresent, keyPresent, sequencePresent } = header.load(
      "checksumPresent",
      "keyPresent",
      "sequencePresent",
    );
    if (config.CHECKSUM) {
      const sum = c.call(sumFunction(c), bytes.address, bytes.length);
      c.if(checksumPresent.eqz().or(sum.ne(0xffff)), fail("bad GRE checksum"));
    }
    /** The word after so many, which the header has by what its length says. */
    const word = (before: typeof keyPresent) =>
      span(c, options.address.add(before.mul(greWord.size)), greWord.size)
        .header(greWord)
        .value.get();
    if (config.KEY !== 0) {
      c.if(keyPresent.eqz(), fail("invalid key"));
      c.if(word(checksumPresent).ne(config.KEY), fail("invalid key"));
    }
    if (config.SEQUENCE) {
      c.if(sequencePresent.eqz(), fail("out of sequence"));
      const number = word(checksumPresent.add(keyPresent));
      c.if(number.sub(state.sequence.get()).leS(0), fail("out of sequence"));
      state.sequence.set(number);
    }
  },
});
