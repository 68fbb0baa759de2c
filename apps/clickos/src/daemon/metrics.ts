/**
 * Counters of everything, as OpenMetrics text (the OpenMetrics specification 1.0, which Prometheus reads): domains, vCPUs, ports of
 * switches with drops by reason, elements' handlers that count or measure, boots and pauses.
 */
import type { Machine } from "./machine.ts";
import type { Duration } from "./totals.ts";

interface Family {
  readonly type: "counter" | "gauge" | "summary";
  readonly help: string;
  readonly lines: string[];
}

export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

export function metrics(machine: Machine): string {
  const families = new Map<string, Family>();
  const line = (name: string, type: Family["type"], help: string, text: string): void => {
    let family = families.get(name);
    if (!family) {
      family = { type, help, lines: [] };
      families.set(name, family);
    }
    family.lines.push(name + text);
  };
  const add = (
    name: string,
    type: "counter" | "gauge",
    help: string,
    labels: Readonly<Record<string, string | number>>,
    value: number,
  ): void => {
    const text = Object.entries(labels)
      .map(([key, v]) => `${key}="${escaped(String(v))}"`)
      .join(",");
    line(name, type, help, `${type === "counter" ? "_total" : ""}${text ? `{${text}}` : ""} ${value}`);
  };
  /** How often something was done, and how long it took in all. */
  const addDuration = (name: string, help: string, { count, seconds }: Duration): void => {
    line(name, "summary", help, `_count ${count}`);
    line(name, "summary", help, `_sum ${seconds}`);
  };

  const { domains, switches } = machine;
  for (const { name, state, memoryKiB, pcpu, runTimeNs, slices, restarts, routers } of domains.list()) {
    const of = { domain: name };
    for (const each of ["paused", "running", "halted", "crashed", "failed"])
      add(
        "clickos_domain_state",
        "gauge",
        "Whether a domain is in a state.",
        { ...of, state: each },
        each === state ? 1 : 0,
      );
    add("clickos_domain_memory_bytes", "gauge", "Memory of a domain.", of, memoryKiB * 1024);
    add("clickos_vcpu_seconds", "counter", "Time that a domain's vCPU has run.", { ...of, pcpu }, runTimeNs / 1e9);
    add("clickos_vcpu_slices", "counter", "Slices that a domain's vCPU has run.", { ...of, pcpu }, slices);
    add("clickos_domain_restarts", "counter", "Starts of a domain after a crash.", of, restarts);
    if (state === "failed") continue;
    for (const { number, status } of routers) {
      if (status !== "Running") continue;
      const place = { ...of, router: number };
      for (const { element, reason, count } of domains.get(name).drops(number))
        add("clickos_drops", "counter", "Packets that elements dropped.", { ...place, element, reason }, count);
      const tree = domains.handlers({ domain: name, router: number });
      for (const path of tree.list()) {
        const { kind, access, at } = tree.describe(path);
        // Those that are plain values in memory: no code of the router runs for them.
        if (access === "w" || !at || (kind !== "counter" && kind !== "gauge")) continue;
        const value = Number(tree.read(path));
        if (!Number.isFinite(value)) continue;
        const dot = path.lastIndexOf(".");
        const handler = { ...place, element: path.slice(0, dot), handler: path.slice(dot + 1) };
        if (kind === "counter") add("clickos_element_count", "counter", "Handlers that count.", handler, value);
        else add("clickos_element_value", "gauge", "Handlers that measure.", handler, value);
      }
    }
  }
  for (const { name, ports, drops } of switches.list(domains.peers())) {
    for (const { name: port, inPackets, inBytes, outPackets, outBytes, drops: lost, problem } of ports) {
      const of = { switch: name, port };
      const help = "through a switch's port, by direction as the switch sees it.";
      add("clickos_port_packets", "counter", `Frames ${help}`, { ...of, direction: "in" }, inPackets);
      add("clickos_port_packets", "counter", `Frames ${help}`, { ...of, direction: "out" }, outPackets);
      add("clickos_port_bytes", "counter", `Bytes ${help}`, { ...of, direction: "in" }, inBytes);
      add("clickos_port_bytes", "counter", `Bytes ${help}`, { ...of, direction: "out" }, outBytes);
      add("clickos_port_up", "gauge", "Whether a port has a link.", of, problem === undefined ? 1 : 0);
      for (const [reason, count] of Object.entries(lost))
        add("clickos_port_drops", "counter", "Frames that a port dropped.", { ...of, reason }, count);
    }
    for (const [reason, count] of Object.entries(drops))
      add("clickos_switch_drops", "counter", "Frames that had nowhere to go.", { switch: name, reason }, count);
  }
  for (const { name, domains: count, pending, created, reaped, crashed, failed, frames } of machine.reactive.list()) {
    const of = { rule: name };
    add("clickos_reactive_domains", "gauge", "Domains that packets made, by rule.", of, count);
    add("clickos_reactive_pending", "gauge", "Keys that wait for a domain.", of, pending);
    add("clickos_reactive_waiting_frames", "gauge", "Frames that wait for a domain.", of, frames.waiting);
    const outcomes = { created, reaped, crashed, failed };
    for (const [what, n] of Object.entries(outcomes))
      add(
        "clickos_reactive_events",
        "counter",
        "Domains made, reaped, crashed, and not made.",
        { ...of, event: what },
        n,
      );
    for (const [result, n] of Object.entries(frames))
      if (result !== "waiting" && result !== "held")
        add("clickos_reactive_frames", "counter", "Frames by what became of them.", { ...of, result }, n);
  }
  const { boots, reconfigurations, migrations, failedStarts } = domains.totals;
  addDuration("clickos_boot_seconds", "Creations of domains.", boots);
  addDuration("clickos_reconfiguration_pause_seconds", "Pauses of domains as routers were replaced.", reconfigurations);
  addDuration("clickos_migration_pause_seconds", "Pauses of domains that went elsewhere.", migrations);
  add("clickos_failed_starts", "counter", "Domains that could not be made.", {}, failedStarts);
  add("clickos_process_resident_bytes", "gauge", "Memory of the daemon.", {}, process.memoryUsage.rss());
  const cpu = process.cpuUsage();
  add("clickos_process_cpu_seconds", "counter", "Processor time of the daemon.", {}, (cpu.user + cpu.system) / 1e6);
  const text = [...families].map(
    ([name, { type, help, lines }]) => `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n${lines.join("\n")}\n`,
  );
  return `${text.join("")}# EOF\n`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`));
}
