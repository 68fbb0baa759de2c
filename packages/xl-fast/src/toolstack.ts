/** The toolstack: what `xl` does with domains, for Click VMs. */
import {
  type CheckedGraph,
  type ControlPlane,
  checkConfiguration,
  controlPlane,
  type Drop,
  type ElementSet,
} from "@clickos/click-core";
import { type CrashRecord, createHypervisor, type Domain, type Hypervisor } from "@clickos/hypervisor";
import { type Image, imageKernel, loadImage } from "@clickos/minios";
import { connectVif, type Vif } from "@clickos/netback";
import { devicePage, xenbusState } from "@clickos/netfront";
import type { ValeSwitch } from "@clickos/vale";
import { createXenStore, type XenStore } from "@clickos/xenstore";

/** A virtual interface of a VM to be created. */
export interface VifConfig {
  /** The switch it is attached to. */
  readonly bridge: ValeSwitch;
  /** `02:00:…` by default, from the domain and the interface. */
  readonly mac?: string;
}

export interface VmConfig {
  readonly name: string;
  /** Bytes of an image, or one already loaded. */
  readonly image: Uint8Array<ArrayBuffer> | Image;
  /** One for each interface that the image has, in order. */
  readonly vif?: readonly VifConfig[];
}

/** Microseconds of each phase of a creation, in order. */
export interface BootTimeline {
  readonly totalUs: number;
  readonly phases: readonly { readonly name: string; readonly us: number }[];
}

export interface Vm {
  readonly name: string;
  readonly domain: Domain;
  readonly image: Image;
  readonly timeline: BootTimeline;
  readonly vifs: readonly Vif[];
  /** Reads a handler. @throws {HandlerError} */
  read(path: string): string;
  write(path: string, value: string): void;
  /** Why packets were dropped, inside the VM. */
  drops(): Drop[];
}

export interface VmSummary {
  readonly id: number;
  readonly name: string;
  readonly state: Domain["state"];
  readonly memoryKiB: number;
  readonly vifs: number;
}

export type ToolstackErrorCode = "NAME_TAKEN" | "NO_VM" | "BAD_VIFS" | "BAD_IMAGE" | "CRASHED";

export class ToolstackError extends Error {
  override readonly name = "ToolstackError";
  readonly code: ToolstackErrorCode;
  readonly crash: CrashRecord | undefined;
  constructor(code: ToolstackErrorCode, message: string, crash?: CrashRecord) {
    super(message);
    this.code = code;
    this.crash = crash;
  }
}

export interface Toolstack {
  readonly hypervisor: Hypervisor;
  readonly store: XenStore;
  /** Creates a VM and lets it run. @throws {ToolstackError} @throws {ImageError} */
  create(config: VmConfig): Promise<Vm>;
  /** Ends a VM: its interfaces leave their switches. @throws {ToolstackError} NO_VM */
  destroy(name: string): void;
  get(name: string): Vm | undefined;
  list(): VmSummary[];
}

/** A toolstack over a hypervisor. `elements` are the classes whose handlers can be read. */
export function createToolstack(options: {
  elements: ElementSet;
  hypervisor?: Hypervisor;
  store?: XenStore;
}): Toolstack {
  const hypervisor = options.hypervisor ?? createHypervisor();
  const store = options.store ?? createXenStore();
  const { events, mapper } = hypervisor;
  const vms = new Map<string, Vm & { readonly bridges: readonly ValeSwitch[] }>();
  // Modules of images seen before: creating a second VM of an image compiles nothing.
  const modules = new Map<string, WebAssembly.Module>();

  return {
    hypervisor,
    store,
    async create(config) {
      if (vms.has(config.name)) throw new ToolstackError("NAME_TAKEN", `a VM named '${config.name}' exists already`);
      const phases: { name: string; us: number }[] = [];
      const started = performance.now();
      let last = started;
      const phase = (name: string): void => {
        const now = performance.now();
        phases.push({ name, us: (now - last) * 1000 });
        last = now;
      };
      const image = "manifest" in config.image ? config.image : await loadImage(config.image);
      phase("load");
      const { manifest } = image;
      const wanted = config.vif ?? [];
      if (wanted.length !== manifest.vifs.length)
        throw new ToolstackError(
          "BAD_VIFS",
          `image '${manifest.name}' has ${manifest.vifs.length} interfaces (devices ${manifest.vifs.map((v) => v.device).join(", ") || "none"}), ${wanted.length} given`,
        );
      let module = modules.get(image.sha256);
      if (!module) {
        try {
          module = new WebAssembly.Module(image.bytes);
        } catch (e) {
          throw new ToolstackError("BAD_IMAGE", `image '${manifest.name}' is not valid code: ${(e as Error).message}`);
        }
        modules.set(image.sha256, module);
      }
      phase("compile");

      const ports: { local: number; remote: number }[] = [];
      const domain = await hypervisor.createDomain({
        name: config.name,
        pages: manifest.router.pages,
        kernel: imageKernel(module, phase),
        prepare(guest) {
          phase("domain");
          // The prepared device pages: the guest finds its back end and event channel there.
          manifest.vifs.forEach((vif, i) => {
            const remote = events.allocUnbound(guest.id, 0);
            const local = events.bindInterdomain(0, guest.id, remote);
            ports.push({ local, remote });
            const page = devicePage.view(guest.memory.buffer, vif.page);
            page.backendId = 0;
            page.eventChannel = remote;
            page.mac = macBytes(wanted[i]?.mac ?? `02:00:00:${hex(guest.id >> 8)}:${hex(guest.id & 255)}:${hex(i)}`);
            page.state = xenbusState.initialising;
          });
        },
      });
      const connected: { vif: Vif; bridge: ValeSwitch }[] = [];
      const abandon = (): void => {
        for (const { vif, bridge } of connected) bridge.detach(vif);
        hypervisor.destroyDomain(domain.id);
      };
      try {
        if (domain.crash)
          throw new ToolstackError(
            "CRASHED",
            `'${config.name}' crashed while it booted: ${domain.crash.message}`,
            domain.crash,
          );
        manifest.vifs.forEach((places, i) => {
          const page = devicePage.view(domain.memory.buffer, places.page);
          const { local } = ports[i] as { local: number };
          const { bridge } = wanted[i] as VifConfig;
          const grants = {
            rxRingRef: page.rxRingRef,
            txRingRef: page.txRingRef,
            bufferRef: page.bufferRef,
            bufferFrames: page.bufferFrames,
            bufferCount: page.bufferCount,
          };
          const vif = connectVif({
            name: `vif${domain.id}.${i}`,
            domain: domain.id,
            grants,
            mapper,
            notify: () => events.send(0, local),
          });
          bridge.attach(vif);
          connected.push({ vif, bridge });
        });
        phase("connect");
      } catch (e) {
        abandon();
        throw e;
      }
      describe(
        store,
        domain,
        config.name,
        connected.map(({ bridge }) => bridge.name),
      );
      domain.unpause();
      phase("store");

      let checked: CheckedGraph | undefined;
      let control: ControlPlane | undefined;
      const plane = (): ControlPlane => {
        checked ??= checkConfiguration(manifest.config, options.elements).checked;
        control ??= controlPlane(domain.memory, checked, manifest.router);
        return control;
      };
      const vm = {
        name: config.name,
        domain,
        image,
        timeline: { totalUs: last - started > 0 ? (last - started) * 1000 : 0, phases },
        vifs: connected.map(({ vif }) => vif),
        bridges: connected.map(({ bridge }) => bridge),
        read: (path: string) => plane().read(path),
        write: (path: string, value: string) => plane().write(path, value),
        drops: () => plane().drops(),
      };
      vms.set(config.name, vm);
      return vm;
    },
    destroy(name) {
      const vm = vms.get(name);
      if (!vm) throw new ToolstackError("NO_VM", `no VM named '${name}'`);
      vms.delete(name);
      vm.vifs.forEach((vif, i) => vm.bridges[i]?.detach(vif));
      hypervisor.destroyDomain(vm.domain.id);
      store.rm(`/local/domain/${vm.domain.id}`);
      store.rm(`/local/domain/0/backend/vif/${vm.domain.id}`);
    },
    get: (name) => vms.get(name),
    list: () =>
      [...vms.values()].map((vm) => ({
        id: vm.domain.id,
        name: vm.name,
        state: vm.domain.state,
        memoryKiB: vm.domain.memory.buffer.byteLength / 1024,
        vifs: vm.vifs.length,
      })),
  };
}

/** Writes what the store holds of a VM: its name and its devices. */
function describe(store: XenStore, domain: Domain, name: string, bridges: readonly string[]): void {
  const home = `/local/domain/${domain.id}`;
  store.transaction((t) => {
    t.mkdir("/local/domain/0/backend/vif");
    t.write(`${home}/name`, name);
    t.write(`${home}/domid`, String(domain.id));
    bridges.forEach((bridge, i) => {
      t.write(`${home}/device/vif/${i}/state`, String(xenbusState.connected));
      t.write(`${home}/device/vif/${i}/backend`, `/local/domain/0/backend/vif/${domain.id}/${i}`);
      t.write(`/local/domain/0/backend/vif/${domain.id}/${i}/state`, String(xenbusState.connected));
      t.write(`/local/domain/0/backend/vif/${domain.id}/${i}/bridge`, bridge);
    });
  });
}

function hex(n: number): string {
  return n.toString(16).padStart(2, "0");
}

function macBytes(mac: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac))
    throw new ToolstackError("BAD_VIFS", `'${mac}' is not a MAC address`);
  return Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));
}
