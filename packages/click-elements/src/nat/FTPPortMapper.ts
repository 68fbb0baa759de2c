/**
 * FTPPortMapper(CONTROL_REWRITER, DATA_REWRITER, DATA_REWRITER_INPUT) — lets FTP clients behind a rewriter say where they listen.
 *
 * Packets are those of FTP control connections from clients, with their IP header marked, on their way to CONTROL_REWRITER, a
 * TCPRewriter or IPRewriter. A packet that begins with the command `PORT a,b,c,d,e,f` names the address and port at which the client
 * waits for the server. The element has DATA_REWRITER make the mapping of that flow, as if its first packet had come to the
 * input DATA_REWRITER_INPUT, and puts into the command what the server sees of it. Lengths and checksums are set anew, and
 * CONTROL_REWRITER, which must have seen the connection before, is told how many bytes there are more or less: it changes the
 * sequence numbers. The server's port for data is one below that of the control connection. Every other packet passes as it is.
 *
 *   tcp_rw :: TCPRewriter(pattern 1.0.0.1 50000-65535 - - 0 1, drop);
 *   rw :: IPRewriter(pattern 1.0.0.1 50000-65535 - - 0 1, drop);
 *   ... -> inside :: IPClassifier(dst tcp port ftp, -) -> FTPPortMapper(tcp_rw, rw, 0) -> [0] tcp_rw; inside [1] -> [0] rw;
 *   ... -> outside :: IPClassifier(src tcp port ftp, -) -> [1] tcp_rw; outside [1] -> [1] rw;
 *   tcp_rw [0] -> ...; tcp_rw [1] -> ...; rw [0] -> ...; rw [1] -> ...
 *
 * RFC 959, File Transfer Protocol.
 */
import {
  arg,
  type ElementClass,
  element,
  type Packet,
  type PeerInterface,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { type BytesField, bytes } from "@clickos/layout";
import { updatedChecksum, wordChange } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { transportOf } from "../lib/headers.ts";
import { coveredAddresses, transportChecksum } from "../lib/transport-checksum.ts";
import { portCommand, writeHostPort } from "./ftp-port-command.ts";
import { Rewriter, TcpRewriter } from "./rewriter.ts";

const offering = (to: PeerInterface<any, any, any>, type: string) =>
  arg.elementName({ type, is: (one) => one.offers(to) });

export const FTPPortMapper: ElementClass = element({
  name: "FTPPortMapper",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    CONTROL_REWRITER: required(offering(TcpRewriter, "TCPRewriter")),
    DATA_REWRITER: required(offering(Rewriter, "IPRewriterBase")),
    DATA_REWRITER_INPUT: required(arg.i32),
  },
  prepare({ config, error }) {
    const { DATA_REWRITER: data, DATA_REWRITER_INPUT: input } = config;
    if (input < 0 || input >= data.ninputs) error("DATA_REWRITER_INPUT out of range", 2);
  },
  peers({ config, every, downstream, warning }) {
    const { name, className } = config.CONTROL_REWRITER;
    if (!downstream(TcpRewriter, 0).some((one) => one.name === name))
      warning(`control packet rewriter '${name} :: ${className}' is not downstream`);
    return {
      control: every(TcpRewriter).find((one) => one.name === name),
      data: every(Rewriter).find((one) => one.name === config.DATA_REWRITER.name),
    };
  },
  state: (): { text: BytesField } => ({ text: bytes(24) }),
  action(c, packet, { config, state, peers, peer, packets, output }) {
    if (!peers.control || !peers.data) return;
    const control = peer(peers.control);
    const data = peer(peers.data);
    const pass = (): void => output(0).push(packet);
    c.if(packet.network.eqz(), pass);
    const { ip } = packet;
    const transport = transportOf(packet);
    const isSegment = ip.protocol.get().eq(ipProtocols.tcp).and(ip.fragmentOffset.get().eqz());
    c.if(isSegment.and(transport.has(tcp.size)).eqz(), pass);
    const segment = transport.header(tcp, "stated");
    const { headerLength } = segment;
    c.if(headerLength.ltU(tcp.size).or(headerLength.gtU(transport.length)), pass);
    const text = transport.advance(headerLength, "stated");
    const command = portCommand(c, text, pass);

    const [source, destination] = [ip.source.stored.get(), ip.destination.stored.get()];
    const controlFlow = control.find({ source, destination, ports: segment.ports.stored.get() });
    c.if(controlFlow.eqz(), pass);
    const serverPort = segment.destinationPort.get().sub(1).and(0xffff).swap16();
    const flow = {
      source: command.address.swap32(),
      destination,
      ports: command.port.swap16().or(serverPort.shl(16)),
    };
    const dataFlow = data.findOrMake(flow, c.i32(ipProtocols.tcp), config.DATA_REWRITER_INPUT);
    c.if(dataFlow.eqz(), pass);

    const to = data.mapping(dataFlow, flow);
    const length = c.call(writeHostPort(c), state.text, to.source.swap32(), to.ports.and(0xffff).swap16());
    const change = length.sub(command.length);
    // Data may move: places are kept as distances from its start.
    const start = command.start.sub(packet.data);
    const sequence = segment.sequenceNumber.get().add(text.length);
    packets.room(packet, { tail: c.select(change.gtS(0), change, c.i32(0)) }, (roomy) => {
      const at = roomy.data.add(start);
      const rest = roomy.length.sub(start).sub(command.length);
      c.copy(at.add(length), at.add(command.length), rest);
      c.copy(at, state.text, length);
      roomy.setLength(roomy.length.add(change));
      setLengthAndChecksums(c, roomy);
      control.changeLength(controlFlow, sequence, change);
      data.setReplyAnnotation(dataFlow, control.replyAnnotation(controlFlow));
      output(0).push(roomy);
    });
  },
});

/** Of a packet whose data has another length. */
function setLengthAndChecksums(c: FunctionBuilder, packet: Packet): void {
  const { ip } = packet;
  const before = ip.totalLength.stored.get();
  ip.totalLength.set(packet.data.add(packet.length).sub(packet.network));
  const { stored } = ip.checksum;
  stored.set(updatedChecksum(stored.get(), wordChange(before, ip.totalLength.stored.get())));
  const segment = transportOf(packet);
  const { checksum } = segment.header(tcp, "stated");
  checksum.stored.set(0);
  checksum.stored.set(transportChecksum(c, coveredAddresses(c, ip), ipProtocols.tcp, segment));
}
