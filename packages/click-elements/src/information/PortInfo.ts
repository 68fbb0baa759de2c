/**
 * PortInfo(NAME PORT[/PROTOCOL]..., ...) — gives names to TCP and UDP ports.
 *
 *   PortInfo(control 7777/tcp, telemetry 9000/udp)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

export const PortInfo: ElementClass = element({
  name: "PortInfo",
  ports: "0/0",
  processing: "a/a",
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, scope, error }, information) {
    args.forEach((text, i) => {
      const [name, ...values] = splitWords(text);
      if (name === undefined) return;
      if (values.length === 0) error(`the port of '${name}' is missing`, i);
      for (const value of values) {
        const [port = "", protocol] = value.split("/");
        if (arg.u16.parse(port) === undefined || (protocol !== undefined && !/^(?:tcp|udp)$/.test(protocol)))
          error(`'${value}' is not a port such as 80 or 53/udp`, i);
        else information.define("port", scope, name, port);
      }
    });
  },
});
