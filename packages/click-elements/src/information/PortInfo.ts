/**
 * PortInfo(NAME PORT[/PROTOCOL] [NAME...], ...) — gives names to ports.
 *
 * PROTOCOL is tcp, udp, sctp or dccp; without it, the name is for TCP and UDP. More names of the same port may follow, or
 * more ports of the same name, and a comment after `#`: lines of /etc/services are arguments as they are. Elements of the
 * same compound, and of those inside it, may use the name where a port is expected.
 *
 *   PortInfo(control 7777/tcp, telemetry 9000/udp)
 */
import { arg, type ElementClass, element, type PortProtocol, rest, type Scope } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

const named: readonly PortProtocol[] = ["tcp", "udp", "sctp", "dccp"];

/** `80` or `53/udp`: the port, and the protocols that the name is for, none where they have no names here. */
function parsePort(
  text: string,
  scope: Scope,
): { readonly port: number; readonly protocols: readonly PortProtocol[] } | undefined {
  const [number = "", protocol] = text.split("/");
  const port = arg.u16.parse(number, scope);
  if (typeof port !== "number") return undefined;
  return { port, protocols: protocol === undefined ? ["tcp", "udp"] : named.filter((p) => p === protocol) };
}

export const PortInfo: ElementClass = element({
  name: "PortInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 0,
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, compound, scope, error }, information) {
    args.forEach((text, i) => {
      const [name, first, ...more] = splitWords(text.replace(/(?:^|\s)#[\s\S]*$/, ""));
      if (name === undefined) return;
      const port = parsePort(first ?? "", scope);
      if (!port) {
        error(
          first === undefined ? `the port of '${name}' is missing` : `'${first}' is not a port such as 80 or 53/udp`,
          i,
        );
        return;
      }
      const names = [name, ...more.filter((word) => !parsePort(word, scope))];
      const ports = [port, ...more.flatMap((word) => parsePort(word, scope) ?? [])];
      for (const { port, protocols } of ports)
        for (const protocol of protocols)
          for (const alias of names) information.define(`${protocol} port`, compound, alias, port);
    });
  },
});
