/** A line that stands for several packets: they share its length, and are as far apart as its times are. */
import { annotation, annotationBytes, type HostFrame } from "@clickos/click-core/element";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { timeShare } from "../lib/time.ts";

interface Words {
  extraPackets: number;
  extraLength: number;
  first: bigint;
}

/** A packet's annotations, to be changed. */
function annotationsOf(frame: HostFrame): DataView {
  const annotations = new DataView(new ArrayBuffer(annotationBytes));
  frame.annotate?.(annotations);
  return annotations;
}

function wordsOf(annotations: DataView): Words {
  return {
    extraPackets: annotations.getUint32(annotation.extraPackets, true),
    extraLength: annotations.getUint32(annotation.extraLength, true),
    first: annotations.getBigUint64(annotation.firstTimestamp, true),
  };
}

function packet(frame: HostFrame, timestampNs: bigint, extraPackets: number, extraLength: number): HostFrame {
  const annotations = annotationsOf(frame);
  annotations.setUint32(annotation.extraPackets, extraPackets, true);
  annotations.setUint32(annotation.extraLength, extraLength >>> 0, true);
  return {
    ...frame,
    timestampNs,
    annotate(to) {
      for (let i = 0; i < annotationBytes; i++) to.setUint8(i, annotations.getUint8(i));
    },
  };
}

/** The packet with the lengths of its headers those of the whole. */
function sized(frame: HostFrame, extraLength: number): HostFrame {
  const { network = -1 } = frame;
  if (network < 0) return frame;
  const bytes = frame.frame.slice();
  const ip = ipv4.view(bytes, network);
  const length = (bytes.length + extraLength) & ipv4.fields.totalLength.mask;
  if (ip.totalLength === length) return frame;
  ip.totalLength = length;
  const header = ip.ihl * ipv4.table.headerLength.unit;
  if (ip.protocol === ipProtocols.udp && network + header + udp.size <= bytes.length)
    udp.view(bytes, network + header).length = (length - header) & udp.fields.length.mask;
  return { ...frame, frame: bytes };
}

export class SeveralPackets {
  /** The packet that stands for those that are left. */
  waiting: HostFrame | undefined;
  private length = 0;
  private step = 0n;
  private last = 0n;

  /** Takes a packet out of one that stands for several. */
  take(frame: HostFrame): HostFrame {
    const words = wordsOf(annotationsOf(frame));
    let { extraLength } = words;
    const count = 1 + words.extraPackets;
    if (count === 1) {
      this.waiting = undefined;
      return frame;
    }
    let from = frame;
    if (!this.waiting) {
      this.length = Math.floor(((frame.frame.length + extraLength) >>> 0) / count);
      // Each has its headers.
      if (this.length < frame.frame.length) {
        this.length = frame.frame.length;
        extraLength = (this.length * (count - 1)) >>> 0;
      }
      this.last = frame.timestampNs;
      this.step = words.first === 0n ? 0n : timeShare(frame.timestampNs - words.first, count - 1);
      from = { ...frame, timestampNs: words.first === 0n ? frame.timestampNs : words.first };
      from = sized(from, this.length - frame.frame.length);
    }
    const one = packet(from, from.timestampNs, 0, this.length - from.frame.length);
    const left = (extraLength - this.length) >>> 0;
    this.waiting = packet(
      count === 2 ? sized(from, left) : from,
      count === 2 ? this.last : from.timestampNs + this.step,
      count - 2,
      left,
    );
    return one;
  }
}
