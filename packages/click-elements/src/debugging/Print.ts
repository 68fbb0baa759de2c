/**
 * Print([LABEL, MAXLENGTH] [, keywords CONTENTS, TIMESTAMP, ACTIVE]) — prints packets and passes them on.
 *
 * Prints the label, the length, and up to MAXLENGTH bytes of the data in hexadecimal; 24 by default, -1 for all.
 * CONTENTS is HEX (the default), ASCII or NONE. TIMESTAMP adds the packet's timestamp.
 *
 * Handlers: active (read, write).
 *
 *   FromDevice(0) -> Print(in, 64) -> ...
 */

import { arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";

export const Print: ElementClass = element({
  name: "Print",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    LABEL: positional(arg.string, ""),
    MAXLENGTH: positional(arg.i32, 24),
    LENGTH: keyword(arg.i32, 24),
    CONTENTS: keyword(arg.string, "HEX"),
    TIMESTAMP: keyword(arg.bool, false),
    ACTIVE: keyword(live(arg.bool), true),
  },
  prepare({ config, error }) {
    const contents = config.CONTENTS.toUpperCase();
    if (!["HEX", "ASCII", "NONE", "TRUE", "FALSE"].includes(contents))
      error(`CONTENTS '${config.CONTENTS}' is not HEX, ASCII or NONE`);
    return {
      contents: contents === "TRUE" ? "HEX" : contents,
      limit: config.MAXLENGTH === 24 ? config.LENGTH : config.MAXLENGTH,
    };
  },
  action(c, packet, { config, plan, state, line }) {
    c.if(state.active.get(), () => {
      const text = line();
      if (config.LABEL) text.text(`${config.LABEL}: `);
      if (config.TIMESTAMP) text.timestamp(packet.timestamp.get()).text(": ");
      text.decimal(packet.length, 4);
      if (["HEX", "ASCII"].includes(plan.contents) && plan.limit !== 0) {
        const length = packet.length;
        const shown = plan.limit < 0 ? length : c.select(length.gtU(plan.limit), c.i32(plan.limit), length);
        text.text(" | ");
        if (plan.contents === "HEX") text.hex(packet.data, shown);
        else text.ascii(packet.data, shown);
      }
      text.end();
    });
  },
});
