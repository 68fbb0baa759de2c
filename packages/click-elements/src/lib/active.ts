/** The `active` handler of elements that can be switched on and off, over a state field of that name. */
import { arg } from "@clickos/click-core";

interface Switchable {
  active: number;
}

export const activeHandler: { read(s: Switchable): boolean; write(s: Switchable, value: string): void } = {
  read: (s) => s.active !== 0,
  write: (s, value) => {
    s.active = arg.bool.parse(value.trim()) ? 1 : 0;
  },
};
