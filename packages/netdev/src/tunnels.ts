/** Tunnels over UDP: to a program that has frames as datagrams, and to a VXLAN endpoint, such as a kernel's. */
import type { Endpoint } from "./attachment.ts";
import { type DatagramOptions, type DatagramPort, type Encapsulation, openDatagrams } from "./datagram-port.ts";
import { reasons } from "./drop-counts.ts";
import { NetdevError } from "./error.ts";

const plain: Encapsulation = { header: new Uint8Array(0), refuses: () => undefined, anyPort: false };

/**
 * A port whose frames are the datagrams of a peer: of another such port, or of QEMU's `-netdev dgram`.
 *
 * @throws {NetdevError} @throws {RangeError} for an MTU that is none.
 */
export function openUdp(peer: Endpoint, options: DatagramOptions = {}): Promise<DatagramPort> {
  return openDatagrams(peer, plain, options);
}

/** Assigned by IANA. */
export const vxlanPort = 4789;
const largestVni = 0xff_ffff;
/** RFC 7348, section 5: flags, 24 bits reserved, the VNI in 24 bits, 8 bits reserved. */
const vxlan = { size: 8, flags: 0, vni: 4, valid: 0x08 };

export interface VxlanOptions extends DatagramOptions {
  /** The segment's number: the VNI. */
  readonly id: number;
}

/**
 * A port that is one end of a VXLAN tunnel. It receives at port 4789 unless `local` says another, and takes what the peer sends
 * from any port.
 *
 * @throws {NetdevError} @throws {RangeError} for an MTU that is none.
 */
export async function openVxlan(
  peer: { readonly host: string; readonly port?: number | undefined },
  options: VxlanOptions,
): Promise<DatagramPort> {
  const { id } = options;
  if (!Number.isInteger(id) || id < 0 || id > largestVni)
    throw new NetdevError("BAD_SPECIFICATION", `a VXLAN segment ${id}; it is a whole number up to ${largestVni}`);
  const header = new Uint8Array(vxlan.size);
  header[vxlan.flags] = vxlan.valid;
  new DataView(header.buffer).setUint32(vxlan.vni, id * 256);
  const encapsulation: Encapsulation = {
    header,
    anyPort: true,
    refuses(datagram) {
      // What is reserved is ignored.
      if (datagram.length < vxlan.size || ((datagram[vxlan.flags] as number) & vxlan.valid) === 0)
        return reasons.framing;
      for (let i = 0; i < 3; i++) if (datagram[vxlan.vni + i] !== header[vxlan.vni + i]) return "of another segment";
      return undefined;
    },
  };
  const local = { ...options.local, port: options.local?.port ?? vxlanPort };
  return openDatagrams({ host: peer.host, port: peer.port ?? vxlanPort }, encapsulation, { ...options, local });
}
