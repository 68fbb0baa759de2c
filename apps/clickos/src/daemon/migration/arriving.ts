/** A domain that comes from another daemon: its memory is collected while it runs there, and goes on here once it has stopped. */
import { type Image, loadImage } from "@clickos/click-image";
import { createSwitch } from "@clickos/vale";
import { type SavedVm, type Toolstack, ToolstackError, type Vm, type VmConfig } from "@clickos/xl-fast";
import { z } from "zod";
import { DaemonError } from "../daemon-error.ts";
import type { DomainMaker } from "../domain-maker.ts";
import type { DomainSettings } from "../domain-record.ts";
import type { DomainTable } from "../domain-table.ts";
import { domainSettings } from "../parameters.ts";
import { framesAtOnce, message, type Peer } from "./messages.ts";

const pageSize = 65536;
const frameSize = 4096;
/** Domains that may arrive at the same time. */
const mostArrivals = 8;

const helloShape = z.strictObject({
  settings: domainSettings,
  devices: z.array(z.int().min(0).max(99)).max(100),
  routers: z.array(z.int().min(0).max(63)).max(64),
  pages: z.int().min(1).max(16_384),
});
const stoppedShape = z.strictObject({ timeNs: z.string().regex(/^\d{1,19}$/) });

export interface ArrivalParts {
  readonly toolstack: Toolstack;
  readonly maker: DomainMaker;
  readonly table: DomainTable;
  /** Keeps a domain that is there. */
  adopt(vm: Vm, settings: DomainSettings): Promise<unknown>;
}

/** Frames of memory that came, each as it was the last time. */
class Memory {
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly known: Uint8Array;

  constructor(pages: number) {
    this.bytes = new Uint8Array(pages * pageSize);
    this.known = new Uint8Array(this.bytes.length / frameSize);
  }
  /** @throws {DaemonError} for what is no list of frames of this memory. */
  take(message: Uint8Array<ArrayBuffer>): void {
    const size = frameSize + 4;
    if (message.length % size !== 0 || message.length > framesAtOnce * size)
      throw new DaemonError("MIGRATION", `${message.length} bytes of frames`);
    const view = new DataView(message.buffer);
    for (let at = 0; at < message.length; at += size) {
      const frame = view.getUint32(at, true);
      if (frame >= this.known.length) throw new DaemonError("MIGRATION", `frame ${frame} of ${this.known.length}`);
      this.known[frame] = 1;
      this.bytes.set(message.subarray(at + 4, at + size), frame * frameSize);
    }
  }
  get frames(): { frame: number; bytes: Uint8Array }[] {
    const frames = [];
    for (let frame = 0; frame < this.known.length; frame++)
      if (this.known[frame] === 1)
        frames.push({ frame, bytes: this.bytes.subarray(frame * frameSize, (frame + 1) * frameSize) });
    return frames;
  }
}

function parsed<T>(shape: z.ZodType<T>, bytes: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (e) {
    throw new DaemonError("MIGRATION", `not JSON: ${(e as Error).message}`);
  }
  const read = shape.safeParse(value);
  if (!read.success) throw new DaemonError("MIGRATION", read.error.issues.map((i) => i.message).join("; "));
  return read.data;
}

export class Arrivals {
  private readonly at: ArrivalParts;
  private count = 0;

  constructor(parts: ArrivalParts) {
    this.at = parts;
  }

  /** Takes a domain from the other side of a connection, or tells it why not. */
  async take(peer: Peer): Promise<void> {
    this.count++;
    try {
      if (this.count > mostArrivals) throw new DaemonError("TOO_MANY", `${mostArrivals} domains arrive already`);
      await this.arrive(peer);
    } catch (e) {
      const { message: why, code } = e as { message: string; code?: unknown };
      await peer.sendJson(message.refused, { code, message: why }).catch(() => {});
    } finally {
      this.count--;
      peer.close();
    }
  }

  private async arrive(peer: Peer): Promise<void> {
    const { table, maker } = this.at;
    const hello = parsed(helloShape, (await peer.expect(message.hello)).bytes);
    const settings = hello.settings as DomainSettings;
    await table.naming(settings.name, async () => {
      // Whether its switches are here.
      maker.configOf(settings);
      const vm = await this.collect(peer, hello, settings);
      try {
        await peer.send(message.prepared);
        await peer.expect(message.go);
      } catch (e) {
        // It goes on where it was.
        this.at.toolstack.destroy(settings.name);
        throw e;
      }
      if (!settings.paused) vm.domain.unpause();
      await peer.send(message.running).catch(() => {});
      await this.takeHeld(peer, vm).catch(() => {});
      await this.at.adopt(vm, settings);
      await peer.send(message.kept).catch(() => {});
    });
  }

  /** Its images, then its memory, until it stands still: a VM that does so here. */
  private async collect(peer: Peer, hello: z.infer<typeof helloShape>, settings: DomainSettings): Promise<Vm> {
    const { toolstack, maker } = this.at;
    const { pages, devices } = hello;
    const routers: { router: number; image: Image }[] = [];
    for (const router of hello.routers) {
      const image = await loadImage((await peer.expect(message.image)).bytes);
      if (image.manifest.router.pages > pages)
        throw new DaemonError("MIGRATION", `router ${router} needs more than the ${pages} pages that there are`);
      await toolstack.compile(image);
      routers.push({ router, image });
    }
    const memory = new Memory(pages);
    await peer.send(message.ready);
    const { name } = settings;
    const config = maker.configOf(settings);
    const savedAs = (as: string, timeNs: bigint): SavedVm => ({
      name: as,
      devices,
      routers,
      snapshot: { name: as, pages, timeNs, frames: memory.frames },
    });
    for (;;) {
      const { type, bytes } = await peer.receive();
      if (type === message.frames) memory.take(bytes);
      else if (type === message.rehearse) {
        await this.rehearse(savedAs(`.${name}`, 0n), config);
        await peer.send(message.ready);
      } else if (type === message.stopped) {
        const timeNs = BigInt(parsed(stoppedShape, bytes).timeNs);
        return toolstack.restore(savedAs(name, timeNs), { ...config, paused: true });
      } else throw new DaemonError("MIGRATION", `a message of type ${type}`);
    }
  }
  /**
   * Makes it once while it still runs at the other side, at switches of its own, and ends it: by then the engine has made machine code
   * of what is done while it stands still. What was read of its memory may make no sense; it does not run.
   */
  private async rehearse(saved: SavedVm, config: Omit<VmConfig, "image">): Promise<void> {
    const { toolstack } = this.at;
    const vif = config.vif?.map((one) => ({ ...one, bridge: createSwitch() })) ?? [];
    try {
      await toolstack.restore(saved, { ...config, name: saved.name, vif, paused: true });
      toolstack.destroy(saved.name);
    } catch (e) {
      if (!(e instanceof ToolstackError)) throw e;
    }
  }

  /** Frames that came for it at the other side meanwhile. */
  private async takeHeld(peer: Peer, vm: Vm): Promise<void> {
    for (let next = await peer.receive(); next.type !== message.done; next = await peer.receive()) {
      if (next.type !== message.held || next.bytes.length < 1)
        throw new DaemonError("MIGRATION", `a message of type ${next.type}`);
      const port = vm.interfaces.find(({ device }) => device === next.bytes[0])?.port;
      vm.vifs.find(({ name }) => name === port)?.put({ sent: [], unread: [next.bytes.slice(1)] });
    }
  }
}
