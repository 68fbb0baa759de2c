/**
 * The far end of a NIC's wire: a capture that is played into the NIC, and one that records what leaves it.
 * The wire waits when the NIC has no descriptor, so playing loses nothing.
 */
import type { Ixgbe, WireEnd } from "@clickos/ixgbe-model";
import { CapturePlayer } from "@clickos/netdev";
import { type CaptureReader, linkTypeEthernet } from "@clickos/pcap";
import { type CaptureWriter, createCapture, openCapture } from "@clickos/pcap/node";
import { type FrameBatch, maximumMtu } from "@clickos/vale";
import { arrival } from "./captured-input.ts";
import { CommandError } from "./failure.ts";

function checkLinkType({ name, linkType }: CaptureReader): void {
  if (linkType !== linkTypeEthernet) throw new CommandError(`${name}: link type ${linkType} is not Ethernet`);
}

export class CaptureWire implements WireEnd {
  readonly player: CapturePlayer | undefined;
  readonly recorder: CaptureWriter | undefined;
  /** Frames and bytes that left the NIC. */
  packets = 0;
  bytes = 0;
  private offered = 0;
  private readonly clock: () => bigint;

  /** `clock` stamps recorded frames. @throws {CaptureError} @throws {CommandError} */
  constructor(input: string | undefined, output: string | undefined, clock: () => bigint) {
    this.clock = clock;
    if (input !== undefined) {
      const reader = openCapture(input);
      checkLinkType(reader);
      // The NIC says what is too long for it.
      this.player = new CapturePlayer(reader, { mtu: maximumMtu });
    }
    if (output !== undefined) this.recorder = createCapture(output, { nanoseconds: true });
  }

  /** Whether everything has been played. */
  get done(): boolean {
    const { player } = this;
    return !player || (player.done && this.offered >= player.batch.count);
  }

  /** Whether there is nothing to play until a pipe has more. */
  get waits(): boolean {
    return !this.done && this.nextTime === undefined;
  }

  /** When the next frame arrives: its time in the capture. `undefined` at the end, and where a pipe has none yet. */
  get nextTime(): bigint | undefined {
    const { player } = this;
    // Frames that the NIC had no room for are late.
    return player && this.offered < player.batch.count ? player.timestampNs : player?.nextTime;
  }

  /** Resolves when it is known when the first frame arrives, or that there is none, or the signal is given. */
  async arrived(signal: AbortSignal | undefined): Promise<void> {
    const { player } = this;
    while (player && player.nextTime === undefined && !player.reader.ended && !signal?.aborted)
      await arrival(player.reader, signal);
  }

  /** Lets up to `limit` frames arrive at the NIC, those whose time is no later than `until`; how many did. */
  play(nic: Ixgbe, limit: number, until?: bigint): number {
    const { player } = this;
    if (!player || this.done) return 0;
    if (this.offered >= player.batch.count) {
      this.offered = 0;
      if (player.fill(limit, until) === 0) return 0;
      // A pipe's is known with its first frames.
      checkLinkType(player.reader);
    }
    const taken = nic.arrive(player.batch, this.offered);
    this.offered += taken;
    return taken;
  }

  /** Calls back when a pipe has more frames to play, or has ended. @returns ends it. */
  onReady(listener: () => void): () => void {
    return this.player?.reader.onReady(listener) ?? (() => {});
  }

  receive(batch: FrameBatch): void {
    const now = this.clock();
    for (let i = 0; i < batch.count; i++) {
      const at = batch.offsets[i] as number;
      const length = batch.lengths[i] as number;
      this.packets++;
      this.bytes += length;
      this.recorder?.write(batch.memory.bytes.subarray(at, at + length), now);
    }
  }

  /** Closes the captures. @throws {CaptureError} */
  close(): void {
    this.player?.reader.close();
    this.recorder?.close();
  }
}
