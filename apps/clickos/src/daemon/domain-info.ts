/** What is told of domains. */
import type { CrashInfo, DomainInfo, RouterInfo } from "@clickos/client";
import type { CrashRecord } from "@clickos/hypervisor";
import type { Vm } from "@clickos/xl-fast";
import type { DomainRecord } from "./domain-record.ts";

export function domainInfo(vm: Vm, record: DomainRecord, restarts: number): DomainInfo {
  const { settings, createdAt } = record;
  const { domain } = vm;
  const { pcpu, runTimeNs, slices, memoryBytes } = domain.statistics;
  return {
    id: domain.id,
    name: vm.name,
    state: domain.state === "destroyed" ? "halted" : domain.state,
    memoryKiB: memoryBytes / 1024,
    pcpu,
    weight: domain.share.weight,
    cap: domain.share.cap,
    onCrash: settings.onCrash ?? "preserve",
    runTimeNs,
    slices,
    createdAt,
    restarts,
    vifs: vm.interfaces.map(({ device, port, bridge, mac }) => ({ device, port, bridge, mac })),
    routers: routersInfo(vm, record),
    ...(domain.shutdownReason === undefined ? {} : { shutdownReason: domain.shutdownReason }),
    ...(domain.crash === undefined ? {} : { crash: crashInfo(domain.crash) }),
    ...record.made,
    ...(settings.group === undefined ? {} : { group: settings.group }),
    ...(settings.tag === undefined ? {} : { tag: settings.tag }),
  };
}

/** Of one that is defined and could not be made. */
export function failedInfo({ settings, createdAt }: DomainRecord, error: string): DomainInfo {
  return {
    id: 0,
    name: settings.name,
    state: "failed",
    memoryKiB: settings.memoryKiB ?? 0,
    pcpu: settings.pcpu ?? 0,
    weight: settings.weight ?? 256,
    cap: settings.cap ?? 0,
    onCrash: settings.onCrash ?? "preserve",
    runTimeNs: 0,
    slices: 0,
    createdAt,
    restarts: 0,
    vifs: [],
    routers: [],
    error,
    ...(settings.group === undefined ? {} : { group: settings.group }),
    ...(settings.tag === undefined ? {} : { tag: settings.tag }),
  };
}

/** Those that run, and those that were stopped, by number. */
export function routersInfo(vm: Vm, { routers }: DomainRecord): RouterInfo[] {
  const running = vm.routers.map(
    (number): RouterInfo => ({
      number,
      status: "Running",
      elements: vm.imageOf(number).manifest.router.elements.length,
    }),
  );
  const halted = Object.entries(routers)
    .filter(([number, { text, stopped }]) => stopped && text !== undefined && !vm.routers.includes(Number(number)))
    .map(([number]): RouterInfo => ({ number: Number(number), status: "Halted", elements: 0 }));
  return [...running, ...halted].sort((a, b) => a.number - b.number);
}

function crashInfo(crash: CrashRecord): CrashInfo {
  const { cause, message, stack, element, configuration } = crash;
  return { cause, message, stack, element, configuration };
}
