/**
 * Recordings of packets' ways: a router is compiled again with a recorder in its wiring and put into the place of the one that runs,
 * live, and that one again when it is over. While nobody records there is nothing of it.
 */
import type { ElementSet, HandlerTree } from "@clickos/click-core";
import type { CheckedGraph, PacketRecord, Recorder } from "@clickos/click-core/compile";
import type { Image } from "@clickos/click-image";
import type { Domain } from "@clickos/hypervisor";
import { checkedGraph } from "./checked-graph.ts";
import { ToolstackError } from "./error.ts";
import type { Takeover } from "./interface.ts";
import type { VmRouter } from "./vm-router.ts";
import type { VmRouters } from "./vm-routers.ts";

/** A recording that goes on. */
export interface Recording {
  /** Of the router whose packets are recorded. */
  readonly image: Image;
  /** The elements of its configuration, by their numbers. */
  readonly graph: CheckedGraph;
  /** How the recording router came in. */
  readonly takeover: Takeover;
  /** Why it is over; `undefined` while it goes on. */
  readonly over: string | undefined;
  /** What was recorded since the last call, how many records were lost for want of room, and how many packets there have been. */
  read(): { readonly records: readonly PacketRecord[]; readonly lost: number; readonly followed: number };
  /** Ends it: the router is as it was. Once it is over that does nothing. */
  stop(): Promise<void>;
}

export interface RecordingParts {
  readonly domain: Domain;
  readonly routers: VmRouters;
  readonly elements: ElementSet;
  /** Does something with a router that runs after all that was asked for before; its handlers are those that come of it. */
  exchange<T extends { readonly handlers: HandlerTree }>(router: number, task: () => Promise<T>): Promise<T>;
}

/** The recordings of a VM: one of each router at a time. */
export class Recordings {
  private readonly at: RecordingParts;
  private readonly open = new Map<number, { readonly ends: boolean; end(why: string): Promise<void> }>();

  constructor(parts: RecordingParts) {
    this.at = parts;
  }

  get any(): boolean {
    return this.open.size > 0;
  }

  /** @throws {ToolstackError} NOT_RUNNING, RECORDED, NO_ROOM */
  async start(number: number, recorder: Recorder): Promise<Recording> {
    const { domain, routers, elements, exchange } = this.at;
    let over: string | undefined;
    let own: VmRouter | undefined;
    let ending: Promise<void> | undefined;
    const end = (why: string): Promise<void> => {
      over ??= why;
      ending ??= back();
      return ending;
    };
    const back = async (): Promise<void> => {
      try {
        if (domain.state === "destroyed") return;
        await exchange(number, async () => {
          const { running } = routers;
          const now = running.get(number) as VmRouter;
          if (own === undefined || now !== own) return { handlers: now };
          return { handlers: await routers.putBack(number) };
        });
      } catch (e) {
        // One that has ended meanwhile has nothing to go back to.
        if (!(e instanceof ToolstackError && e.code === "NOT_RUNNING")) throw e;
      } finally {
        this.open.delete(number);
      }
    };
    for (let other = this.open.get(number); other?.ends; other = this.open.get(number)) await other.end("");
    if (this.open.has(number))
      throw new ToolstackError("RECORDED", `packets of router ${number} of '${domain.name}' are recorded already`);
    const mine = {
      end,
      get ends() {
        return over !== undefined;
      },
    };
    this.open.set(number, mine);
    let takeover: Takeover;
    try {
      ({ takeover } = await exchange(number, async () => {
        if (over !== undefined) throw new ToolstackError("NOT_RUNNING", over);
        const former = routers.running.get(number) as VmRouter;
        const { name, config } = former.image.manifest;
        const image = await routers.link(name, config.file, config.text, former, recorder);
        const { router, ...takeover } = await routers.replace(number, image, former.image);
        router.watchAs(former);
        own = router;
        return { handlers: router, takeover };
      }));
    } catch (e) {
      if (this.open.get(number) === mine) this.open.delete(number);
      throw e;
    }
    const { lasting: image } = own as unknown as VmRouter;
    const look = (): string | undefined => {
      if (domain.state !== "running" && domain.state !== "paused") return `'${domain.name}' is ${domain.state}`;
      return routers.running.get(number) === own
        ? undefined
        : `router ${number} of '${domain.name}' was replaced or stopped`;
    };
    const graph = checkedGraph(image, elements);
    return {
      image,
      graph,
      takeover,
      get over() {
        const found = over ?? look();
        // One that is over by itself has nothing to put back.
        if (found !== undefined) end(found).catch(() => {});
        return found;
      },
      read: () => (look() === undefined ? recorder.read(domain.memory) : { records: [], lost: 0, followed: 0 }),
      stop: () => end("it was stopped"),
    };
  }

  /** Ends all of them: each router is as it was. */
  async end(why: string): Promise<void> {
    await Promise.all([...this.open.values()].map((each) => each.end(why)));
  }
}
