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
  live,
  required,
} from "@clickos/click-core/element";
import { u32, u64 } from "@clickos/layout";
import { linkTypeEthernet } from "@clickos/pcap";
import { openCapture } from "@clickos/pcap/node";
import { ethernet, etherTypes, readTags } from "@clickos/wire/ethernet";
import { ipv4 } from "@clickos/wire/ipv4";
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
    ACTIVE: keyword(live(arg.bool), true),
    FORCE_IP: keyword(arg.bool, false),
    BURST: keyword(arg.u32, 32),
    TIMING: keyword(arg.bool, false),
  },
  prepare({ config, error }) {
    if (config.TIMING) error("TIMING is not supported: packets come as fast as they are taken");
  },
  state: { count: u64, ended: u32 },
  handlers: {
    count: { counter: "count" },
    filename: { constant: ({ config }) => config.FILENAME },
    encap: { constant: ({ config }) => (config.FORCE_IP ? "IP" : "ETHER") },
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
  if (linkType === linkTypeEthernet) {
    const frame = ethernet.read(data);
    const tagged = frame.ok ? readTags(frame.header) : frame;
    if (!tagged.ok || tagged.header.etherType !== etherTypes.ip) return undefined;
    at = data.length - tagged.header.payload.length;
  }
  const ip = ipv4.read(data, at);
  return ip.ok || ip.problem.kind === "bad header length" ? at : undefined;
}

/** An IP packet with its headers marked and its destination annotated. */
function ipFrame(frame: Uint8Array, timestampNs: bigint): HostFrame {
  const { headerLength, destination } = ipv4.view(frame);
  return {
    frame,
    timestampNs,
    mac: 0,
    network: 0,
    transport: headerLength,
    annotate: (annotations) => annotations.setUint32(annotation.dstIp, destination),
  };
}
