/**
 * Transmission in its plain case by WebAssembly, where the ring is in the process's memory for frames and frames leave at once. What is
 * out of the ordinary is left to TypeScript. Budget: 4 ns a frame; the benchmark `path` guards it.
 */
import type { ModuleBuilder } from "@clickos/codegen";
import { batchSize, FrameBatch, type FrameMemory, packetCode } from "@clickos/vale";
import { countBatch } from "./frame-counts.ts";
import * as R from "./registers.ts";
import { type MakePlainTransmit, plainTransmit } from "./transmit-plain.ts";

/** Frames in the low bits of the result; the next one says whether any descriptor asks to be reported; above are their bytes. */
const framesBits = 9;
const reportBit = 1 << framesBits;
const bytesShift = framesBits + 1;

/** Of a command, what says whether a descriptor is a legacy one with a whole frame and nothing to put in. */
const kind = R.TX_CMD_EOP | R.TX_CMD_DEXT | R.TX_CMD_VLE | R.TX_CMD_IC;

/**
 * Looks at descriptors from `head` on, `count` at most: writes where frames are and how long, and reports those that ask for it. Stops
 * at one that is not plain, or whose address has another high half.
 */
type Scan = (
  ring: number,
  mask: number,
  head: number,
  count: number,
  size: number,
  upper: number,
  least: number,
  offsets: number,
  lengths: number,
) => number;

function build(m: ModuleBuilder): void {
  const params = {
    ring: "i32",
    mask: "i32",
    head: "i32",
    count: "i32",
    size: "i32",
    upper: "i32",
    least: "i32",
    offsets: "i32",
    lengths: "i32",
  } as const;
  m.export(
    "scan",
    m.func("scan", params, "i32", (c, p) => {
      const n = c.var("i32", 0, "n");
      const bytes = c.var("i32", 0, "bytes");
      const reports = c.var("i32", 0, "reports");
      c.loop(() => {
        c.if(n.get().geU(p.count), () => c.break());
        const d = p.head.add(n.get()).and(p.mask).mul(R.descriptorSize).add(p.ring);
        const command = c.load32(d, R.descriptorFields.length);
        const address = c.load32(d);
        const length = command.and(0xffff);
        const good = command
          .and(kind)
          .eq(R.TX_CMD_EOP)
          .and(length.geU(p.least))
          .and(length.leU(R.MFS_MAXIMUM))
          .and(address.leU(p.size.sub(length)))
          .and(c.load32(d, R.descriptorFields.upper).eq(p.upper));
        c.if(good.eqz(), () => c.break());
        const at = n.get().shl(2);
        c.store32(at.add(p.offsets), address);
        c.store32(at.add(p.lengths), length);
        c.if(command.and(R.TX_CMD_RS), () => {
          c.store32(d, R.TX_DD, R.descriptorFields.status);
          reports.set(reportBit);
        });
        bytes.set(bytes.get().add(length));
        n.inc();
      });
      return bytes.get().shl(bytesShift).or(reports.get()).or(n.get());
    }),
  );
}

const scanCode = packetCode<{ readonly scan: Scan }>("82599 transmit", build);

export const transmitByCode: MakePlainTransmit = (ring, counts, leaves) => {
  const plain = plainTransmit(ring, counts, leaves);
  const { region } = ring.memory;
  const own = new FrameBatch(ring.memory);
  if (!region || !own.inPacketMemory) return plain;
  const { scan } = scanCode(region.memory);
  let lent: FrameBatch | undefined;
  const batchOf = (memory: FrameMemory): FrameBatch => {
    if (memory === ring.memory) return own;
    if (lent?.memory !== memory) lent = new FrameBatch(memory, true);
    return lent;
  };
  return () => {
    const isPowerOfTwo = (ring.count & (ring.count - 1)) === 0;
    while (isPowerOfTwo && ring.line === undefined && ring.head !== ring.tail) {
      const waiting = (ring.tail - ring.head + ring.count) & (ring.count - 1);
      const first = ring.wordOf(ring.head);
      const memory = ring.memoryOf(first);
      if (!memory) break;
      const batch = batchOf(memory);
      const found = scan(
        region.at + ring.base,
        ring.count - 1,
        ring.head,
        waiting < batchSize ? waiting : batchSize,
        memory.bytes.length,
        ring.memory.words[first + 1] as number,
        // A frame has a byte at least.
        ring.least > 0 ? ring.least : 1,
        batch.offsets.byteOffset,
        batch.lengths.byteOffset,
      );
      const frames = found & (reportBit - 1);
      if (frames === 0) break;
      if ((found & reportBit) !== 0) ring.reported = true;
      ring.head = (ring.head + frames) & (ring.count - 1);
      countBatch(counts, batch, 0, frames, found >>> bytesShift);
      batch.count = frames;
      leaves(batch);
    }
    if (ring.head !== ring.tail) plain();
  };
};
