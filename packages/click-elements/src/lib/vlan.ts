/** What elements are told of VLAN tags, and show of them. */
import {
  type ArgumentSpec,
  type ArgumentType,
  keyword,
  type Mistake,
  positional,
  readText,
} from "@clickos/click-core/element";
import { vlan } from "@clickos/wire/ethernet";
import { boundedInteger } from "./bounded-integer.ts";

const { pcp, dei, vid } = vlan.fields;
/** Bits of a tag below its priority. */
const priorityShift = vid.bits + dei.bits;
export const anyTci: ArgumentType<number> = boundedInteger(0, 0xffff);
const largestId = vid.mask;

/** A tag's control information, or `ANNO`: that of the packet's annotation. */
export const tciWord: ArgumentType<number | "ANNO"> = {
  expects: "a VLAN TCI or ANNO",
  parse: (text, scope) => (text === "ANNO" ? "ANNO" : readTci(text, scope)),
};

function readTci(text: string, scope: Parameters<typeof readText>[2]): number | Mistake {
  return readText(anyTci, text, scope);
}

type Tci = number | "ANNO" | undefined;

/** The arguments that say what a tag has. */
export const tagArguments: {
  readonly VLAN_PCP: ArgumentSpec<number>;
  readonly VLAN_ID: ArgumentSpec<number>;
} = {
  VLAN_PCP: positional(boundedInteger(0, pcp.mask), 0),
  VLAN_ID: keyword(boundedInteger(0, largestId), 0),
};

/** The VLAN whose packets have no tag; -1 is none. */
export const nativeVlan: ArgumentSpec<number> = keyword(boundedInteger(-1, largestId), 0);

/** A tag's control information: what is given of it, and the parts otherwise. */
export function tciOf(
  tci: Tci,
  { VLAN_ID, VLAN_PCP }: { readonly VLAN_ID: number; readonly VLAN_PCP: number },
): number {
  return ((typeof tci === "number" ? tci : VLAN_ID) | (VLAN_PCP << priorityShift)) & 0xffff;
}

/** The parts of a tag's control information, as a configuration gives them. */
export const idOf = (tci: number): number => tci & largestId;
export const priorityOf = (tci: number): number => (tci >> priorityShift) & pcp.mask;
export const partsText = (tci: number): string => `VLAN_ID ${idOf(tci)}, VLAN_PCP ${priorityOf(tci)}`;
/** With `-1`, Click shows all bits of 16 set. */
export const nativeText = (native: number): string => (native === 0 ? "" : `, NATIVE_VLAN ${native & 0xffff}`);
