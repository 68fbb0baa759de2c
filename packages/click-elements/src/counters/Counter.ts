/**
 * Counter — passes packets on and counts them and their bytes.
 *
 * Handlers: count, byte_count (read); reset, reset_counts (write).
 *
 *   FromDevice(0) -> c :: Counter -> ...
 */

import { type ElementClass, element } from "@clickos/click-core";
import { u64 } from "@clickos/codegen";

export const Counter: ElementClass = element({
  name: "Counter",
  ports: "1/1",
  processing: "a/a",
  state: { count: u64, bytes: u64 },
  handlers: {
    count: { read: (s) => s.count },
    byte_count: { read: (s) => s.bytes },
    reset: { write: clear },
    reset_counts: { write: clear },
  },
  action(_c, packet, { state }) {
    state.count.inc();
    state.bytes.inc(packet.length.toI64());
  },
});

function clear(s: { count: bigint; bytes: bigint }): void {
  s.count = 0n;
  s.bytes = 0n;
}
