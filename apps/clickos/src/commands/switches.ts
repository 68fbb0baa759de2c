/** Commands over switches and what is attached to them. */
import type { SwitchInfo } from "@clickos/client";
import { type Command, Option } from "commander";
import { number } from "../plain-options.ts";
import { portKeywords } from "../port-specifications.ts";
import { print, printJson } from "../print.ts";
import { table } from "../table.ts";
import { parsePortOptions } from "./vif-text.ts";
import { withDaemon } from "./with-daemon.ts";

export function switchText({ name, lookup, vlans, ports, drops }: SwitchInfo): string {
  const rows = ports.map(({ name, peer, inPackets, outPackets, drops, problem }) => [
    name,
    peer,
    inPackets,
    outPackets,
    Object.entries(drops)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(", "),
    problem ?? "",
  ]);
  const lost = Object.entries(drops).map(([reason, count]) => `${reason} ${count}`);
  const head = `${name}  ${lookup}${vlans ? " with VLANs" : ""}${lost.length > 0 ? `, dropped: ${lost.join(", ")}` : ""}`;
  return rows.length === 0 ? head : `${head}\n${table([["port", "peer", "in", "out", "dropped", ""], ...rows])}`;
}

export function addSwitches(program: Command): void {
  const command = program.command("switch").description("switches: create, destroy, list, attach, detach");
  command
    .command("create")
    .description("make a switch")
    .argument("<NAME>")
    .addOption(
      new Option("--lookup <HOW>", "a learning bridge, or a patch between two ports").choices(["learning", "patch"]),
    )
    .option("--vlans", "with VLANs: each port is in some, and frames stay in theirs")
    .action((name: string, options: { lookup?: "learning" | "patch"; vlans?: boolean }) =>
      withDaemon((client) => client.call("switch.create", { name, ...options })),
    );
  command
    .command("destroy")
    .description("take switches away that no domain uses")
    .argument("<NAME...>")
    .action((names: string[]) =>
      withDaemon(async (client) => {
        for (const name of names) await client.call("switch.destroy", { name });
      }),
    );
  command
    .command("list")
    .description("list the switches, their ports and what was dropped where")
    .argument("[NAME...]", "only these")
    .option("--json", "print them as JSON")
    .action((names: string[], options: { json?: boolean }) =>
      withDaemon(async (client) => {
        const all = await client.call("switch.list", {});
        const list = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
        if (options.json) printJson(list);
        else if (list.length > 0) print(list.map(switchText).join("\n"));
      }),
    );
  command
    .command("attach")
    .description("attach something real to a switch")
    .argument("<SWITCH>")
    .argument("<ATTACHMENT>", "tap:click0, af_packet:eth0, qemu:/run/guest.sock, udp:…, vxlan:…, ws:…, pcap:…")
    .option("--name <PORT>", "the port's name")
    .option("--mtu <BYTES>", "what it carries behind the Ethernet header, up to 9000", number)
    .option("--options <KEY=VALUE,...>", `what holds for the port: ${portKeywords.join(", ")}`)
    .action((name: string, specification: string, given: { name?: string; mtu?: number; options?: string }) =>
      withDaemon(async (client) => {
        const { options, ...others } = given;
        const ofPort = options === undefined ? {} : parsePortOptions(options);
        const { port } = await client.call("switch.attach", { switch: name, specification, ...others, ...ofPort });
        print(port);
      }),
    );
  command
    .command("detach")
    .description("take an attachment away")
    .argument("<SWITCH>")
    .argument("<PORT>")
    .action((name: string, port: string) =>
      withDaemon((client) => client.call("switch.detach", { switch: name, port })),
    );
}
