/** AddressTranslator's arguments, which it has by their places. */
import { arg, type ElementReport, Mistake, readText, type Scope } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { ip6Address } from "../lib/ip6-address.ts";

/** A pair of addresses that stay mapped to each other, with their ports. */
export interface StaticPair {
  readonly inner: Uint8Array;
  readonly innerPort: number;
  readonly mapped: Uint8Array;
  readonly mappedPort: number;
}

export interface Translation {
  readonly pairs: readonly StaticPair[];
  readonly pairsHavePorts: boolean;
  /** Which packets take a mapping: 0 for those that go outwards, 1 for those that come. */
  readonly direction: 0 | 1;
  /** Addresses that flows take. */
  readonly addresses: readonly Uint8Array[];
  /** An address whose ports flows take. */
  readonly ports?: { readonly address: Uint8Array; readonly first: number; readonly last: number };
}

const none: Uint8Array = new Uint8Array(16);

/** Reads them; what is wrong is reported by Click's numbers of arguments. */
export function readTranslation(
  args: readonly string[],
  scope: Scope,
  { error }: Pick<ElementReport, "error">,
): Translation {
  const wrong = (argument: number, what: string): void => error(`argument ${argument} should be : ${what}`);
  const missing = (): void => error("too few arguments");
  const truth = (at: number, argument = at): boolean => {
    const value = readText(arg.bool, args[at] ?? "", scope);
    if (args[at] === undefined) missing();
    else if (value instanceof Mistake) wrong(argument, "bool");
    return value === true;
  };
  const address = (text: string | undefined): Uint8Array | undefined => {
    const value = readText(ip6Address, text ?? "", scope);
    return value instanceof Mistake ? undefined : value;
  };
  const integer = (text: string | undefined): number | undefined => {
    const value = readText(arg.i32, text ?? "", scope);
    return value instanceof Mistake ? undefined : value;
  };
  const port = (text: string | undefined): number => (integer(text) ?? 0) & 0xffff;

  const nothing: Translation = { pairs: [], pairsHavePorts: false, direction: 0, addresses: [] };
  if (args.length === 0) {
    missing();
    return nothing;
  }
  const count = integer(args[0]);
  if (count === undefined) {
    wrong(0, "integer");
    return nothing;
  }
  if (count < 0 || count > args.length) {
    missing();
    return nothing;
  }
  const pairsHavePorts = count > 0 && truth(1, 2);
  const words = pairsHavePorts ? 4 : 2;
  const pairs = args.slice(2, 2 + count).map((text) => {
    const parts = splitWords(text);
    if (parts.length < words) missing();
    const [inner, innerPort, mapped, mappedPort] = pairsHavePorts ? parts : [parts[0], "", parts[1], ""];
    return {
      inner: address(inner) ?? none,
      innerPort: port(innerPort),
      mapped: address(mapped) ?? none,
      mappedPort: port(mappedPort),
    };
  });
  const at = count === 0 ? 1 : count + 2;
  if (!truth(at)) return { ...nothing, pairs, pairsHavePorts };
  const hasPorts = truth(at + 1);
  const direction = truth(at + 2) ? 1 : 0;
  const fixed = { pairs, pairsHavePorts, direction } as const;
  if (!hasPorts) {
    const addresses = args.slice(at + 3).map((text, i) => {
      const value = address(text);
      if (value === undefined) wrong(i + 3, "<IP6Address>");
      return value ?? none;
    });
    return { ...fixed, addresses };
  }
  const [text, first, last] = splitWords(args[at + 3] ?? "");
  const mapped = address(text);
  if (last === undefined) missing();
  else if (mapped === undefined || integer(first) === undefined || integer(last) === undefined)
    wrong(3, "<IP6Address> <unsigned char> <unsigned char>");
  // Beside fixed pairs Click takes none.
  if (count > 0) return { ...fixed, addresses: [] };
  return { ...fixed, addresses: [], ports: { address: mapped ?? none, first: port(first), last: port(last) } };
}
