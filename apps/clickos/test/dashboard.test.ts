/** The dashboard of the examples asks for metrics that the daemon exports, by labels that they have. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import { connect } from "@clickos/client/node";
import { createCapture } from "@clickos/pcap/node";
import { expect, it } from "vitest";
import { startDaemon } from "../src/daemon/daemon.ts";

const dashboard = JSON.parse(
  readFileSync(new URL("../../../examples/grafana-dashboard.json", import.meta.url), "utf8"),
) as {
  readonly panels: readonly { readonly id: number; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
};
const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.map(({ query }) => query),
];

/** What a daemon exports that has something of everything: samples' names, each with its labels. */
async function exported(): Promise<Map<string, Set<string>>> {
  const dir = mkdtempSync(join(tmpdir(), "clickos-dashboard-"));
  const at = (name: string): string => join(dir, name);
  const paths = { socket: at("run/a.sock"), store: at("run/b.sock"), log: at("run/log"), state: at("state") };
  const daemon = await startDaemon({ elements, version: "0", paths, threads: 0 });
  const client = await connect(paths.socket);
  try {
    const capture = createCapture(at("in.pcap"));
    for (let i = 0; i < 20; i++) capture.write(new Uint8Array(60).fill(0xff, 0, 6).fill(2, 6, 7), BigInt(i));
    // One to its own sender, which the switch drops.
    capture.write(new Uint8Array(60).fill(2, 0, 1).fill(2, 6, 7), 20n);
    capture.close();
    await client.call("switch.create", { name: "vale0" });
    const configuration = { file: "c.click", text: "FromDevice(0) -> q :: Queue(4) -> d :: Discard(ACTIVE false)" };
    await client.call("domain.create", { name: "one", configuration, vifs: [{ bridge: "vale0" }] });
    await client.call("reactive.create", {
      name: "rule",
      per: "source",
      configuration,
      vifs: [{ bridge: "vale0", antiSpoof: false }],
    });
    await client.call("switch.attach", {
      switch: "vale0",
      specification: `pcap:${at("in.pcap")}`,
      floodLimits: { broadcast: 10 },
    });
    const samples = new Map<string, Set<string>>();
    while (
      ["clickos_drops_total", "clickos_port_drops_total", "clickos_switch_drops_total"].some((n) => !samples.has(n))
    )
      for (const line of (await client.call("daemon.metrics", {})).split("\n")) {
        const [, name = "", labels = ""] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
        const known = samples.get(name) ?? new Set();
        for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) known.add(label);
        samples.set(name, known);
      }
    return samples;
  } finally {
    client.close();
    await daemon.close();
    rmSync(dir, { recursive: true });
  }
}

it("has a panel for each family, and asks for nothing else", async () => {
  const samples = await exported();
  const asked = new Map<string, Set<string>>();
  for (const expression of expressions)
    for (const [, name = "", selector = ""] of expression.matchAll(/(clickos_\w+)(?:\{([^}]*)\})?/g)) {
      const labels = asked.get(name) ?? new Set();
      for (const [, label = ""] of selector.matchAll(/(\w+)=~?"/g)) labels.add(label);
      asked.set(name, labels);
    }
  expect(asked.size).toBeGreaterThan(20);
  for (const [name, labels] of asked) {
    const known = samples.get(name);
    expect(known, `${name} is exported`).toBeDefined();
    // The scraper's own label.
    expect(
      [...labels].filter((label) => label !== "instance" && !known?.has(label)),
      name,
    ).toEqual([]);
  }
  for (const expression of expressions) {
    const [, list = ""] = /\bby \(([^)]*)\)/.exec(expression) ?? [];
    const [name = ""] = /clickos_\w+/.exec(expression) ?? [];
    for (const label of list.split(", ").filter(Boolean)) expect([...(samples.get(name) ?? [])], name).toContain(label);
  }
  expect([...samples.keys()].filter((name) => name.startsWith("clickos_") && !asked.has(name))).toEqual([]);
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
