/** What is told of domains. */
import type { CrashInfo, DomainInfo, RouterInfo } from "@clickos/client";
import type { CrashRecord } from "@clickos/hypervisor";
import type { Vm } from "@clickos/xl-fast";
import type { DomainRecord } from "./domain-record.ts";

export function domainInfo(vm: Vm, { settings, createdAt }: DomainRecord, restarts: number): DomainInfo {
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
    routers: vm.routers.map((number) => routerInfo(vm, number)),
    ...(domain.shutdownReason === undefined ? {} : { shutdownReason: domain.shutdownReason }),
    ...(domain.crash === undefined ? {} : { crash: crashInfo(domain.crash) }),
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

export function routerInfo(vm: Vm, number: number): RouterInfo {
  return { number, status: "Running", elements: vm.imageOf(number).manifest.router.elements.length };
}

function crashInfo(crash: CrashRecord): CrashInfo {
  const { cause, message, stack, element, configuration } = crash;
  return { cause, message, stack, element, configuration };
}
