/**
 * FromDump(FILENAME [, keywords STOP, BURST]) — packets of a capture file, pcap or pcapng.
 *
 * Pushes them as fast as it is scheduled, BURST (default 32) at a time, with the timestamps they were captured
 * at. With STOP true, asks the driver to stop after the last. Runs in process only, not in a virtual machine.
 *
 * Handlers: count (read).
 *
 *   FromDump(in.pcap, STOP true) -> ... -> ToDump(out.pcap);
 */

import { arg, type ElementClass, element, keyword, maximumFrame, required } from "@clickos/click-core";
import { u32, u64 } from "@clickos/codegen";
import { openCapture } from "@clickos/netdev";

export const FromDump: ElementClass = element({
  name: "FromDump",
  ports: "0/1",
  processing: "h/h",
  config: {
    FILENAME: required(arg.string),
    STOP: keyword(arg.bool, false),
    BURST: keyword(arg.u32, 32),
    TIMING: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    if (config.TIMING) error("TIMING is not supported: packets come as fast as they are taken");
  },
  state: { count: u64, ended: u32 },
  handlers: { count: { read: (s) => s.count } },
  service({ config }) {
    const reader = openCapture(config.FILENAME);
    return {
      next() {
        const frame = reader.next();
        return frame ? { frame: frame.data, timestampNs: frame.timestampNs } : null;
      },
      problem: () => reader.problem,
      close: () => reader.close(),
    };
  },
  task(c, { config, state, packets, service, output, stop }) {
    const worked = c.var("i32", 0, "worked");
    c.loop(() => {
      c.if(state.ended.get().or(worked.get().geU(Math.max(1, config.BURST))), () => c.break());
      packets.make(
        0,
        (packet) => {
          const length = service.fill(packet, maximumFrame);
          c.if(
            length.eq(-1),
            () => {
              state.ended.set(1);
              if (config.STOP) stop();
              packet.kill();
            },
            () => {
              worked.inc();
              c.if(
                length.gtU(maximumFrame),
                () => packet.drop("longer than a packet buffer"),
                () => {
                  packet.setLength(length);
                  state.count.inc();
                  output(0).push(packet);
                },
              );
            },
          );
        },
        () => c.break(),
      );
    });
    return worked.get();
  },
});
