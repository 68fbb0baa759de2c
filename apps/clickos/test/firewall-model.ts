/** The demo's firewall as plain TypeScript: what `demo/firewall.click` means, said again in the obvious way. */

const u16 = (b: Uint8Array, at: number): number => ((b[at] ?? 0) << 8) | (b[at + 1] ?? 0);

function sumIsRight(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < header.length; i += 2) sum += u16(header, i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

/** What leaves the firewall for a frame that enters it; `null` when it is dropped. */
export function firewall(frame: Uint8Array): Uint8Array | null {
  if (frame.length < 14) return null;
  const type = u16(frame, 12);
  if (type === 0x0806) return frame;
  if (type !== 0x0800) return null;

  const available = frame.subarray(14);
  if (available.length < 20 || available[0]! >> 4 !== 4) return null;
  const headerLength = (available[0]! & 15) * 4;
  const total = u16(available, 2);
  if (headerLength < 20 || headerLength > available.length) return null;
  if (total < headerLength || total > available.length) return null;
  if (!sumIsRight(available.subarray(0, headerLength))) return null;
  const source = available.subarray(12, 16);
  if (source.every((b) => b === 0) || source.every((b) => b === 255)) return null;

  const packet = available.subarray(0, total);
  const passed = frame.subarray(0, 14 + total);
  const protocol = packet[9];
  const l4 = packet.subarray(headerLength);
  const firstFragment = (u16(packet, 6) & 0x1fff) === 0;
  const hasPorts = (protocol === 6 || protocol === 17) && firstFragment;
  const sport = hasPorts && l4.length >= 2 ? u16(l4, 0) : undefined;
  const dport = hasPorts && l4.length >= 4 ? u16(l4, 2) : undefined;
  const flags = protocol === 6 && firstFragment && l4.length >= 14 ? l4[13]! : 0;
  const syn = (flags & 2) !== 0;
  const ack = (flags & 16) !== 0;
  const icmpType = protocol === 1 && firstFragment && l4.length >= 1 ? l4[0] : undefined;

  if (source[0] === 10 && source[1] === 66) return null;
  if ((u16(packet, 6) & 0x3fff) !== 0) return null;
  if (dport === 23 || sport === 23) return null;
  if (protocol === 17 && (sport === 53 || dport === 53)) return passed;
  if (icmpType === 8 || icmpType === 0) return passed;
  if (protocol === 6 && (dport === 80 || dport === 443)) return passed;
  if (ack && (sport === 80 || sport === 443)) return passed;
  if (syn && !ack) return null;
  if (icmpType === 11) return passed;
  return null;
}
