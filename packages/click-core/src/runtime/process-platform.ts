/** What routers in process are compiled for. */
import type { Platform } from "../compile/platform.ts";
import { type DeviceRings, stageDeviceRings } from "./device-ring.ts";
import type { RouterOptions } from "./router-options.ts";

/** Packet buffers beyond those that queues are known to hold: 128 MiB, which cost nothing until they are used. */
const processBuffers = 65_536;

/** Its devices are put into `rings` as they are met. */
export function processPlatform(rings: Map<number, DeviceRings>, options: RouterOptions): Platform {
  return {
    memoryImport: ["click", "memory"],
    base: 64,
    buffers: options.buffers ?? processBuffers,
    buffersPerDevice: 0,
    fewerBuffers: true,
    heapBytes: 256 << 20,
    heapAlways: true,
    maximumPages: 16384,
    services: options.services ?? true,
    exactTasks: true,
    exactClock: options.simulation !== undefined,
    device: (context, number) => stageDeviceRings(context, number, rings),
    chatter(c, address, length) {
      c.call(c.module.import("click", "chatter", { address: "i32", length: "i32" }, undefined), address, length);
    },
    finish(module, functions) {
      for (const [name, part] of Object.entries(functions.parts)) module.export(name, part);
    },
  };
}
