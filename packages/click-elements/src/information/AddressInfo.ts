/**
 * AddressInfo(NAME ADDRESS... , ...) — gives names to addresses.
 *
 * Each argument is a name and what it stands for: an IP address, a prefix, an Ethernet address, or several of these, also
 * by names that were given before. An address with a prefix length, 10.0.0.1/24, is both an address and a prefix. Elements of
 * the same compound, and of those inside it, may use the name where an address is expected, also with a suffix that says
 * which is meant: NAME:ip, NAME:ipnet, NAME:eth, NAME:bcast for the broadcast address of the prefix, NAME:gw for its first
 * host.
 *
 *   AddressInfo(server 10.0.0.2 02:00:00:00:00:02, lan 10.0.0.0/24)
 */
import { arg, type ElementClass, element, readPrefix, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

export const AddressInfo: ElementClass = element({
  name: "AddressInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 0,
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, compound, scope, error }, information) {
    args.forEach((text, i) => {
      const [name, ...values] = splitWords(text);
      if (name === undefined) return;
      if (values.length === 0) error(`what '${name}' stands for is missing`, i);
      const said = new Set<"ip" | "prefix" | "ether">();
      for (const value of values) {
        const ether = arg.etherAddress.parse(value, scope);
        const address = arg.ipAddress.parse(value, scope);
        const prefix = typeof address === "number" ? undefined : readPrefix(value, scope);
        const found = {
          ...(ether instanceof Uint8Array ? { ether } : {}),
          ...(typeof address === "number" ? { ip: address } : {}),
          ...(prefix ? { prefix } : {}),
          ...(prefix && (prefix.address & ~prefix.mask) !== 0 ? { ip: prefix.address } : {}),
        };
        const kinds = Object.keys(found) as (keyof typeof found)[];
        if (kinds.length === 0) error(`'${value}' is not an IP address, a prefix or an Ethernet address`, i);
        // What is one thing only takes the place of what was said before; of several things, those are added that were not.
        for (const kind of kinds)
          if (kinds.length === 1 || !said.has(kind)) information.define(kind, compound, name, found[kind] as never);
        for (const kind of kinds) said.add(kind);
      }
    });
  },
});
