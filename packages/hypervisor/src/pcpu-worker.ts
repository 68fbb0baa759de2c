/** The entry point of a pCPU's thread. */
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { SharedClock } from "@clickos/run-loop";
import { pcpuLoop } from "./pcpu-loop.ts";
import type { ToPcpu } from "./thread.ts";

const { index, machine, startedAt, port, spinUs, time } = workerData as {
  index: number;
  machine: SharedArrayBuffer;
  startedAt: bigint;
  port: MessagePort;
  spinUs: number | undefined;
  time: SharedArrayBuffer | undefined;
};

const clock = time && new SharedClock(0n, time);

await pcpuLoop({
  index,
  machine,
  now: clock?.now ?? (() => process.hrtime.bigint() - startedAt),
  receive: () => receiveMessageOnPort(port)?.message as ToPcpu | undefined,
  post: (message) => port.postMessage(message),
  ...(spinUs === undefined ? {} : { spinUs }),
});
