/** Where a frame goes: the modular lookup of a switch. */
import { AddressTable, belongsToOther, tooMany, withRoom } from "./address-table.ts";
import type { FrameBatch } from "./frame-batch.ts";
import { broadcast, foreignSource, nowhere, overLimit, unknown } from "./lookup-result.ts";
import { type MacAddress, parseAddress } from "./mac-address.ts";

/** What holds for one port of a lookup by addresses. */
export interface PortRules {
  /**
   * The addresses of this port, as `02:00:00:00:00:01`: it sends from these only, what is sent to them goes only here,
   * and it gets no frame to an address that nobody is known to have. Without them the port learns.
   */
  readonly addresses?: readonly string[];
  /** Addresses that may be learned behind this port; the lookup's by default. */
  readonly addressLimit?: number;
}

/** Of a port's last flow: three words of addresses, the generation, where it went. */
const flowWords = 5;
/** A VID stands in the high half of the word that has an address's first two bytes. */
const vidShift = 16;

/** Takes what a lookup says of frames of one batch. */
export interface Answers {
  /**
   * Frame `i` goes where `lookup` would say so; whether there is such a port. A frame goes to a port once, and one that goes to all has no
   * other answer.
   */
  give(i: number, to: number): boolean;
}

/** Decides for one frame of a batch that came in on a port, by index. */
export interface Lookup {
  readonly name: string;
  /** Where all frames of a port go, whatever is in them; then `lookup` is not asked. */
  whole?(ingress: number): number;
  /** Called before frames are looked up, now and then: for what has to do with time. */
  begin?(): void;
  /** A port index, `broadcast`, or another of the constants here. */
  lookup(batch: FrameBatch, i: number, ingress: number): number;
  /**
   * Looks frames up, from `first` to before `count`, and writes for each where it goes, by its index: the same as `lookup`
   * would say. Stops before a frame that it leaves to `lookup`; returns its index, or `count`. `out` is in packet memory, and asked
   * are batches that are (`inPacketMemory`).
   */
  lookupBatch?(batch: FrameBatch, first: number, count: number, ingress: number, out: Int32Array): number;
  /**
   * Looks up frames of a list together, for lookups that do that in any order, or send a frame to several ports. A frame that nothing is
   * said of is dropped and counted as `refused`. Then `lookup` is not asked. The batch is one that nobody else can write to.
   */
  lookupMany?(batch: FrameBatch, list: Int32Array, count: number, ingress: number, answers: Answers): void;
  /**
   * The same as `lookup` in a VLAN, for addresses that are known there: the same address may be elsewhere in another. The batch is one
   * that nobody else can write to. Lookups without it are of no use in switches with VLANs.
   */
  lookupInVlan?(batch: FrameBatch, i: number, ingress: number, vid: number): number;
  /**
   * A port comes, with its rules; all or nothing. `vids` are the VLANs in which it has its fixed addresses, if the switch has some.
   * Lookups without it know no addresses. @throws {AddressError}
   */
  admit?(port: number, rules: PortRules, vids?: readonly number[]): void;
  /** A port is attached, by its index and name. */
  enter?(port: number, name: string): void;
  /** It leaves: forgets what it knows of it. */
  forget?(port: number): void;
}

/** A port cannot have an address: another has it, or it is none. */
export class AddressError extends Error {
  override readonly name = "AddressError";
  readonly code: "ADDRESS_TAKEN" | "BAD_ADDRESS";
  constructor(code: AddressError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export interface LearningOptions {
  /** Addresses stay with the port where they were first seen, until they age or the port leaves. */
  readonly sticky?: boolean;
  /** Seconds after which an address that was not seen is forgotten; 300 by default, as IEEE 802.1D recommends. */
  readonly ageing?: number;
  /** Addresses that are learned behind a port; 1,024 by default. */
  readonly addressesPerPort?: number;
  /** What happens to frames from addresses beyond that: they go on and nothing is learned (the default), or none do. */
  readonly onLimit?: "forward" | "drop";
  /** Milliseconds, for the ageing. */
  now?(): number;
}

/**
 * The learning bridge: remembers behind which port each source address is. A port can fill no more than its own limit
 * of addresses, and never takes the place of another's; ports whose addresses are fixed take no part in learning.
 *
 * `sticky` keeps a port from taking the frames of another whose addresses are not fixed by using them.
 */
export function learningBridge(options: LearningOptions = {}): Lookup {
  const { sticky = false, ageing = 300, addressesPerPort = 1024, onLimit = "forward" } = options;
  const now = options.now ?? (() => performance.now());
  const table = new AddressTable({ sticky, ageing });
  let isFixed: Int32Array = new Int32Array(0);
  const dropsBeyond = onLimit === "drop";
  /** By port: the addresses of the frame before, in which generation of the table, and where it went. */
  let flows: Int32Array = new Int32Array(0);
  /** `vlan` has the VID in its high half, where addresses have nothing. */
  const decide = (a: number, b: number, c: number, ingress: number, vlan: number): number => {
    // Source address: its first two bytes are the high half of b, the rest is c. Group addresses are no sources.
    const sourceLow = (b >>> 16) | vlan;
    if (isFixed[ingress] === 1) {
      if (!table.owns(ingress, c, sourceLow)) return foreignSource;
    } else if ((sourceLow & 1) === 0) {
      const result = table.learn(ingress, c, sourceLow);
      if (result === belongsToOther) return foreignSource;
      if (result === tooMany && dropsBeyond) return overLimit;
    }
    if (a & 1) return broadcast;
    // Destination in the form of a source: first two bytes, then four.
    const port = table.portOf((a >>> 16) | (b << 16), (a & 0xffff) | vlan);
    if (port < 0) return unknown;
    return port === ingress ? nowhere : port;
  };
  return {
    name: "learning",
    begin: () => table.tick(Math.floor(now() / 1000)),
    lookup(batch, i, ingress) {
      const at = batch.offsets[i] as number;
      let a: number;
      let b: number;
      let c: number;
      if ((at & 3) === 0) {
        const w = at >> 2;
        const { words } = batch.memory;
        a = words[w] as number;
        b = words[w + 1] as number;
        c = words[w + 2] as number;
      } else {
        const { bytes } = batch.memory;
        const word = (k: number): number =>
          (bytes[at + k] as number) |
          ((bytes[at + k + 1] as number) << 8) |
          ((bytes[at + k + 2] as number) << 16) |
          ((bytes[at + k + 3] as number) << 24);
        a = word(0);
        b = word(4);
        c = word(8);
      }
      if (batch.memory.shared) batch.keep(i, a, b, c);
      // Frames of a flow follow each other: nothing was learned since the one before, so the answer is the same.
      const f = ingress * flowWords;
      if (flows[f] === a && flows[f + 1] === b && flows[f + 2] === c && flows[f + 3] === table.generation)
        return flows[f + 4] as number;
      const to = decide(a, b, c, ingress, 0);
      flows[f] = a;
      flows[f + 1] = b;
      flows[f + 2] = c;
      flows[f + 3] = table.generation;
      flows[f + 4] = to;
      return to;
    },
    lookupInVlan(batch, i, ingress, vid) {
      const { words } = batch.memory;
      const w = (batch.offsets[i] as number) >> 2;
      return decide(words[w] as number, words[w + 1] as number, words[w + 2] as number, ingress, vid << vidShift);
    },
    lookupBatch: (batch, first, count, ingress, out) =>
      table.lookupBatch(batch, first, count, ingress, isFixed[ingress] === 1, out),
    admit(port, rules, vids = [0]) {
      const addresses: MacAddress[] = [];
      for (const text of rules.addresses ?? []) {
        const address = parseAddress(text);
        if (!address) throw new AddressError("BAD_ADDRESS", `'${text}' is no address of one station`);
        if (vids.some((vid) => table.isFixed(address.high, address.low | (vid << vidShift))))
          throw new AddressError("ADDRESS_TAKEN", `address ${text} belongs to another port`);
        addresses.push(address);
      }
      isFixed = withRoom(isFixed, port + 1);
      flows = withRoom(flows, (port + 1) * flowWords);
      isFixed[port] = rules.addresses ? 1 : 0;
      table.setLimit(port, rules.addressLimit ?? addressesPerPort);
      for (const { high, low } of addresses) for (const vid of vids) table.fix(port, high, low | (vid << vidShift));
    },
    forget(port) {
      isFixed[port] = 0;
      table.forget(port);
    },
  };
}

/** Joins ports in pairs, 0 with 1, 2 with 3: whatever enters one leaves the other. For a NIC and its only user. */
export function patch(): Lookup {
  return { name: "patch", whole: (ingress) => ingress ^ 1, lookup: (_batch, _i, ingress) => ingress ^ 1 };
}
