/** Opens what a text names. */
import { createSwitch, type Port } from "@clickos/vale";
import type { Attachment, Endpoint } from "./attachment.ts";
import { readPcap, writePcap } from "./capture-port.ts";
import { withFaults } from "./faults.ts";
import { createLoopback } from "./link.ts";
import { openPacketSocket } from "./native/packet-socket.ts";
import { openTap } from "./native/tap.ts";
import { openUnixDatagrams } from "./native/unix-datagram.ts";
import { parseSpecification, type Specification } from "./specification.ts";
import { openStream } from "./stream-port.ts";
import { openUdp, openVxlan } from "./tunnels.ts";
import { createUplink } from "./uplink.ts";
import { connectWebSocket, listenWebSocket } from "./websocket.ts";
import { serveWebSockets } from "./websocket-guests.ts";

export interface OpenOptions {
  /** The port's name; the text by default. */
  readonly name?: string | undefined;
  /** Bytes behind the Ethernet header, where the text does not say. */
  readonly mtu?: number | undefined;
}

/**
 * Opens an attachment by its text, such as `tap:click0` or `qemu:/run/guest.sock`; `parseSpecification` has the grammar.
 *
 * @throws {NetdevError} that says what to do. @throws {CaptureError} @throws {RangeError} for an MTU that is none.
 */
export async function openAttachment(
  given: string | Specification,
  { name = typeof given === "string" ? given : given.kind, mtu }: OpenOptions = {},
): Promise<Attachment> {
  const specification = typeof given === "string" ? parseSpecification(given) : given;
  const port = await open(specification, { name, mtu: specification.mtu ?? mtu });
  return specification.faults ? withFaults(port, specification.faults) : port;
}

async function open(
  specification: Specification,
  options: { readonly name: string; readonly mtu: number | undefined },
) {
  switch (specification.kind) {
    case "tap":
      return openTap(specification.interface, { ...specification, ...options });
    case "af_packet":
      return openPacketSocket(specification.interface, { ...specification, ...options });
    case "qemu":
      return openStream(specification.place, { listen: specification.listen, ...options });
    case "udp":
      return openUdp(specification.peer, { local: specification.local, ...options });
    case "vxlan":
      return openVxlan(specification.peer, { id: specification.id, local: specification.local, ...options });
    case "dgram":
      return openUnixDatagrams(specification.peer, { local: specification.local, ...options });
    case "ws":
      if ("connect" in specification) return connectWebSocket(specification.connect, options);
      if (specification.guests !== undefined) return manyGuests(specification, options);
      return listenWebSocket(specification.listen, { path: specification.path, ...options });
    case "pcap":
      return capture(specification, options);
    case "loopback":
      return createLoopback(options.name, options);
  }
}

/** A learning switch with a port for each guest, behind one port. */
async function manyGuests(
  { listen, path, guests }: Extract<Specification, { readonly listen: Endpoint }>,
  { name, mtu }: { readonly name: string; readonly mtu: number | undefined },
): Promise<Attachment> {
  const sw = createSwitch({ name });
  const server = await serveWebSockets(sw, listen, { path, guests, name: "guest", mtu });
  const uplink = createUplink(sw, name, { mtu });
  return Object.defineProperties(
    {
      ...uplink,
      detached() {
        server.close();
        uplink.detached?.();
      },
    },
    {
      readyIn: { get: () => uplink.readyIn },
      problem: {
        get: () => server.problem ?? (server.ports.length === 0 ? `nobody is connected to ${server.url}` : undefined),
      },
    },
  );
}

/** Plays one file and records another, or does one of both. */
function capture(
  specification: Extract<Specification, { kind: "pcap" }>,
  { name, mtu }: { readonly name: string; readonly mtu: number | undefined },
): Port {
  const { input, output, follow } = specification;
  const player = input === undefined ? undefined : readPcap(input, name, { mtu, follow });
  if (output === undefined) return player as Port;
  let recorder: Port;
  try {
    recorder = writePcap(output, { ...specification, name });
  } catch (e) {
    player?.detached?.();
    throw e;
  }
  if (!player) return recorder;
  return {
    ...player,
    deliver: (...all) => recorder.deliver(...all),
    flush: () => recorder.flush(),
    detached() {
      player.detached?.();
      recorder.detached?.();
    },
  };
}
