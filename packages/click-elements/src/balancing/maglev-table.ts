/**
 * The table by which Maglev spreads flows over servers: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer"
 * (NSDI '16), section 3.4. Each server has a permutation of the table's entries, of its own address, and takes entries in turn. So
 * servers have as many entries as their weights say, to one, and most entries keep their server when others come or go.
 */

/** A server: what is hashed, and how many turns it has. */
export interface Share {
  readonly address: number;
  readonly weight: number;
}

/** The entry of a table in which no server is. */
export const nobody = 0xffff;
export const mostServers: number = nobody - 1;

/** Two hashes of an address: the finalizer of MurmurHash3 (Appleby), from two seeds. */
function scatter(n: number): number {
  let h = n >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
const seeds = [0x9e3779b9, 0x7f4a7c15] as const;

/**
 * The server of each entry, by its place in the list; `nobody` where none has a weight. `size` is a prime number, so that every step is a
 * permutation. Tables of the same servers are equal whatever the order of the list.
 */
export function maglevTable(servers: readonly Share[], size: number): Uint16Array {
  const table = new Uint16Array(size).fill(nobody);
  const most = servers.reduce((max, { weight }) => Math.max(max, weight), 0);
  if (most === 0) return table;
  const turns = servers
    .map(({ address, weight }, server) => ({
      server,
      address,
      weight,
      at: scatter(address ^ seeds[0]) % size,
      step: (scatter(address ^ seeds[1]) % (size - 1)) + 1,
      owed: 0,
    }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.address - b.address);
  for (let filled = 0; ; )
    for (const turn of turns) {
      turn.owed += turn.weight;
      if (turn.owed < most) continue;
      turn.owed -= most;
      while (table[turn.at] !== nobody) turn.at = (turn.at + turn.step) % size;
      table[turn.at] = turn.server;
      if (++filled === size) return table;
    }
}

export function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
}
