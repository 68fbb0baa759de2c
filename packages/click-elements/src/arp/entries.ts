/** What an ARPResponder answers for: prefixes, and the Ethernet address of each. */
import { arg, type IpAddressWithPrefix, Mistake, readText, type Scope } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

export interface ArpEntry {
  readonly address: number;
  readonly mask: number;
  readonly ether: Uint8Array;
}

/** Reads `IP/MASK... ETH` in any order; a name that is both an IP and an Ethernet address stands for both. */
export function readArpEntries(text: string, scope: Scope): ArpEntry[] | string {
  const words = splitWords(text);
  const prefixes: IpAddressWithPrefix[] = [];
  const ethers: Uint8Array[] = [];
  const etherOf = (word: string): Uint8Array | undefined => {
    const ether = arg.etherAddress.parse(word, scope);
    return ether instanceof Uint8Array ? ether : undefined;
  };
  for (const word of words) {
    const prefix = readText(arg.ipPrefix, word, scope);
    if (!(prefix instanceof Mistake)) {
      prefixes.push(prefix);
      continue;
    }
    const ether = etherOf(word);
    if (!ether) return "expected IP/MASK ETH";
    if (ethers.length > 0) return "more than one ETH";
    ethers.push(ether);
  }
  const ether = ethers[0] ?? words.map(etherOf).find((a) => a !== undefined);
  if (prefixes.length === 0) return "missing IP/MASK";
  if (!ether) return "missing ETH";
  return prefixes.map(({ address, mask }) => ({ address, mask, ether }));
}

/**
 * Entries in the order in which they are looked at: each before those whose prefix has its own in it, and otherwise as they are
 * given. Of several for one prefix, the last stays; `replaced` is told.
 */
export function inLookupOrder(
  entries: readonly ArpEntry[],
  replaced: (entry: ArpEntry) => void = () => {},
): ArpEntry[] {
  const ordered: ArpEntry[] = [];
  for (const entry of entries) {
    const same = ordered.findIndex((e) => e.address === entry.address && e.mask === entry.mask);
    if (same >= 0) {
      replaced(entry);
      ordered[same] = entry;
      continue;
    }
    const wider = ordered.findIndex(
      (e) => (entry.address & e.mask) >>> 0 === e.address && (entry.mask & e.mask) >>> 0 === e.mask,
    );
    ordered.splice(wider < 0 ? ordered.length : wider, 0, entry);
  }
  return ordered;
}
