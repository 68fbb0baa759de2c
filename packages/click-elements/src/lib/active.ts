/** The `active` handler of elements that can be switched on and off, over a state field of that name. */
import { arg, type HandlerContext } from "@clickos/click-core/element";
import { readValue } from "./handlers.ts";

interface Switchable {
  active: number;
}

export const activeHandler: {
  readonly flag: "active";
  write(s: Switchable, value: string, context: HandlerContext<any, any>): void;
} = {
  flag: "active",
  write: (s, value, context) => {
    s.active = readValue(arg.bool, value) ? 1 : 0;
    if (s.active) {
      context.schedule();
      context.setTimer(context.now());
    }
  },
};
