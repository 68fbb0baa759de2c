/** Types of ports and protocols: numbers, or names that PortInfo defines or that are well known. */
import { closest } from "@clickos/click-language/closest";
import { type ArgumentType, Mistake } from "./argument-type.ts";
import { standardNames } from "./machine-names.ts";
import { integer } from "./numbers.ts";
import type { PortProtocol, Scope } from "./scope.ts";

/** What a name stands for among the ports of a protocol; the configuration's own names come first. */
export function portNamed(name: string, protocol: PortProtocol, scope: Scope): number | undefined {
  return scope.lookup(`${protocol} port`, name) ?? (scope.tables ?? standardNames).port(name, protocol);
}

/** Names of a protocol's ports. */
export function portNames(protocol: PortProtocol, scope: Scope): string[] {
  return [...scope.names(`${protocol} port`), ...(scope.tables ?? standardNames).portNames(protocol)];
}

/** The number of a protocol over IP; groups of protocols have numbers from 256 on. */
export function protocolNamed(name: string, scope: Scope): number | undefined {
  return (scope.tables ?? standardNames).protocol(name);
}

const number32 = integer(0, 0xffffffff);
const number32Signed = integer(-0x80000000, 0x7fffffff);
const largestPort = 0xffff;
const number8 = integer(0, 0xff);

/** A port of a protocol; of several, where a name must stand for the same port of each that knows it. */
export function port(...protocols: readonly [PortProtocol, ...PortProtocol[]]): ArgumentType<number> {
  return {
    expects: `a port of ${protocols.map((p) => p.toUpperCase()).join(" or ")}`,
    parse(text, scope) {
      const found = new Set(protocols.map((p) => portNamed(text, p, scope)).filter((n) => n !== undefined));
      const [named] = found;
      if (found.size > 1) return new Mistake(`'${text}' is not the same port of ${protocols.join(" and ")}`);
      if (named !== undefined) return named;
      const number = number32.parse(text, scope);
      if (typeof number !== "number") return new Mistake(undefined, () => didYouMean(text, protocols, scope));
      return number <= largestPort ? number : new Mistake(`overflow, range 0-${largestPort}`);
    },
  };
}

function didYouMean(text: string, protocols: readonly PortProtocol[], scope: Scope): string | undefined {
  const near = closest(
    text,
    protocols.flatMap((p) => portNames(p, scope)),
  );
  return near === undefined ? undefined : `did you mean '${near}'?`;
}

/** A number, or the name of a protocol or of a group of protocols; whoever reads it checks the range. */
export const ipProtocolOrNumber: ArgumentType<number> = {
  expects: "an IP protocol",
  parse: (text, scope) => protocolNamed(text, scope) ?? number32Signed.parse(text, scope),
};

/** A protocol over IP, by its number or name. */
export const ipProtocol: ArgumentType<number> = {
  expects: "an IP protocol",
  parse(text, scope) {
    const named = protocolNamed(text, scope);
    return named !== undefined && named < 256 ? named : number8.parse(text, scope);
  },
};
