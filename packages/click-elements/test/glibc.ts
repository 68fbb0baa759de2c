/** glibc's `random` after `srandom(seed)`: what routers draw by chance after RandomSeed. */
export function* glibc(seed: number): Generator<number, never> {
  const words = [seed || 1];
  for (let i = 1; i < 31; i++) {
    const next = Number((16807n * BigInt((words[i - 1] as number) | 0)) % 2147483647n);
    words.push(next < 0 ? next + 2147483647 : next);
  }
  for (let i = 31; i < 34; i++) words.push(words[i - 31] as number);
  for (let i = 34; ; i++) {
    words.push(((words[i - 31] as number) + (words[i - 3] as number)) >>> 0);
    if (i >= 344) yield (words[i] as number) >>> 1;
  }
}
