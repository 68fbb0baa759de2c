/** What a template is told of the key that its VM is for: parameters by name. */
import type { FrameKey, FrameKeyKind } from "@clickos/vale";

/** The parameters of each kind of key, with values to compile a template with. */
export const keyParameters: Readonly<Record<FrameKeyKind, Readonly<Record<string, string>>>> = {
  flow: {
    SRC: "192.0.2.1",
    DST: "192.0.2.2",
    PROTO: "17",
    SPORT: "1024",
    DPORT: "53",
    VLAN: "1",
  },
  source: { SRC: "192.0.2.1", VLAN: "1" },
  subscriber: { MAC: "02:00:00:00:00:01", VLAN: "1", INNER_VLAN: "1" },
  vlan: { VLAN: "1" },
};

/** The values of a key. A frame without a tag is in VLAN 0. */
export function parametersOf(key: FrameKey): Record<string, string> {
  const values: Record<string, string> = { VLAN: String(key.vlan), INNER_VLAN: String(key.innerVlan) };
  if (key.mac) values.MAC = Array.from(key.mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
  if (key.source) values.SRC = addressText(key.source);
  if (key.destination) values.DST = addressText(key.destination);
  if (key.protocol !== undefined) {
    values.PROTO = String(key.protocol);
    values.SPORT = String(key.sourcePort);
    values.DPORT = String(key.destinationPort);
  }
  return values;
}

/** A key in a line, for people. */
export function keyText(key: FrameKey): string {
  const { VLAN, INNER_VLAN, MAC, SRC, DST, PROTO, SPORT, DPORT } = parametersOf(key);
  const vlans = [VLAN, INNER_VLAN].filter((vid) => vid !== "0").map((vid) => `VLAN ${vid}`);
  const ends = PROTO === undefined ? (MAC ?? SRC) : `${SRC} ${SPORT} > ${DST} ${DPORT}, protocol ${PROTO}`;
  return [...(ends === undefined ? [] : [ends]), ...vlans].join(", ");
}

/** RFC 5952, section 4: the longest run of zeros, the first of several, is `::`; a single one is not. */
function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number)).toString(16),
  );
  let [best, length] = [0, 1];
  for (let from = 0; from < words.length; from++) {
    let to = from;
    while (to < words.length && words[to] === "0") to++;
    if (to - from > length) [best, length] = [from, to - from];
  }
  if (length < 2) return words.join(":");
  return `${words.slice(0, best).join(":")}::${words.slice(best + length).join(":")}`;
}
