/**
 * VMs that packets make: a rule has a VM created for each flow, source, subscriber or VLAN, when its first packet comes, and ended when
 * there were none for a time. Packets wait while their VM is created, and are not lost.
 *
 * ```
 *   frame ─▶ switch ─▶ its key has a VM ─────────────────────────▶ the VM's first interface
 *                └───▶ it has none: the frame waits ─▶ creation ─▶ the VM, then what waited, then what comes
 * ```
 *
 * What unknown senders may cost is bounded: VMs, creations a second, packets that wait. What is beyond is dropped, and counted.
 */
import type { Image } from "@clickos/click-image";
import { ringsOf } from "@clickos/netback";
import { isSteered, KeyedSteering, type SteeredLookup, type Steering, type ValeSwitch } from "@clickos/vale";
import { ToolstackError } from "./error.ts";
import type { Vm } from "./interface.ts";
import { keyParameters, keyText, parametersOf } from "./key-parameters.ts";
import { linkHere } from "./link.ts";
import type { EndReason, Reactive, ReactiveParts, ReactiveRule, ReactiveStats } from "./reactive-rule.ts";
import { compileTemplate, type Template } from "./template.ts";

/** How long packets are dropped of a key whose VM crashed or could not be created. */
const refusedMs = 1000;
/** Milliseconds of creations without a pause. */
const turnMs = 4;
/** VMs that may be created at once, in parts of the rate. */
const burstOfRate = 10;
/** How often VMs are looked at: in parts of the time that they may be idle, and in milliseconds. */
const looks = { perIdle: 4, leastMs: 10, mostMs: 1000 } as const;

interface Live {
  readonly vm: Vm;
  usedAt: number;
  /** It was woken since, so that it has taken back the buffers of what it had sent. */
  woken: boolean;
}

/**
 * Puts a rule into force.
 *
 * @throws {ConfigurationError} for a configuration that is none.
 * @throws {ToolstackError} BAD_VIFS where there is no switch whose frames can be steered.
 */
export async function createReactive(parts: ReactiveParts, rule: ReactiveRule): Promise<Reactive> {
  const lookups = lookupsOf(rule);
  const rings = Object.fromEntries(rule.vif.map(({ mode = "+batch" }, device) => [device, ringsOf(mode)]));
  const { name, set } = rule;
  const parameters = keyParameters[rule.per];
  const { elements, toolstack, link = linkHere(elements) } = parts;
  const template = await compileTemplate(rule.configuration, { elements, link, name, rings, parameters, set });
  const devices = template.image.manifest.vifs.length;
  if (devices !== rule.vif.length)
    throw new ToolstackError(
      "BAD_VIFS",
      `the configuration of '${name}' has ${devices} interfaces, ${rule.vif.length} given`,
    );
  const { shells = 0 } = rule;
  if (shells > 0) await toolstack.keepShells({ ...placeOf(rule), count: shells, image: template.image });
  return new ReactiveVms(parts, rule, template, lookups);
}

/** How much memory the VMs of a rule have, and where they run. */
function placeOf({ memoryKiB, pcpu }: ReactiveRule): { readonly memoryKiB?: number; readonly pcpu?: number } {
  return { ...(memoryKiB === undefined ? {} : { memoryKiB }), ...(pcpu === undefined ? {} : { pcpu }) };
}

/** The lookups of the switches of a rule, each once, the one whose frames make VMs first. */
function lookupsOf({ name, vif }: ReactiveRule): Map<ValeSwitch, SteeredLookup> {
  if (vif.length === 0)
    throw new ToolstackError("BAD_VIFS", `'${name}' has no interface: frames are sent to the first`);
  const lookups = new Map<ValeSwitch, SteeredLookup>();
  for (const { bridge, mac, antiSpoof = bridge.byAddress } of vif) {
    const { lookup } = bridge;
    if (!isSteered(lookup))
      throw new ToolstackError(
        "BAD_VIFS",
        `frames of switch '${bridge.name}' cannot be steered: its lookup is '${lookup.name}'`,
      );
    if (mac !== undefined && antiSpoof)
      throw new ToolstackError("BAD_VIFS", `the VMs of '${name}' cannot all have the address ${mac} for themselves`);
    lookups.set(bridge, lookup);
  }
  return lookups;
}

class ReactiveVms implements Reactive {
  private readonly parts: ReactiveParts;
  private readonly rule: ReactiveRule;
  private readonly template: Template;
  private readonly steering: KeyedSteering;
  private readonly lookups: Map<ValeSwitch, SteeredLookup>;
  private readonly steerings: { readonly lookup: SteeredLookup; readonly steering: Steering }[] = [];
  private readonly now: () => number;
  /** By place. */
  private readonly live = new Map<number, Live>();
  /** Places by the numbers of their domains. */
  private readonly byId = new Map<number, number>();
  /** Places whose keys are refused, and until when. */
  private readonly refused = new Map<number, number>();
  /** Places that wait for their creation, in order. */
  private readonly pending: number[] = [];
  /** Creations under way, and done; and what waits for there to be none. */
  private creating = 0;
  private readonly counts = { created: 0, reaped: 0, crashed: 0, failed: 0 };
  private lastError: string | undefined;
  private lastNumber = 0;
  private tokens: number;
  private tokensAt: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly sweep: ReturnType<typeof setInterval>;
  private readonly deaf: () => void;
  private idleWaiters: (() => void)[] = [];
  private closed = false;
  /** Buffers that an idle router uses. */
  private atRest: number | undefined;
  private readonly idleMs: number;
  private readonly rate: number;

  constructor(parts: ReactiveParts, rule: ReactiveRule, template: Template, lookups: Map<ValeSwitch, SteeredLookup>) {
    const {
      name,
      per,
      ports,
      limit = 1024,
      queue = 4096,
      queuePerVm = 64,
      idleMs = 30_000,
      ratePerSecond = 1000,
    } = rule;
    this.parts = parts;
    this.rule = rule;
    this.template = template;
    this.lookups = lookups;
    this.idleMs = idleMs;
    this.rate = ratePerSecond;
    this.now = parts.now ?? (() => performance.now());
    this.tokens = this.burst;
    this.tokensAt = this.now();
    this.steering = new KeyedSteering({
      name,
      per,
      ports,
      keys: limit,
      held: queue,
      heldOfKey: queuePerVm,
      onMiss: (place) => {
        this.pending.push(place);
        this.createSoon(0);
      },
      onLost: (place) => this.ended(place, "destroyed"),
    });
    for (const [i, lookup] of [...lookups.values()].entries()) {
      const steering = i === 0 ? this.steering.first : this.steering.back();
      lookup.add(steering);
      this.steerings.push({ lookup, steering });
    }
    const [first] = lookups.keys();
    first?.attach(this.steering.holder, { flood: false });
    this.deaf = parts.toolstack.onVmEvent((event) => {
      const place = this.byId.get(event.id);
      if (event.kind !== "crashed" || place === undefined) return;
      this.counts.crashed++;
      this.lastError = `${event.name}: ${event.crash.cause}: ${event.crash.message}`;
      // Before its ports leave: the next packet might well have the same end.
      this.refuse(place);
      this.ended(place, "crashed");
    });
    const lookMs = Math.min(looks.mostMs, Math.max(looks.leastMs, idleMs / looks.perIdle));
    this.sweep = setInterval(() => this.look(), lookMs);
    (this.sweep as { unref?(): void }).unref?.();
  }

  get image(): Image {
    return this.template.image;
  }
  get stats(): ReactiveStats {
    const { counts, steering, live, pending, creating, lastError } = this;
    return { ...steering.stats, ...counts, vms: live.size, pending: pending.length + creating, lastError };
  }
  list(): { name: string; key: string }[] {
    return [...this.live].map(([place, { vm }]) => ({ name: vm.name, key: keyText(this.steering.keyOf(place)) }));
  }
  settled(): Promise<void> {
    if (this.pending.length + this.creating === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.sweep);
    this.deaf();
    this.pending.length = 0;
    for (const [place, { vm }] of [...this.live]) {
      this.ended(place, "closed");
      this.steering.forget(place);
      if (this.parts.toolstack.get(vm.name) === vm) this.parts.toolstack.destroy(vm.name);
    }
    for (const { lookup, steering } of this.steerings) lookup.delete(steering);
    const [first] = this.lookups.keys();
    first?.detach(this.steering.holder);
    while (this.creating > 0) await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
    const { rule, image, parts } = this;
    if (rule.shells) await parts.toolstack.keepShells({ ...placeOf(rule), count: 0, image });
  }

  // ---- creating

  private get burst(): number {
    return Math.max(1, this.rate / burstOfRate);
  }
  private createSoon(ms: number): void {
    if (this.timer === undefined && !this.closed) this.timer = setTimeout(() => void this.createSome(), ms);
  }
  /** Creates what is wanted, for a turn, and as far as the rate lets it. */
  private async createSome(): Promise<void> {
    const { hypervisor } = this.parts.toolstack;
    const some = async (): Promise<void> => {
      const began = performance.now();
      while (this.pending.length > 0 && performance.now() - began < turnMs && this.takeToken()) {
        const place = this.pending.shift() as number;
        this.creating++;
        await this.create(place);
        this.creating--;
      }
    };
    // Threads boot several at a time; on the caller's there is nothing to wait for.
    await Promise.all(Array.from({ length: hypervisor.pcpus > 1 ? hypervisor.pcpus * 2 : 1 }, some));
    this.timer = undefined;
    if (this.pending.length > 0) this.createSoon(this.tokens >= 1 ? 0 : (1000 * (1 - this.tokens)) / this.rate);
    else for (const done of this.idleWaiters.splice(0)) done();
  }
  private takeToken(): boolean {
    const now = this.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.tokensAt) / 1000) * this.rate);
    this.tokensAt = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
  private async create(place: number): Promise<void> {
    const { toolstack, onCreated, onFailed } = this.parts;
    const { share } = this.rule;
    // Bridges side by side would send what is flooded round and round.
    const vif = this.rule.vif.map((each) => ({ flood: false, ...each }));
    const key = this.steering.keyOf(place);
    const name = `${this.rule.name}.${++this.lastNumber}`;
    let vm: Vm | undefined;
    try {
      vm = await toolstack.create({
        name,
        image: this.image,
        vif,
        paused: true,
        onCrash: "destroy",
        ...placeOf(this.rule),
        ...(share === undefined ? {} : { share }),
      });
      for (const { path, value } of this.template.writes(parametersOf(key))) vm.write(path, value);
      if (this.closed) {
        toolstack.destroy(name);
        return;
      }
      this.atRest ??= vm.unfinished().held;
      onCreated?.(vm, keyText(key));
    } catch (e) {
      if (vm && toolstack.get(name) === vm) toolstack.destroy(name);
      this.counts.failed++;
      this.lastError = `${keyText(key)}: ${(e as Error).message}`;
      if (!this.closed) this.refuse(place);
      onFailed?.(keyText(key), e as Error);
      return;
    }
    this.counts.created++;
    this.live.set(place, { vm, usedAt: this.now(), woken: false });
    this.byId.set(vm.domain.id, place);
    const { interfaces } = vm;
    this.steering.point(
      place,
      [...this.lookups.keys()].map((bridge) =>
        interfaces.flatMap(({ port }, i) => (vif[i]?.bridge === bridge ? [port] : [])),
      ),
    );
    vm.domain.unpause();
  }

  // ---- ending

  private refuse(place: number): void {
    this.steering.refuse(place);
    this.refused.set(place, this.now() + refusedMs);
  }
  /** A VM is there no more, or soon. */
  private ended(place: number, why: EndReason): void {
    const found = this.live.get(place);
    if (!found) return;
    this.live.delete(place);
    this.byId.delete(found.vm.domain.id);
    this.parts.onEnded?.(found.vm.name, keyText(this.steering.keyOf(place)), why);
  }
  /** Ends VMs that had no packets for long, and lets keys be tried again. */
  private look(): void {
    const now = this.now();
    for (const [place, until] of this.refused) {
      if (now < until) continue;
      this.refused.delete(place);
      this.steering.forget(place);
    }
    for (const [place, found] of this.live) {
      if (this.steering.takeUsed(place)) {
        found.usedAt = now;
        found.woken = false;
      } else if (now - found.usedAt >= this.idleMs && this.isIdle(found)) this.reap(place, found);
    }
  }
  /** Whether it holds no packet. One that stands still may have some that it has not seen. */
  private isIdle(found: Live): boolean {
    const { vm, usedAt, woken } = found;
    if (vm.domain.state !== "running") return false;
    if (!woken) {
      found.woken = true;
      this.parts.toolstack.hypervisor.wake(vm.domain.id);
      return false;
    }
    // One that holds packets for ever is not kept for ever.
    if (this.now() - usedAt >= this.idleMs * longestHold) return true;
    return vm.unfinished().held <= (this.atRest ?? 0);
  }
  private reap(place: number, { vm }: Live): void {
    const { toolstack } = this.parts;
    this.counts.reaped++;
    this.ended(place, "idle");
    // Packets that come from here on are the next VM's.
    this.steering.forget(place);
    if (toolstack.get(vm.name) === vm) toolstack.destroy(vm.name);
  }
}

/** How many times the idle time a VM is kept that holds packets. */
const longestHold = 10;
