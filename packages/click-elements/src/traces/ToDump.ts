/**
 * ToDump(FILENAME [, keywords SNAPLEN, ENCAP]) — writes packets to a capture file.
 *
 * The file is pcapng when its name ends so and pcap otherwise. SNAPLEN is how much of each packet is kept,
 * 0 (the default) for all. ENCAP is ETHER (the default) or IP. Packets leave on the output if it is connected.
 * Runs in process only, not in a virtual machine.
 *
 * Handlers: count (read).
 *
 *   ... -> ToDump(out.pcap);
 */

import { arg, type ElementClass, element, keyword, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { createCapture } from "@clickos/pcap/node";
import { FileTrouble, opening } from "../lib/file-trouble.ts";
import { pullTask } from "../lib/pull-task.ts";

const linkTypes: Record<string, number> = { ETHER: 1, IP: 101 };

export const ToDump: ElementClass = element({
  name: "ToDump",
  ports: "1/0-1",
  processing: "a/a",
  configurePhase: 200,
  config: { FILENAME: required(arg.string), SNAPLEN: keyword(arg.u32, 0), ENCAP: keyword(arg.string, "ETHER") },
  prepare({ config, error }) {
    if (!Object.hasOwn(linkTypes, config.ENCAP)) error(`ENCAP '${config.ENCAP}' is not ETHER or IP`);
  },
  state: { count: u64 },
  handlers: { count: { counter: "count" } },
  files: (config) => ({ writes: config.FILENAME }),
  service({ config, host }) {
    const writer = opening(() =>
      createCapture(config.FILENAME, {
        linkType: linkTypes[config.ENCAP] ?? 1,
        ...(config.SNAPLEN > 0 ? { snapLength: config.SNAPLEN } : {}),
      }),
    );
    const trouble = new FileTrouble(host);
    return {
      packet(packet) {
        trouble.attempt(() => writer.write(packet.data, packet.timestampNs));
        return 0;
      },
      problem: () => trouble.problem,
      flush: () => trouble.attempt(() => writer.flush()),
      close: () => trouble.attempt(() => writer.close()),
    };
  },
  action(_c, packet, { state, service, output }) {
    state.count.inc();
    service.give(packet);
    output(0).push(packet);
  },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  task(c, { state, service, input, noutputs }) {
    if (noutputs > 0) return c.i32(0);
    return pullTask(c, 32, input(0), (packet) => {
      state.count.inc();
      service.give(packet);
      packet.kill();
    });
  },
});
