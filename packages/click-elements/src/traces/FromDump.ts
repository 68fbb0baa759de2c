/**
 * FromDump(FILENAME [, keywords STOP, ACTIVE, FORCE_IP, BURST]) — packets of a capture file, pcap or pcapng.
 *
 * FILENAME may be a pipe, which is read as it comes. Pushes them as fast as it is scheduled, BURST (default 32) at a time, with the timestamps they were captured
 * at. With STOP true, asks the driver to stop after the last. With FORCE_IP true, takes Ethernet headers off, marks
 * IP headers, and passes over what is not IP. Runs in process only, not in a virtual machine.
 *
 * Handlers: count, filename, encap (read), active (read, write).
 *
 *   FromDump(in.pcap, STOP true) -> ... -> ToDump(out.pcap);
 */

import {
  annotation,
  arg,
  type ElementClass,
  element,
  type HostFrame,
  keyword,
  required,
} from "@clickos/click-core/element";
import { u32, u64 } from "@clickos/layout";
import { openCapture } from "@clickos/pcap/node";
import { activeHandler } from "../lib/active.ts";
import { opening } from "../lib/file-trouble.ts";
import { pushFromHost } from "../lib/service-source.ts";

/** Frames that are passed over in one turn. */
const framesPerTurn = 1000;

export const FromDump: ElementClass = element({
  name: "FromDump",
  ports: "0/1",
  processing: "h/h",
  config: {
    FILENAME: required(arg.string),
    STOP: keyword(arg.bool, false),
    ACTIVE: keyword(arg.bool, true),
    FORCE_IP: keyword(arg.bool, false),
    BURST: keyword(arg.u32, 32),
    TIMING: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    if (config.TIMING) error("TIMING is not supported: packets come as fast as they are taken");
  },
  state: { count: u64, ended: u32, active: u32 },
  initial: ({ config }) => ({ active: config.ACTIVE ? 1 : 0 }),
  handlers: {
    count: { counter: "count" },
    filename: { constant: ({ config }) => config.FILENAME },
    encap: { constant: ({ config }) => (config.FORCE_IP ? "IP" : "ETHER") },
    active: activeHandler,
  },
  startsScheduled: ({ config }) => config.ACTIVE,
  files: (config) => ({ reads: config.FILENAME }),
  service({ config, host }) {
    const reader = opening(() => openCapture(config.FILENAME));
    /** Whether a pipe has no frame for now. */
    let waiting = false;
    const wait = (): undefined => {
      if (waiting) return;
      waiting = true;
      reader.more().then(() => {
        waiting = false;
        if (!reader.ended) host.schedule();
      });
    };
    return {
      next() {
        for (let looked = 0; looked < framesPerTurn; looked++) {
          const frame = reader.next();
          if (!frame) return reader.ended ? null : wait();
          const { data, timestampNs } = frame;
          if (!config.FORCE_IP) return { frame: data, timestampNs };
          const ip = ipOffset(data, reader.linkType);
          if (ip !== undefined) return ipFrame(data.subarray(ip), timestampNs);
        }
        return undefined;
      },
      waiting: () => waiting,
      problem: () => reader.problem,
      close: () => reader.close(),
    };
  },
  task: (c, context) => pushFromHost(c, context.config.BURST, context),
});

/** Where the IP header is: after an Ethernet header and its VLAN tags, or at the start of raw IP. */
function ipOffset(data: Uint8Array, linkType: number): number | undefined {
  let at = 0;
  if (linkType === 1) {
    let type = ((data[12] ?? 0) << 8) | (data[13] ?? 0);
    at = 14;
    while (type === 0x8100 || type === 0x88a8) {
      type = ((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0);
      at += 4;
    }
    if (type !== 0x0800) return undefined;
  }
  return at + 20 <= data.length && (data[at] ?? 0) >> 4 === 4 ? at : undefined;
}

/** An IP packet with its headers marked and its destination annotated. */
function ipFrame(frame: Uint8Array, timestampNs: bigint): HostFrame {
  return {
    frame,
    timestampNs,
    network: 0,
    transport: ((frame[0] ?? 0) & 15) * 4,
    annotate(annotations) {
      for (let i = 0; i < 4; i++) annotations.setUint8(annotation.dstIp + i, frame[16 + i] ?? 0);
    },
  };
}
