/**
 * ClickyInfo(ENTRIES...) — accepted: styles for a graphical view.
 *
 * What it says is for programs that draw configurations.
 *
 *   ClickyInfo(STYLE #c { color: red })
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";

export const ClickyInfo: ElementClass = element({
  name: "ClickyInfo",
  ports: "0/0",
  processing: "a/a",
  config: { ENTRIES: rest(arg.raw) },
});
