/** A VM that goes elsewhere while it runs: its memory is told in rounds, what has changed since the one before, until it stops. */
import type { Image } from "@clickos/click-image";
import type { Domain } from "@clickos/hypervisor";
import { ChangedFrames, type Equal } from "./changed-frames.ts";
import { ToolstackError } from "./error.ts";
import type { HeldForDevice, VmVifs } from "./vm-vifs.ts";

export interface Departure {
  readonly name: string;
  readonly devices: readonly number[];
  readonly routers: readonly { readonly router: number; readonly image: Image }[];
  /** 64 KiB pages of its memory. */
  readonly pages: number;
  /**
   * Visits frames of its memory that have changed since the last round; all that hold anything in the first. Their bytes stay until
   * the next round. How many there are. @throws {ToolstackError} NOT_RUNNING
   */
  round(each: (frame: number, bytes: Uint8Array<ArrayBuffer>) => void): number;
  /**
   * Has it stand still, and the ports of its interfaces keep what comes for them; its time. What has changed until then is for one
   * more round. @throws {ToolstackError} NOT_RUNNING, when other routers run by now
   */
  stop(): Promise<bigint>;
  /** Takes its interfaces from their switches: the frames that have come since it stopped. */
  leave(): readonly HeldForDevice[];
  /** Has it go on here, with what came for it; or stand still, if it is to stay `paused`. */
  goOn(options?: { readonly paused?: boolean }): void;
}

export interface DepartureParts {
  readonly name: string;
  readonly domain: Domain;
  readonly devices: readonly number[];
  readonly vifs: VmVifs;
  readonly equal?: Equal | undefined;
  /** The routers that run. */
  routers(): Departure["routers"];
}

const pageSize = 65536;

export function departureOf({ name, domain, devices, vifs, equal, routers }: DepartureParts): Departure {
  const { memory } = domain;
  const leaving = routers();
  const frames = new ChangedFrames(memory.buffer, equal);
  let stopped = false;
  let running = domain.state === "running";
  const check = (): void => {
    if (domain.state !== "running" && domain.state !== "paused")
      throw new ToolstackError("NOT_RUNNING", `'${name}' is ${domain.state}: there is nothing left that could go`);
  };
  return {
    name,
    devices,
    routers: leaving,
    pages: memory.buffer.byteLength / pageSize,
    round(each) {
      check();
      return frames.visit(each);
    },
    async stop() {
      check();
      running = domain.state === "running";
      await domain.pause();
      check();
      const now = routers();
      if (now.length !== leaving.length || now.some(({ image }, i) => image !== leaving[i]?.image)) {
        if (running) domain.unpause();
        throw new ToolstackError("NOT_RUNNING", `routers of '${name}' were started, replaced or stopped meanwhile`);
      }
      vifs.hold();
      stopped = true;
      return domain.now();
    },
    leave() {
      vifs.closeHeld();
      return vifs.held;
    },
    goOn({ paused = !running } = {}) {
      if (!stopped || (domain.state !== "running" && domain.state !== "paused")) return;
      stopped = false;
      vifs.release(leaving.flatMap(({ image }) => image.manifest.vifs));
      if (!paused) domain.unpause();
    },
  };
}
