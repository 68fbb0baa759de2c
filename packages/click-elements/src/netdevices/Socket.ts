/**
 * Socket(TYPE, ADDR, PORT [, LOCAL_ADDR, LOCAL_PORT] [, keywords CLIENT, SNAPLEN, TIMESTAMP, VERBOSE, ...]) — packets over a socket:
 * Socket(TCP|UDP, ADDR, PORT [, LOCAL_ADDR, LOCAL_PORT]), Socket(UNIX|UNIX_DGRAM, FILENAME [, LOCAL_FILENAME]).
 *
 * Packets that come in are sent, and what is received leaves on the output. A server, which it is unless CLIENT is true or it
 * has no output, listens at ADDR and PORT. Over TCP and UNIX it talks to one client at a time; two more may wait, others are turned
 * away. Over UDP it answers whoever sent to it last. A client connects, or sends, to ADDR and PORT, from LOCAL_ADDR and LOCAL_PORT
 * if the port is given; a UDP client with ADDR 0.0.0.0 sends each packet to its destination annotation.
 *
 * A packet from a stream is what one read has found, up to SNAPLEN bytes (2048): a stream does not keep packets apart. A longer
 * datagram is cut, and its extra length annotation says by how much. Packets get the time at which they came as their
 * timestamp, unless TIMESTAMP is false. A pulling Socket takes packets as the peer takes them; pushed packets that find
 * 4 MiB waiting are dropped, and so are those for nobody.
 *
 * ALLOW and DENY name elements with routes, such as RadixIPLookup. A server does not talk to a client whose address has a route
 * in DENY, unless it has one in ALLOW. VERBOSE true tells of connections. SNDBUF and RCVBUF are sizes of UDP's buffers;
 * NODELAY false lets TCP wait for more to send. HEADROOM and PROPER change nothing.
 *
 * Other than in Click: an empty datagram, and one that cannot be sent, do not close the socket; a UDP server that has heard from
 * nobody keeps its packets to itself, where Click's sends them to its own address. UNIX_DGRAM is not available,
 * since Node.js has no such sockets. A file in a UNIX server's place is never removed, and the server's own stays, as in Click;
 * a LOCAL_FILENAME is not bound. Runs in process only, not in a virtual machine.
 *
 * Handlers: count, drops, port (read).
 *
 *   FromDump(in.pcap) -> Socket(UDP, 127.0.0.1, 9000, CLIENT true)
 */
import type { ElementClass } from "@clickos/click-core/element";
import { socketElement } from "./socket-element.ts";

export const Socket: ElementClass = socketElement({ name: "Socket", processing: "a/h" });
