/**
 * StoreUDPTimeSeqRecord(OFFSET [, keyword DELTA]) — puts a sequence number and the time into UDP datagrams, or how long they took.
 *
 * OFFSET is where in the packet the IP header is, of version 4 or 6; UDP follows it at once. The first 20 bytes of the datagram's data are a
 * record of 32-bit numbers in network order: the number of the packet among those that passed, from 1 on, the time in seconds and nanoseconds, and
 * a difference in seconds and nanoseconds, which is 0. With DELTA true, only the difference is put there: how much later than the record's time
 * it is. The UDP checksum is updated as in Click, which is not always right. A packet that is too short or of another kind is dropped.
 *
 * Handlers: count (read), reset (write).
 *
 *   ... -> UDPIPEncap(10.0.1.1, 6667, 20.0.0.2, 6667) -> StoreUDPTimeSeqRecord(OFFSET 0) -> ...
 *   ... -> StoreUDPTimeSeqRecord(OFFSET 0, DELTA true) -> ...
 */
import { arg, type ElementClass, element, keyword, required } from "@clickos/click-core/element";
import type { I32, I64 } from "@clickos/codegen";
import { u64 } from "@clickos/layout";
import { format } from "@clickos/wire";
import { sumFunction } from "@clickos/wire/checksum";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { udp } from "@clickos/wire/udp";
import { advanced, dataOf } from "../lib/headers.ts";

const table = {
  name: "UDP time and sequence record",
  reference: "Click's StoreUDPTimeSeqRecord",
  fields: {
    sequence: { bits: 32, rfc: "seq_num" },
    seconds: { bits: 32, rfc: "data[0]" },
    nanoseconds: { bits: 32, rfc: "data[1]" },
    deltaSeconds: { bits: 32, rfc: "data[2]" },
    deltaNanoseconds: { bits: 32, rfc: "data[3]" },
  },
} as const;
const record = format(table);

const second = 1_000_000_000n;
/** Seconds that make any difference of two times positive. */
const many = 1n << 33n;
const word = 0xffff;
/** Bytes that tell which version of IP a header is of. */
const leastHeader = 8;

export const StoreUDPTimeSeqRecord: ElementClass = element({
  name: "StoreUDPTimeSeqRecord",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: required(arg.u32), DELTA: keyword(arg.bool, false) },
  state: { count: u64 },
  handlers: {
    count: { counter: "count" },
    reset: {
      flags: "",
      write(s) {
        s.count = 0n;
      },
    },
  },
  action(c, packet, { config, state, clock, line }) {
    const tooShort = (): void => packet.drop("too short for a record");
    const bytes = advanced(dataOf(packet), config.OFFSET, leastHeader, tooShort);
    const { version, ihl } = bytes.header(ipv4, "stated");
    const length = c.var("i32", ihl.get().mul(ipv4.table.headerLength.unit), "length");
    c.if(version.get().ne(ipv4.fields.version.is as number), () => {
      c.if(version.get().ne(ipv6.fields.version.is as number), () => {
        line().text("Unknown IP version!").end();
        packet.drop("no packet of IP");
      });
      const { nextHeader } = bytes.header(ipv6, "stated");
      c.if(nextHeader.get().ne(ipProtocols.udp), () => packet.drop("no UDP datagram"));
      length.set(ipv6.size);
    });
    const datagram = bytes.advance(length.get(), tooShort).need(udp.size + record.size, tooShort);
    const { checksum } = datagram.header(udp, "stated");
    const data = datagram.advance(udp.size);
    const { sequence, seconds, nanoseconds, deltaSeconds, deltaNanoseconds } = data.header(record, "stated");
    const sumOf = (from: I32, size: number): I32 => c.call(sumFunction(c), from, size).xor(word).and(word);
    const sum = c.var("i32", checksum.stored.get().and(word), "sum");
    state.count.inc();
    const now = c.var("i64", clock.now(), "now");
    if (config.DELTA) {
      const then = seconds.get().toI64S().mul(second).add(nanoseconds.get().toI64());
      const later: I64 = now
        .get()
        .sub(then)
        .add(many * second);
      deltaSeconds.set(later.divU(second).sub(many).toI32());
      deltaNanoseconds.set(later.remU(second).toI32());
      const { offset } = record.fields.deltaSeconds;
      sum.inc(sumOf(data.address.add(offset), record.size - offset));
    } else {
      sum.set(sum.get().sub(sumOf(data.address, record.size)));
      sequence.set(state.count.get().toI32());
      seconds.set(now.get().divU(second).toI32());
      nanoseconds.set(now.get().remU(second).toI32());
      deltaSeconds.set(0);
      deltaNanoseconds.set(0);
      sum.inc(sumOf(data.address, record.size));
    }
    sum.set(sum.get().and(word).add(sum.get().shrU(16)));
    checksum.stored.set(c.select(sum.get().eq(word), c.i32(0), sum.get()));
  },
});
