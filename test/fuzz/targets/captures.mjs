/** Captures in both formats: record headers and blocks with lengths, types and options that are off. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCapture } from "@clickos/pcap/node";
import { edges } from "../../hostile/random.mjs";
import { concat, mutateBytes } from "../mutate.mjs";

/** Where files are written to memory, if there is such a place: nothing of them is to stay. */
const memory = "/dev/shm";
const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "capture");

function words(little, ...list) {
  const out = new Uint8Array(list.length * 4);
  const view = new DataView(out.buffer);
  for (const [i, word] of list.entries()) view.setUint32(i * 4, word, little);
  return out;
}

function pcap(r) {
  const little = !r.once(3);
  const parts = [
    words(little, r.pick([0xa1b2c3d4, 0xa1b23c4d]), 0x00040002, 0, 0, 65535, r.once(5) ? r.pick(edges) : 1),
  ];
  for (let n = r.below(6); n > 0; n--) {
    const length = r.below(80);
    const claimed = r.once(6) ? r.pick(edges) : length;
    parts.push(words(little, r.pick(edges), r.pick(edges), claimed, r.pick(edges)), new Uint8Array(length));
  }
  return concat(...parts);
}

function block(r, little, type, body) {
  const padded = new Uint8Array(Math.ceil(body.length / 4) * 4);
  padded.set(body);
  const length = r.once(10) ? r.pick(edges) : padded.length + 12;
  return concat(words(little, type, length), padded, words(little, r.once(15) ? r.pick(edges) : length));
}

function option(little, code, bytes) {
  const out = new Uint8Array(4 + Math.ceil(bytes.length / 4) * 4);
  new DataView(out.buffer).setUint16(0, code, little);
  new DataView(out.buffer).setUint16(2, bytes.length, little);
  out.set(bytes, 4);
  return out;
}

function pcapng(r) {
  const little = !r.once(3);
  const parts = [block(r, little, 0x0a0d0d0a, words(little, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff))];
  for (let n = r.below(8); n > 0; n--) {
    const data = new Uint8Array(r.below(60));
    const kind = r.below(5);
    if (kind === 0)
      parts.push(
        block(
          r,
          little,
          1,
          concat(
            words(little, 1, r.pick(edges)),
            option(
              little,
              r.pick([9, 9, 2, 0, 65535]),
              Uint8Array.from({ length: r.below(4) }, () => r.below(256)),
            ),
          ),
        ),
      );
    else if (kind < 3)
      parts.push(
        block(
          r,
          little,
          6,
          concat(
            words(little, r.below(3), r.pick(edges), r.pick(edges), r.once(4) ? r.pick(edges) : data.length, 60),
            data,
          ),
        ),
      );
    else if (kind === 3) parts.push(block(r, little, 3, concat(words(little, r.pick(edges)), data)));
    else parts.push(block(r, little, r.pick([2, 4, 5, 0x0a0d0d0a, ...edges]), data));
  }
  return concat(...parts);
}

const enough = { below: () => 4, pick: (list) => list[0], once: () => false };

export const target = {
  name: "captures",
  errors: ["CaptureError"],
  seeds: () => [
    pcap(enough),
    // An interface, and a packet of it.
    concat(
      block(enough, true, 0x0a0d0d0a, words(true, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff)),
      block(enough, true, 1, concat(words(true, 1, 65535), option(true, 9, [6]), words(true, 0))),
      block(enough, true, 6, concat(words(true, 0, 1, 2, 60, 60), new Uint8Array(60))),
      block(enough, true, 3, concat(words(true, 60), new Uint8Array(60))),
    ),
  ],
  generate: (r) => (r.once(2) ? pcap(r) : pcapng(r)),
  mutate: mutateBytes,
  run(input) {
    writeFileSync(file, input);
    const reader = openCapture(file);
    try {
      let frames = 0;
      for (let frame = reader.next(); frame; frame = reader.next()) {
        frames++;
        if (frame.data.length > input.length) throw new Error("a frame longer than its file");
        if (typeof frame.timestampNs !== "bigint" || !(frame.originalLength >= 0))
          throw new Error("an impossible frame");
      }
      if (!reader.ended) throw new Error("a file that does not end");
      return reader.problem ? "stopped at a problem" : frames > 0 ? "frames" : "no frames";
    } finally {
      reader.close();
    }
  },
};
