/**
 * Buffers of a port that are lent to the NIC: its descriptors name them, so that frames are written to them as they arrive and read
 * from them as they leave. Code moves where frames are, from descriptors to slots and back.
 */
import { type FrameLender, FrameMemory, FrameMover, type FrameRegion, type Loan, type LoanSide } from "@clickos/vale";
import type { DmaWindow } from "./dma-window.ts";
import { bufferSize, filledRing, lentReceiveRing, lentTransmitRing, ringDescriptors } from "./driver-ends.ts";

const mask = ringDescriptors - 1;

/** The driver's rings as a loan uses them. */
export interface LentDescriptors {
  readonly region: FrameRegion;
  /** Where they begin in the driver's memory. */
  readonly rxRing: number;
  readonly txRing: number;
  /** Takes all receive descriptors from the hardware, or gives it all with the driver's own buffers. */
  restartReceive(own: boolean): void;
  /** Takes all transmit descriptors from the hardware. */
  restartTransmit(): void;
  setWindow(window: DmaWindow | undefined): void;
  /** Does what the NIC's clock is up to. */
  advance(): void;
  /** Whether the next receive descriptor that was given has a frame. */
  hasArrived(descriptor: number): boolean;
  /** Hardware may use receive descriptors up to here. */
  giveReceive(tail: number): void;
  /** The next transmit descriptor, and how many are free. */
  readonly txTail: number;
  txFree(): number;
  queued(descriptors: number): void;
  /** Has queued frames sent. */
  send(): void;
}

export function startLoan(rings: LentDescriptors, lender: FrameLender): Loan {
  const { region } = rings;
  const { memory, at, bytes } = lender;
  rings.setWindow({
    memory: new FrameMemory(memory.buffer, { at, bytes }),
    region: { memory, at },
    get closed() {
      return lender.closed;
    },
  });
  rings.restartReceive(false);
  let rxNext = 0;
  let rxTail = 0;
  const give = new FrameMover(lender.empty, {
    kind: lentReceiveRing,
    memory: region.memory,
    places: [region.at + rings.rxRing, at, 0, 0],
    frameLimit: bufferSize,
    get cursor() {
      return rxTail;
    },
    begin: () => (rxNext - rxTail - 1) & mask,
    done(descriptors) {
      if (descriptors === 0) return;
      rxTail = (rxTail + descriptors) & mask;
      rings.giveReceive(rxTail);
    },
  });
  const take = new FrameMover(
    {
      kind: filledRing,
      memory: region.memory,
      places: [region.at + rings.rxRing, at, 0, 0],
      frameLimit: bufferSize,
      get cursor() {
        return rxNext;
      },
      begin: () => (rxNext !== rxTail && rings.hasArrived(rxNext) ? (rxTail - rxNext) & mask : 0),
      done(frames) {
        rxNext = (rxNext + frames) & mask;
      },
    },
    lender.arrived,
  );
  const send = new FrameMover(lender.leaving, {
    kind: lentTransmitRing,
    memory: region.memory,
    places: [region.at + rings.txRing, at, 0, 0],
    frameLimit: bufferSize,
    get cursor() {
      return rings.txTail;
    },
    begin: () => rings.txFree(),
    done: (frames) => rings.queued(frames),
  });
  give.run(bufferSize);

  const arriving: LoanSide = {
    stopped: false,
    get bytes() {
      return take.bytes;
    },
    run(frameLimit) {
      rings.advance();
      const frames = take.run(frameLimit);
      give.run(bufferSize);
      return frames;
    },
  };
  const leaving: LoanSide = {
    get stopped() {
      return send.stopped;
    },
    get bytes() {
      return send.bytes;
    },
    run(frameLimit) {
      const frames = send.run(frameLimit);
      // Frames that were queued leave before what it stopped at.
      if (send.stopped) rings.send();
      return frames;
    },
  };
  return {
    arriving,
    leaving,
    end() {
      rings.send();
      rings.restartTransmit();
      rings.setWindow(undefined);
      rings.restartReceive(true);
      lender.end();
    },
  };
}
