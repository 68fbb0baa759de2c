/**
 * Permissions of a node: a list of domains. The first owns the node, may do everything, and its letter says what
 * domains that are not in the list may do; the others' letters are their own. `n` none, `r` read, `w` write, `b` both.
 */
import { StoreError } from "./error.ts";

export interface Permission {
  readonly domain: number;
  readonly read: boolean;
  readonly write: boolean;
}

const letters: Readonly<Record<string, { read: boolean; write: boolean }>> = {
  n: { read: false, write: false },
  r: { read: true, write: false },
  w: { read: false, write: true },
  b: { read: true, write: true },
};

/** `b3`: domain 3 may read and write. @throws {StoreError} EINVAL */
export function parsePermission(text: string): Permission {
  const access = letters[text[0] ?? ""];
  const domain = /^[nrwb]\d{1,5}$/.test(text) ? Number(text.slice(1)) : -1;
  if (!access || domain < 0 || domain > 0x7fff)
    throw new StoreError("EINVAL", `'${text}' is not a permission such as r3`);
  return { domain, ...access };
}

export function formatPermission({ domain, read, write }: Permission): string {
  return `${read ? (write ? "b" : "r") : write ? "w" : "n"}${domain}`;
}

/** Whether a domain may read or write; domain 0 and the owner always may. */
export function allows(list: readonly Permission[], domain: number, access: "read" | "write"): boolean {
  const owner = list[0];
  if (domain === 0 || owner?.domain === domain) return true;
  const own = list.find((p, i) => i > 0 && p.domain === domain);
  return (own ?? owner)?.[access] ?? false;
}
