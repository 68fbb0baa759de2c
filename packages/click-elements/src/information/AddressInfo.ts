/**
 * AddressInfo(NAME ADDRESS... , ...) — gives names to addresses.
 *
 * Each argument is a name and what it stands for: an IP address, a prefix, an Ethernet address, or several of
 * these. Elements of the same compound, and of those inside it, may use the name where an address is expected.
 *
 *   AddressInfo(server 10.0.0.2 02:00:00:00:00:02, lan 10.0.0.0/24)
 */
import {
  arg,
  type ElementClass,
  element,
  parseEtherAddress,
  parseIpAddress,
  parseIpPrefix,
  rest,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

export const AddressInfo: ElementClass = element({
  name: "AddressInfo",
  ports: "0/0",
  processing: "a/a",
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, scope, error }, information) {
    args.forEach((text, i) => {
      const [name, ...values] = splitWords(text);
      if (name === undefined) return;
      if (values.length === 0) error(`what '${name}' stands for is missing`, i);
      for (const value of values) {
        if (parseEtherAddress(value)) information.define("ether", scope, name, value);
        else if (parseIpPrefix(value)) {
          information.define("prefix", scope, name, value);
          const address = value.split("/")[0] ?? "";
          if (parseIpAddress(address) !== undefined) information.define("ip", scope, name, address);
        } else error(`'${value}' is not an IP address, a prefix or an Ethernet address`, i);
      }
    });
  },
});
