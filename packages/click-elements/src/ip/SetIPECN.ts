/**
 * SetIPECN(ECN) — sets the ECN bits of IP packets.
 *
 * ECN is a number from 0 to 3 or a name: `no` or `-` (0), `ect1` or `ECT(1)` (1), `ect2` or `ECT(0)` (2), `ce` or `CE` (3). The
 * checksum of the marked header is brought up to date.
 *
 * Handlers: ecn (read, write).
 *
 *   ... -> SetIPECN(ect1) -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { ecnCodes } from "@clickos/wire/ipv4";
import { argumentText } from "../lib/argument-text.ts";
import { changeService } from "../lib/ip-tos.ts";

const names: ReadonlyMap<string, number> = new Map([
  ...Object.values(ecnCodes).map((code) => [String(code), code] as const),
  ["no", ecnCodes.notEct],
  ["-", ecnCodes.notEct],
  ["ect1", ecnCodes.ect1],
  ["ECT(1)", ecnCodes.ect1],
  ["ect2", ecnCodes.ect0],
  ["ECT(0)", ecnCodes.ect0],
  ["ce", ecnCodes.ce],
  ["CE", ecnCodes.ce],
]);

export const SetIPECN: ElementClass = element({
  name: "SetIPECN",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { ECN: required(arg.raw) },
  prepare({ config, arguments: texts, error }) {
    const code = names.get(config.ECN);
    if (code === undefined) error("bad ECN argument");
    return { code: code ?? 0, text: argumentText(texts, 0, "ECN") };
  },
  handlers: {
    ecn: { flags: ".", constant: ({ plan }) => plan.text, write: (_s, text, { change }) => change("ECN", text) },
  },
  action(c, packet, { plan }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    changeService(ip, () => ip.ecn.set(plan.code));
  },
});
