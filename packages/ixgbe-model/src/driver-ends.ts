/**
 * The driver's descriptor rings for code that moves frames: descriptors whose frame is in one buffer, each of which has its place in
 * a row.
 */
import type { I32 } from "@clickos/codegen";
import type { EndContext, SinkKind, SourceKind } from "@clickos/vale";
import { windowUpper } from "./dma-window.ts";
import * as R from "./registers.ts";

/** Descriptors of each ring. */
export const ringDescriptors = 512;
export const bufferSize = 2048;
/** Buffers stand a cache line more apart than their size, or all would compete for the same few cache sets. */
export const bufferStride: number = bufferSize + 64;

/** Of a received frame in one buffer. */
export const whole: number = R.RX_DD | R.RX_EOP;
/** Of a frame's last descriptor: the hardware tells when it is done. */
export const lastOfFrame: number = R.TX_CMD_EOP | R.TX_CMD_IFCS | R.TX_CMD_RS;

/** Where the ring is, and the first buffer; and the buffer's address as the hardware knows it. */
const places: readonly string[] = ["ring", "buffers", "dma"];

export const receiveRing: SourceKind = {
  name: "82599 receive",
  places,
  slots: ringDescriptors,
  frame({ memory, place }, slot) {
    const d = slot.mul(R.descriptorSize).add(place("ring"));
    return {
      address: slot.mul(bufferStride).add(place("buffers")),
      length: memory.load32(d, R.descriptorFields.length).and(0xffff),
      good: memory.load32(d, R.descriptorFields.status).and(whole).eq(whole),
    };
  },
  release({ memory, place }, slot) {
    const d = slot.mul(R.descriptorSize).add(place("ring"));
    memory.store32(d, slot.mul(bufferStride).add(place("dma")));
    memory.store32(d, 0, R.descriptorFields.status);
  },
};

export const transmitRing: SinkKind = {
  name: "82599 transmit",
  places,
  slots: ringDescriptors,
  room: ({ c, place }, slot) => ({ address: slot.mul(bufferStride).add(place("buffers")), good: c.i32(1) }),
  fill({ memory, place }, slot, _address, length) {
    const d = slot.mul(R.descriptorSize).add(place("ring"));
    memory.store32(d, slot.mul(bufferStride).add(place("dma")));
    memory.store32(d, 0, R.descriptorFields.upper);
    memory.store32(d, length.or(lastOfFrame), R.descriptorFields.length);
    memory.store32(d, 0, R.descriptorFields.status);
  },
};

/** Where the ring is, and the first byte of the window that its buffers are in. */
const windowPlaces: readonly string[] = ["ring", "window"];
const descriptorOf = ({ place }: EndContext, slot: I32): I32 => slot.mul(R.descriptorSize).add(place("ring"));

/** Descriptors that get buffers of the window to be filled. */
export const lentReceiveRing: SinkKind = {
  name: "82599 receive from window",
  places: windowPlaces,
  slots: ringDescriptors,
  byAddress: true,
  room: ({ c }) => ({ address: c.i32(0), good: c.i32(1) }),
  fill(context, slot, address) {
    const { memory, place } = context;
    const d = descriptorOf(context, slot);
    memory.store32(d, address.sub(place("window")));
    memory.store32(d, windowUpper, R.descriptorFields.upper);
    memory.store32(d, 0, R.descriptorFields.status);
  },
};

/** Those of them that were filled. */
export const filledRing: SourceKind = {
  name: "82599 received in window",
  places: windowPlaces,
  slots: ringDescriptors,
  frame(context, slot) {
    const { memory, place } = context;
    const d = descriptorOf(context, slot);
    return {
      address: memory.load32(d).add(place("window")),
      length: memory.load32(d, R.descriptorFields.length).and(0xffff),
      good: memory.load32(d, R.descriptorFields.status).and(whole).eq(whole),
    };
  },
};

/** Descriptors that send frames out of the window. */
export const lentTransmitRing: SinkKind = {
  name: "82599 transmit from window",
  places: windowPlaces,
  slots: ringDescriptors,
  byAddress: true,
  room: ({ c }) => ({ address: c.i32(0), good: c.i32(1) }),
  fill(context, slot, address, length) {
    const { memory, place } = context;
    const d = descriptorOf(context, slot);
    memory.store32(d, address.sub(place("window")));
    memory.store32(d, windowUpper, R.descriptorFields.upper);
    memory.store32(d, length.or(lastOfFrame), R.descriptorFields.length);
    memory.store32(d, 0, R.descriptorFields.status);
  },
};
