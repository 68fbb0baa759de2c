/** Recordings of routers for clients: each ends with its client, with its router, and with the daemon. */
import { Recorder, type RecorderOptions } from "@clickos/click-core/compile";
import { type Recording, ToolstackError, type Vm } from "@clickos/xl-fast";

/** How often what was recorded is read. */
const readMs = 5;
const fewestRecords = 16;

export interface Listener {
  begun?(recording: Recording): void;
  /** What came since the last call, each time: mostly nothing. `true` when no more is wanted. */
  records(found: ReturnType<Recording["read"]>): boolean;
  /** The router is as it was; with a reason, because of something else than that. Not called where the client has gone. */
  ended(why?: string): void;
}

export class RecordingStreams {
  private readonly open = new Set<{ stop(): void; readonly done: Promise<void> }>();

  /** Begins; what it returns ends it. */
  start(vm: Vm, router: number, options: RecorderOptions, listener: Listener): () => void {
    const stopped = new AbortController();
    const mine = { stop: () => stopped.abort(), done: this.run(vm, router, options, listener, stopped.signal) };
    this.open.add(mine);
    void mine.done.finally(() => this.open.delete(mine));
    return mine.stop;
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const all = [...this.open];
    for (const each of all) each.stop();
    await Promise.all(all.map(({ done }) => done));
  }

  private async run(
    vm: Vm,
    router: number,
    options: RecorderOptions,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const recording = await record(vm, router, options);
      let why: string | undefined;
      try {
        if (!signal.aborted) listener.begun?.(recording);
        while (!signal.aborted) {
          const { over } = recording;
          if (listener.records(recording.read())) break;
          why = over;
          if (why !== undefined) break;
          await wait(readMs, signal);
        }
      } finally {
        await recording.stop();
      }
      if (!signal.aborted) listener.ended(why);
    } catch (e) {
      if (!signal.aborted) listener.ended((e as Error).message);
    }
  }
}

/** With as many records as there is room for: small domains have little. @throws {ToolstackError} */
async function record(vm: Vm, router: number, options: RecorderOptions): Promise<Recording> {
  try {
    return await vm.record(router, new Recorder(options));
  } catch (e) {
    const records = options.records / 4;
    if (!(e instanceof ToolstackError && e.code === "NO_ROOM" && records >= fewestRecords)) throw e;
    return record(vm, router, { ...options, records });
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
