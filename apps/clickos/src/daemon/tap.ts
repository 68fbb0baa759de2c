/** A tap on a port of a switch: a mirror port, whose frames go to a client. */
import type { StreamParams, TappedFrame } from "@clickos/client";
import type { Port, ValeSwitch } from "@clickos/vale";
import { DaemonError } from "./daemon-error.ts";

/** Bytes of frames that wait to be told; what comes while there are so many is lost, and counted. */
const mostBytes = 1024 * 1024;
/** How long frames wait for others to go with them. */
const gatherMs = 20;

type Told = { frames: TappedFrame[]; lost: number };

let taps = 0;

/** Begins; what it returns ends it. @throws {DaemonError} `NO_PORT` */
export function tapPort(
  bridge: ValeSwitch,
  { port, direction = "both", snapLength = 65535, switch: name }: StreamParams<"port.tap">,
  sink: { item(item: Told): void },
): () => void {
  const { ports } = bridge.stats;
  if (!ports[port])
    throw new DaemonError(
      "NO_PORT",
      `switch '${name}' has no port '${port}'; it has ${Object.keys(ports).join(", ") || "none"}`,
    );
  let waiting: TappedFrame[] = [];
  let bytes = 0;
  let lost = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = (): void => {
    timer = undefined;
    sink.item({ frames: waiting, lost });
    waiting = [];
    bytes = 0;
    lost = 0;
  };
  const mirror: Port = {
    name: `.tap${taps++}`,
    poll: () => null,
    release() {},
    deliver(batch, list, count) {
      const timeNs = String(BigInt(Date.now()) * 1_000_000n);
      for (let k = 0; k < count; k++) {
        const i = list[k] as number;
        const [at, length] = [batch.offsets[i] as number, batch.lengths[i] as number];
        const kept = Math.min(length, snapLength);
        if (bytes + kept > mostBytes) lost++;
        else {
          bytes += kept;
          // Out of memory that is shared with others, which base64 is not made from.
          const data = Buffer.from(batch.memory.bytes.slice(at, at + kept)).toString("base64");
          waiting.push({ timeNs, length, data });
        }
      }
      timer ??= setTimeout(tell, gatherMs);
      return count;
    },
    flush() {},
    onReady: () => () => {},
  };
  bridge.attach(mirror, {
    mirror: {
      ...(direction === "out" ? {} : { entering: [port] }),
      ...(direction === "in" ? {} : { leaving: [port] }),
    },
  });
  return () => {
    clearTimeout(timer);
    bridge.detach(mirror);
  };
}
