/** ARP for IPv4 over Ethernet, RFC 826, with the Ethernet header before it: 42 bytes. */
import { type BytesField, bytes, type Struct, struct, type U32Field, u8, u16be, u32 } from "@clickos/layout";

/** IP addresses here are words as they stand in memory: they are only copied and compared. */
export const arpPacket: Struct<{
  etherDst: BytesField;
  etherSrc: BytesField;
  etherType: U32Field;
  hardware: U32Field;
  protocol: U32Field;
  hardwareLength: U32Field;
  protocolLength: U32Field;
  operation: U32Field;
  senderEther: BytesField;
  senderIp: U32Field;
  targetEther: BytesField;
  targetIp: U32Field;
}> = struct(
  {
    etherDst: bytes(6),
    etherSrc: bytes(6),
    etherType: u16be,
    hardware: u16be,
    protocol: u16be,
    hardwareLength: u8,
    protocolLength: u8,
    operation: u16be,
    senderEther: bytes(6),
    senderIp: u32,
    targetEther: bytes(6),
    targetIp: u32,
  },
  { name: "arp", at: { senderIp: 28, targetIp: 38 }, size: 42 },
);

export const arpRequest = 1;
export const arpReply = 2;
export const arpLength = 42;

/** A request for no address yet, from `ether` and `ip`. */
export function arpRequestTemplate(ether: Uint8Array, ip: number): Uint8Array {
  const packet = new Uint8Array(arpLength);
  packet.fill(0xff, 0, 6);
  packet.set(ether, 6);
  packet.set([8, 6, 0, 1, 8, 0, 6, 4, 0, arpRequest], 12);
  packet.set(ether, 22);
  packet.set(
    [ip >>> 24, ip >>> 16, ip >>> 8, ip].map((b) => b & 255),
    28,
  );
  return packet;
}
