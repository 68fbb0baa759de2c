/**
 * AddressInfo(NAME ADDRESS... , ...) — gives names to addresses.
 *
 * Each argument is a name and what it stands for: an IP address, a prefix, an Ethernet address, or several of these, also
 * by names that were given before. An address with a prefix length, 10.0.0.1/24, is both an address and a prefix. Elements of
 * the same compound, and of those inside it, may use the name where an address is expected, also with a suffix that says
 * which is meant: NAME:ip, NAME:ipnet, NAME:eth, NAME:bcast for the broadcast address of the prefix, NAME:gw for its first
 * host.
 *
 * An IPv6 address may be given; nothing here takes one.
 *
 *   AddressInfo(server 10.0.0.2 02:00:00:00:00:02, lan 10.0.0.0/24)
 */
import { arg, type ElementClass, element, parseIpAddress, readPrefix, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

/** Whether a text is an IPv6 address, or a prefix of one. */
function isIp6(text: string): boolean {
  const [address = "", length, ...more] = text.split("/");
  if (more.length > 0 || (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= 128))) return false;
  const halves = address.split("::");
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const isIp4 = parseIpAddress(last) !== undefined;
  const hexadecimal = isIp4 ? groups.slice(0, -1) : groups;
  const count = hexadecimal.length + (isIp4 ? 2 : 0);
  return (
    address.includes(":") &&
    hexadecimal.every((group) => /^[\da-f]{1,4}$/i.test(group)) &&
    (halves.length === 1 ? count === 8 : halves.length === 2 && count < 8)
  );
}

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
      if (values.length === 0) error("expected 'NAME [ADDRS]'", i);
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
        if (kinds.length === 0 && !isIp6(value)) error(`'${value}' is not a recognizable address`, i);
        // What is one thing only takes the place of what was said before; of several things, those are added that were not.
        for (const kind of kinds)
          if (kinds.length === 1 || !said.has(kind)) information.define(kind, compound, name, found[kind] as never);
        for (const kind of kinds) said.add(kind);
      }
    });
  },
});
