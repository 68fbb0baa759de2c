/**
 * Xen as an image for it sees it, in TypeScript: the staged kernel and router run as WebAssembly over it, hypercall by hypercall. Pages are
 * not moved: those that the kernel wants mapped are where it wants them. The machine's frames have other numbers than the guest's.
 */
import type { ElementSet } from "@clickos/click-core/element";
import { wasmBackend } from "@clickos/codegen";
import { domainFrames, EVTCHNOP, SCHEDOP, shutdownReasons, startInfo } from "@clickos/hypervisor";
import { createXenStore, serveRing, type XenStore } from "@clickos/xenstore";
import * as abi from "../../minios/src/xen/abi.ts";
import { controlTable } from "../../minios/src/xen/control-table.ts";
import { compileForXen } from "../src/xen-image.ts";

const frameSize = 4096;
/** What the machine's number of a frame has more than the guest's. */
const elsewhere = 0x10000;
/** Pages of 64 KiB behind the guest's memory: start info and the list of frames; the control table. */
const extraPages = 3;
/** A guest that has run as often as this, and nobody did anything meanwhile, would go on for ever. */
const mostSlices = 10_000;
export const home = "/local/domain/1";
export const back = "/local/domain/0/backend/vif/1";

/** How a guest ended. */
export class Shutdown extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(`shut down: ${reason}`);
    this.reason = reason;
  }
}

export interface Model {
  readonly store: XenStore;
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  /** What the guest has written to its console. */
  console(): string;
  /** Ports that the guest has sent events to. */
  readonly sent: number[];
  /** The frame of the guest that it has granted to domain 0, as an address; whether it may be written to. */
  granted(ref: number): { readonly address: number; readonly writable: boolean } | undefined;
  /** What the guest has dropped, by place and reason. */
  drops(): Record<string, number>;
  /** What nobody is to change: the list of frames, and the table of the control plane. */
  fixed(): Uint8Array;
  /** Runs the guest; each time that it has nothing to do, `idle` is called, which does something or throws. Gives the reason of its end. */
  run(idle: () => void): string;
}

/** Compiles a configuration; what comes back makes a guest of it each time. */
export function xenModel(text: string, elements: ElementSet, vifs: number): () => Model {
  const { compiled, control } = compileForXen({ file: "model.click", text }, { elements, name: "model" });
  const { ir } = compiled;
  const own = ir.memories[0] as (typeof ir.memories)[number];
  const pages = own.initialPages + extraPages;
  const module = new WebAssembly.Module(
    wasmBackend.encode({ ...ir, memories: [{ ...own, initialPages: pages, maximumPages: pages }] }),
  );
  return () => guestOf({ module, compiled, control, vifs, pages, shared: own.shared });
}

interface Parts {
  readonly module: WebAssembly.Module;
  readonly compiled: ReturnType<typeof compileForXen>["compiled"];
  readonly control: ReturnType<typeof compileForXen>["control"];
  readonly vifs: number;
  readonly pages: number;
  readonly shared: boolean;
}

function guestOf({ module, compiled, control, vifs, pages, shared }: Parts): Model {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const infoAt = (pages - extraPages) * 65536;
  const listAt = infoAt + frameSize;
  const tableAt = infoAt + 65536;
  for (let frame = 0; frame < pages * 16; frame++)
    view.setBigUint64(listAt + 8 * frame, BigInt(frame + elsewhere), true);
  bytes.set(controlTable(control, tableAt).code.bytes(), tableAt);
  const info = startInfo.view(memory.buffer, domainFrames.startInfo * frameSize);
  info.storeEvtchn = 1;
  info.consoleEvtchn = 2;
  view.setBigUint64(infoAt + abi.startInfoOffsets.mfnList, BigInt(listAt), true);

  const store = createXenStore();
  store.mkdir(home);
  store.setPermissions(home, ["n0", "r1"]);
  store.mkdir(`${home}/data`);
  store.setPermissions(`${home}/data`, ["n1"]);
  store.write(`${home}/control/shutdown`, "");
  store.setPermissions(`${home}/control/shutdown`, ["n1"]);
  for (let n = 0; n < vifs; n++) {
    store.mkdir(`${home}/device/vif/${n}`);
    store.setPermissions(`${home}/device/vif/${n}`, ["n1"]);
    const front = { backend: `${back}/${n}`, "backend-id": "0", mac: `02:00:00:00:00:0${n}`, state: "1" };
    for (const [key, value] of Object.entries(front)) store.write(`${home}/device/vif/${n}/${key}`, value);
    store.mkdir(`${back}/${n}`);
    store.setPermissions(`${back}/${n}`, ["n0", "r1"]);
    store.write(`${back}/${n}/state`, "2");
  }
  store.introduce(1);
  const server = serveRing(store, 1, memory.buffer, domainFrames.store * frameSize, () => {});

  const at = domainFrames.console * frameSize;
  let said = "";
  const drain = (): void => {
    const [cons, prod] = [view.getUint32(at + 3072 + 8, true), view.getUint32(at + 3072 + 12, true)];
    for (let i = cons; i !== prod; i = (i + 1) >>> 0)
      said += String.fromCharCode(bytes[at + 1024 + (i & 2047)] as number);
    view.setUint32(at + 3072 + 8, prod, true);
  };
  const sent: number[] = [];
  let port = 10;
  let idle = (): void => {};
  let time = 0n;
  /** Looks at the clock since the guest had nothing to do: one for each slice. */
  let slices = 0;
  const hypercall = (number: number, a: bigint, b: bigint): bigint => {
    const [command, argument] = [Number(a), Number(b)];
    switch (number) {
      case abi.hypercall.eventChannelOp:
        if (command === EVTCHNOP.send) sent.push(view.getUint32(argument, true));
        else if (command === EVTCHNOP.allocUnbound) view.setUint32(argument + 4, port++, true);
        else if (command === EVTCHNOP.bindVirq) view.setUint32(argument + 8, port++, true);
        else throw new Error(`event channel operation ${command}`);
        return 0n;
      case abi.hypercall.schedOp:
        drain();
        if (command === SCHEDOP.shutdown) throw new Shutdown(shutdownReasons[view.getUint32(argument, true)] as string);
        if (command === SCHEDOP.block) {
          const before = view.getUint32(domainFrames.store * frameSize + 2060, true);
          server.poll();
          // An answer of the store is what it waited for.
          if (view.getUint32(domainFrames.store * frameSize + 2060, true) === before) {
            idle();
            slices = 0;
          }
        }
        return 0n;
      case abi.hypercall.updateVaMapping:
      case abi.hypercall.grantTableOp:
      case abi.hypercall.setTimerOp:
        return 0n;
      default:
        throw new Error(`hypercall ${number}`);
    }
  };
  const xen = {
    memory,
    hypercall,
    tsc: () => {
      if (++slices > mostSlices) throw new Error("the guest does not come to rest");
      return (time += 1000n);
    },
    control: () => tableAt,
    code_start: () => 0,
    code_end: () => 0,
  };
  const exports = new WebAssembly.Instance(module, { xen }).exports as {
    start(info: number): void;
  };
  return {
    store,
    memory,
    bytes,
    sent,
    console: () => (drain(), said),
    granted(ref) {
      const entry = domainFrames.grantTable * frameSize + 8 * ref;
      if (ref >= 4096 || (view.getUint16(entry, true) & 3) !== 1 || view.getUint16(entry + 2, true) !== 0)
        return undefined;
      const address = (view.getUint32(entry + 4, true) - elsewhere) * frameSize;
      return { address, writable: (view.getUint16(entry, true) & 4) === 0 };
    },
    drops: () =>
      Object.fromEntries(
        compiled.memory.drops
          .map(({ element, reason, address }) => [`${element}: ${reason}`, Number(view.getBigUint64(address, true))])
          .filter(([, count]) => count !== 0),
      ),
    fixed: () => bytes.slice(infoAt),
    run(next) {
      idle = next;
      try {
        exports.start(infoAt);
      } catch (e) {
        if (e instanceof Shutdown) return e.reason;
        throw e;
      }
      throw new Error("the guest returns");
    },
  };
}
