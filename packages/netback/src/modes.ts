/**
 * How a vif moves packets: the steps of the paper's table. `baseline`: netif rings, a grant operation and an event for
 * each packet; `+grants`: grants stay mapped; `+vale`: netmap rings; `+batch`: events and work for whole bursts.
 */
export const vifModes = {
  baseline: { netmap: false, persistent: false, burst: 1 },
  "+grants": { netmap: false, persistent: true, burst: 1 },
  "+vale": { netmap: true, persistent: true, burst: 1 },
  "+batch": { netmap: true, persistent: true, burst: 256 },
} as const;
export type VifMode = keyof typeof vifModes;
/** The kind of rings that a compiled front end has for a mode. */
export function ringsOf(mode: VifMode): "netmap" | "persistent" | "netif" {
  const { netmap, persistent } = vifModes[mode];
  return netmap ? "netmap" : persistent ? "persistent" : "netif";
}
