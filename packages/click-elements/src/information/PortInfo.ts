/**
 * PortInfo(NAME PORT[/PROTOCOL] [NAME...], ...) — gives names to ports.
 *
 * PROTOCOL is tcp, udp, sctp or dccp; without it, the name is for TCP and UDP. Names of other protocols have no ports to name, and
 * are passed over. More names of the same port may follow, and a comment after `#`: lines of /etc/services are arguments as they
 * are. Elements of the same compound, and of those inside it, may use the name where a port is expected.
 *
 *   PortInfo(control 7777/tcp, telemetry 9000/udp)
 */
import {
  arg,
  type ElementClass,
  element,
  type PortProtocol,
  protocolNamed,
  rest,
  type Scope,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { ipProtocols, protocolGroups } from "@clickos/wire/names";

const named: readonly PortProtocol[] = ["tcp", "udp", "sctp", "dccp"];

/** The protocols whose ports a name is for. */
function protocolsOf(text: string | undefined, scope: Scope): readonly PortProtocol[] {
  const read = text === undefined ? protocolGroups.tcpudp : (protocolNamed(text, scope) ?? arg.i32.parse(text, scope));
  return read === protocolGroups.tcpudp ? ["tcp", "udp"] : named.filter((p) => ipProtocols[p] === read);
}

export const PortInfo: ElementClass = element({
  name: "PortInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 0,
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, compound, scope, error }, information) {
    args.forEach((text, i) => {
      const words = splitWords(text);
      const comment = words.findIndex((word, at) => at !== 1 && word.startsWith("#"));
      const [name, place = "", ...more] = comment < 0 ? words : words.slice(0, comment);
      if (name === undefined) return;
      const [, number = "", protocol] = /^([^/]*)(?:\/(.*))?$/s.exec(place) ?? [];
      const port = arg.u32.parse(number, scope);
      if (typeof port !== "number") {
        error("expected 'NAME PORT/PROTO'", i);
        return;
      }
      for (const its of protocolsOf(protocol, scope))
        for (const alias of [name, ...more]) information.define(`${its} port`, compound, alias, port);
    });
  },
});
