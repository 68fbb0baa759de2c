/**
 * TCPIPSend — makes TCP packets when it is told to.
 *
 * Packets have an IP header that says that they may not be fragmented, whose TTL is 255 and which is marked, and a TCP header with a window of
 * 32120, both with right checksums, and no data.
 *
 * Handlers: send (write `SRC SPORT DST DPORT SEQNO ACKNO FLAGS [COUNT STOP]`): makes COUNT packets, 1 by default, and then, where STOP is true, asks the driver to stop.
 * Addresses are numbers, as Click reads them here: the first byte of the address is the lowest of the number.
 *
 *   t :: TCPIPSend -> ...; Script(write t.send 16777226 1024 33554442 80 1 0 2)
 */
import { arg, type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { readWords } from "../lib/handler-words.ts";
import { dataOf } from "../lib/headers.ts";
import { setPlainHeaderChecksum } from "../lib/ip-encap.ts";
import { packetsPerTurn } from "../lib/pull-task.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";

const ttl = 255;
const windowSize = 32120;
const size = ipv4.size + tcp.size;

const words = {
  SRC: arg.u32,
  SPORT: arg.port("tcp"),
  DST: arg.u32,
  DPORT: arg.port("tcp"),
  SEQNO: arg.u32,
  ACKNO: arg.u32,
  FLAGS: arg.u8,
  COUNT: arg.u32,
  STOP: arg.bool,
} as const;

export const TCPIPSend: ElementClass = element({
  name: "TCPIPSend",
  ports: "0/1",
  processing: "h/h",
  quiet: true,
  state: {
    source: u32,
    sourcePort: u32,
    destination: u32,
    destinationPort: u32,
    sequence: u32,
    acknowledgment: u32,
    flags: u32,
    left: u32,
    stops: u32,
  },
  handlers: {
    send: {
      kind: "text",
      write(s, text, { scope, fire }) {
        const given = readWords(text, words, scope, { COUNT: 1, STOP: false });
        Object.assign(s, {
          source: given.SRC,
          sourcePort: given.SPORT,
          destination: given.DST,
          destinationPort: given.DPORT,
          sequence: given.SEQNO,
          acknowledgment: given.ACKNO,
          flags: given.FLAGS,
          left: given.COUNT,
          stops: Number(given.STOP),
        });
        fire();
      },
    },
  },
  timer(c, { state, packets, output, timer, stop }) {
    const made = c.var("i32", 0, "made");
    c.loop(() => {
      c.if(state.left.get().eqz().or(made.get().geU(packetsPerTurn)), () => c.break());
      state.left.inc(-1);
      made.inc();
      packets.make(size, (packet) => {
        c.fill(packet.data, 0, size);
        const bytes = dataOf(packet).need(size, "stated");
        const ip = bytes.header(ipv4);
        ip.emit({ totalLength: size, df: 1, ttl, protocol: ipProtocols.tcp });
        ip.source.stored.set(state.source.get());
        ip.destination.stored.set(state.destination.get());
        setPlainHeaderChecksum(c, ip);
        const transport = bytes.advance(ipv4.size);
        const segment = transport.header(tcp);
        segment.emit({
          sourcePort: state.sourcePort.get(),
          destinationPort: state.destinationPort.get(),
          sequenceNumber: state.sequence.get(),
          acknowledgmentNumber: state.acknowledgment.get(),
          window: windowSize,
        });
        segment.flags.set(state.flags.get());
        const addresses = { source: state.source.get(), destination: state.destination.get() };
        const whole = { address: segment.address, length: c.i32(tcp.size) };
        segment.checksum.stored.set(transportChecksum(c, addresses, ipProtocols.tcp, whole));
        packet.setNetworkHeader(ip.address, transport.address);
        output(0).push(packet);
      });
    });
    c.if(
      state.left.get(),
      () => timer.after(0n),
      () => c.if(state.stops.get(), () => stop()),
    );
  },
});
