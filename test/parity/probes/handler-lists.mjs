// The handlers of every class: their names, in their order, with what they can do. Classes whose lists are not recorded yet are probed where
// there is the native program: `CLICK=/path/to/click npm run parity -- handler-lists --record` records them.
import { elements } from "@clickos/click-elements/node";
import { peers, samples } from "../../fuzz/samples.mjs";
import { recordedOf } from "../areas.mjs";
import { pcap } from "../captures.mjs";

/** Classes of FastClick, or of ours: native Click does not know them. */
const others = new Set([
  "NumberPacket",
  "CheckNumberPacket",
  "HandlerAggregate",
  "DHCPServer",
  "ReplayUnqueue",
  "MultiReplayUnqueue",
  "GREEncap",
  "CheckGREHeader",
  "StripGREHeader",
  "VXLANEncap",
  "VXLANDecap",
  "LwAFTR",
  "MaglevBalancer",
  "NetFlowExporter",
  "PortBlockMapper",
  "PPPoEServer",
  "IGMPSnooper",
  "FQCoDel",
  "HTBSched",
]);

/** Arguments that an element cannot do without, beside those in `samples`. */
const given = {
  ...Object.fromEntries(
    ["FromCapDump", "FromDAGDump", "FromNetFlowSummaryDump", "FromTcpdump"].map((name) => [name, ["in"]]),
  ),
  FromNLANRDump: ["in.tsh"],
  FromDump: ["x.pcap"],
  ToDump: ["out"],
  ToIPSummaryDump: ["out"],
  ToIPFlowDumps: ["f%n"],
  ChatterSocket: ["unix", "s"],
  ControlSocket: ["unix", "s"],
  Socket: ["unix", "s", "CLIENT false"],
  FromSocket: ["unix", "s"],
  ToSocket: ["udp", "127.0.0.1", "47999"],
  ...Object.fromEntries(["RawSocket", "FromRawSocket", "ToRawSocket"].map((name) => [name, ["UDP"]])),
  DriverManager: [],
  Script: [],
};
/** Files that elements read. */
const files = { in: `${"0".repeat(100)}\n`, "in.tsh": Buffer.alloc(88), "x.pcap": pcap([]) };
/** Classes that are not made without a device, or not at all. */
const never = new Set(["FromDevice", "ToDevice", "FromHost", "ToHost", "KernelTap", "KernelTun", "Error"]);
/** Classes that native Click has in other builds. */
const elsewhere = new Set(["HandlerProxy", "PokeHandlers", "MSQueue", "ResetIPChecksum"]);
/** Classes whose handlers are others than in Click. */
const different = {
  ...Object.fromEntries(
    ["RawSocket", "FromRawSocket", "ToRawSocket"].map((name) => [
      name,
      "Node.js has no raw sockets: ours are not opened",
    ]),
  ),
  ...Object.fromEntries(
    ["FromSocket", "ToSocket"].map((name) => [name, "ours has the handlers of Socket, of which it is a former name"]),
  ),
  ...Object.fromEntries(
    ["Classifier", "IPClassifier", "IPFilter"].map((name) => [
      name,
      "ours has `lookup`, which says what packets are looked up in, and its bytes",
    ]),
  ),
  Socket: "ours has `port`, which says where it listens, and counts packets and those that it drops",
};
/** Those without ports, where they have no packets. */
const portless = new Set(["DriverManager", "Script"]);

const example = (expects) =>
  ({ "an Ethernet address": "1:1:1:1:1:1", "an IP address": "10.0.0.1", "an IP prefix": "10.0.0.0/8" })[expects] ??
  (/bandwidth/.test(expects) ? "1MBps" : /time/.test(expects) ? "1s" : "1");

/** A configuration with an element of the class. */
function configuration({ name, ports = "1/1", config = {} }) {
  const [inputs, outputs] = portless.has(name) ? ["0", "0"] : ports.split("/");
  const least = (code, other) =>
    code === "-" ? 1 : code.startsWith("=") ? other + code.length - 1 : Number(code.split("-")[0]);
  const ins = least(inputs, 0);
  const required = Object.entries(config).filter(([, { kind }]) => kind === "required");
  const args =
    given[name] ?? samples[name] ?? required.map(([keyword, { type }]) => `${keyword} ${example(type.expects)}`);
  const lines = [...(peers[name] ? [peers[name]] : []), `e :: ${name}(${args.join(", ")})`];
  for (let i = 0; i < ins; i++) lines.push(`Idle -> [${i}] e`);
  for (let i = 0; i < least(outputs, ins); i++) lines.push(`e [${i}] -> Idle`);
  return lines.join("; ");
}

const recorded = recordedOf("handler-lists");

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [...new Set(Object.values(elements))]
  .filter(({ name }) => !others.has(name) && !never.has(name) && !elsewhere.has(name))
  .flatMap((cls) => {
    const config = configuration(cls);
    const differs = different[cls.name];
    const probe = { name: cls.name, ...(differs ? { differs } : {}), config, args: ["-q", "-h", "e.handlers"], files };
    // What a task has depends on whether packets are pushed or pulled.
    const pulled = `${config.replaceAll("-> Idle", "-> Unqueue -> Idle").replaceAll("Idle -> [", "Idle -> Queue -> [")}`;
    return cls.hasTask && pulled !== config
      ? [probe, { ...probe, name: `${cls.name}, pulled`, config: pulled }]
      : [probe];
  })
  .filter(({ name }) => process.env.CLICK || recorded[name]);
