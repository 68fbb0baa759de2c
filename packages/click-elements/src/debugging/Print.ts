/**
 * Print([LABEL, MAXLENGTH] [, keywords CONTENTS, TIMESTAMP, PRINTANNO, HEADROOM, ACTIVE]) — prints packets and passes them on.
 *
 * Prints the label, the length, and up to MAXLENGTH bytes of the data; 24 by default, -1 for all. CONTENTS is HEX (the
 * default), ASCII or NONE. TIMESTAMP adds the packet's timestamp, HEADROOM the bytes free before and after its data, PRINTANNO
 * its annotations. LENGTH and NBYTES are earlier names of MAXLENGTH.
 *
 * Handlers: active (read, write).
 *
 *   FromDevice(0) -> Print(in, 64) -> ...
 */

import {
  annotationBytes,
  arg,
  deprecated,
  type ElementClass,
  element,
  keyword,
  live,
  positional,
} from "@clickos/click-core/element";
import { readContents } from "../lib/contents.ts";

export const Print: ElementClass = element({
  name: "Print",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    LABEL: positional(arg.string, ""),
    MAXLENGTH: positional(arg.i32, 24),
    LENGTH: deprecated(keyword(arg.i32, undefined)),
    NBYTES: deprecated(keyword(arg.i32, undefined)),
    CONTENTS: keyword(arg.string, "HEX"),
    TIMESTAMP: keyword(arg.bool, false),
    PRINTANNO: keyword(arg.bool, false),
    ACTIVE: keyword(live(arg.bool, { flags: ".c" }), true),
    HEADROOM: keyword(arg.bool, false),
  },
  prepare: ({ config, error }) => ({
    contents: readContents(config.CONTENTS, error) ?? "NONE",
    limit: config.NBYTES ?? config.LENGTH ?? config.MAXLENGTH,
  }),
  action(c, packet, { config, plan, state, line }) {
    c.if(state.active.get(), () => {
      const text = line();
      if (config.LABEL) text.text(`${config.LABEL}: `);
      if (config.TIMESTAMP) text.timestamp(packet.timestamp.get()).text(": ");
      text.decimal(packet.length, 4);
      if (config.HEADROOM) text.text(" (h").decimal(packet.headroom).text(" t").decimal(packet.tailroom).text(")");
      if (config.PRINTANNO) text.text(" | ").hex(packet.annotationAddress, c.i32(annotationBytes), annotationBytes);
      const { length } = packet;
      const { contents, limit } = plan;
      if (contents !== "NONE" && limit !== 0)
        c.if(length, () => {
          const shown = limit < 0 ? length : c.select(length.gtU(limit), c.i32(limit), length);
          text.text(" | ");
          if (contents === "HEX") text.hex(packet.data, shown);
          else text.ascii(packet.data, shown);
        });
      text.end();
    });
  },
});
