/**
 * Print([LABEL, MAXLENGTH] [, keywords CONTENTS, TIMESTAMP, ACTIVE]) — prints packets and passes them on.
 *
 * Prints the label, the length, and up to MAXLENGTH bytes of the data in hexadecimal; 24 by default, -1 for all.
 * CONTENTS is HEX (the default) or NONE.
 *
 * Handlers: active (read, write).
 *
 *   FromDevice(0) -> Print(in, 64) -> ...
 */

import { arg, type ElementClass, element, keyword, positional } from "@clickos/click-core";
import { u32 } from "@clickos/codegen";
import { activeHandler } from "../lib/active.ts";

export const Print: ElementClass = element({
  name: "Print",
  ports: "1/1",
  processing: "a/a",
  config: {
    LABEL: positional(arg.string, ""),
    MAXLENGTH: positional(arg.i32, 24),
    LENGTH: keyword(arg.i32, 24),
    CONTENTS: keyword(arg.string, "HEX"),
    TIMESTAMP: keyword(arg.bool, false),
    ACTIVE: keyword(arg.bool, true),
  },
  prepare({ config, error }) {
    const contents = config.CONTENTS.toUpperCase();
    if (!["HEX", "NONE", "TRUE", "FALSE"].includes(contents)) error(`CONTENTS '${config.CONTENTS}' is not HEX or NONE`);
    return {
      hex: contents === "HEX" || contents === "TRUE",
      limit: config.MAXLENGTH === 24 ? config.LENGTH : config.MAXLENGTH,
    };
  },
  state: { active: u32 },
  initial: ({ config }) => ({ active: config.ACTIVE ? 1 : 0 }),
  handlers: {
    active: activeHandler,
  },
  action(c, packet, { config, plan, state, line }) {
    c.if(state.active.get(), () => {
      const text = line();
      if (config.LABEL) text.text(`${config.LABEL}: `);
      if (config.TIMESTAMP) {
        const at = packet.timestamp.get();
        text
          .decimal(at.divU(1_000_000_000n).toI32())
          .text(".")
          .decimal(at.remU(1_000_000_000n).divU(1000n).toI32())
          .text(": ");
      }
      text.decimal(packet.length, 4);
      if (plan.hex && plan.limit !== 0) {
        const length = packet.length;
        const shown = plan.limit < 0 ? length : c.select(length.gtU(plan.limit), c.i32(plan.limit), length);
        text.text(" | ").hex(packet.data, shown);
      }
      text.end();
    });
  },
});
