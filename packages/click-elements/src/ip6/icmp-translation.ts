/** What messages of ICMP and ICMPv6 become in each other, as Click's translators have it (RFC 2765 sections 3.3 and 4.2). */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { Span } from "@clickos/wire";
import { icmp, icmpCodes, icmpParameterProblem, icmpTypes } from "@clickos/wire/icmp";
import { icmpv6, icmpv6Error, icmpv6Types } from "@clickos/wire/icmpv6";

/** Bytes of the header of either, with what its type has there. */
export const messageSize: number = icmpv6.size + icmpv6Error.size;

/** Click's length of a message has one byte. */
export const messageLength = (length: I32): I32 => length.and(0xff);

/** The parts of a message; `rest` are the four bytes behind the checksum, as they are stored. */
interface Parts {
  readonly type: I32;
  readonly code: I32;
  readonly rest: I32;
}

/** What a number becomes. */
function mapped(c: FunctionBuilder, value: I32, pairs: readonly (readonly [number, number])[], otherwise: number): I32 {
  return pairs.reduce((rest, [from, to]) => c.select(value.eq(from), c.i32(to), rest), c.i32(otherwise));
}

const unreachable = icmpCodes[icmpTypes.unreachable] as Readonly<Record<string, number>>;
const code = (name: string): number => unreachable[name] as number;
const unreachable6 = { route: 0, prohibited: 1, scope: 2, address: 3, port: 4 } as const;
/** RFC 4443 section 3.4. */
const problem6 = { field: 0, nextHeader: 1, option: 2 } as const;
/** Where IPv6's next header is in its header. */
const nextHeaderAt = 6;
/** Pointers into an IPv4 header, and those into one of IPv6: version, length, TTL, protocol, source, destination. */
const pointersTo6 = [
  [0, 0],
  [2, 4],
  [8, 7],
  [9, nextHeaderAt],
  [12, 8],
  [16, 24],
] as const;
const pointersTo4 = [
  [0, 0],
  [4, 2],
  [7, 8],
  [nextHeaderAt, 9],
  [8, 12],
  [24, 0xff],
] as const;

/** The parts of the case that a type is; `none` leaves where it is none of them. */
function choose(c: FunctionBuilder, type: I32, all: Readonly<Record<number, Parts>>, none: () => void): Parts {
  const entries = Object.entries(all).map(([known, parts]) => [type.eq(Number(known)), parts] as const);
  c.leaveIf(entries.reduce((any, [is]) => any.or(is), c.i32(0)).eqz(), none);
  const part = (of: keyof Parts): I32 => entries.reduce((rest, [is, parts]) => c.select(is, parts[of], rest), c.i32(0));
  return { type: part("type"), code: part("code"), rest: part("rest") };
}

/** An ICMP message, whose header is there, as ICMPv6; `none` leaves where there is none for it. */
export function toIcmp6(c: FunctionBuilder, bytes: Span, none: () => void): Parts {
  const message = bytes.need(messageSize, "stated");
  const { type, code: given } = message.header(icmp, "stated");
  const behind = message.advance(icmp.size);
  const echo = behind.header(icmpv6Error, "stated").parameter.stored.get();
  const pointer = behind.header(icmpParameterProblem, "stated").pointer.get();
  const [zero, value] = [c.i32(0), given.get()];
  const isProtocol = value.eq(code("protocol"));
  const isTooBig = value.eq(code("needfrag"));
  const unreachableType = c.select(
    isProtocol,
    c.i32(icmpv6Types.parameterProblem),
    c.select(isTooBig, c.i32(icmpv6Types.packetTooBig), c.i32(icmpv6Types.unreachable)),
  );
  const unreachableCode = mapped(
    c,
    value,
    [
      [code("protocol"), problem6.nextHeader],
      [code("port"), unreachable6.port],
      [code("srcroutefail"), unreachable6.scope],
      [code("netprohibited"), unreachable6.prohibited],
      [code("hostprohibited"), unreachable6.prohibited],
    ],
    unreachable6.route,
  );
  return choose(
    c,
    type.get(),
    {
      [icmpTypes.echo]: { type: c.i32(icmpv6Types.echo), code: zero, rest: echo },
      [icmpTypes["echo-reply"]]: { type: c.i32(icmpv6Types.echoReply), code: zero, rest: echo },
      // Click writes pointers in the machine's order of bytes.
      [icmpTypes.unreachable]: {
        type: unreachableType,
        code: unreachableCode,
        rest: c.select(isProtocol, c.i32(nextHeaderAt), zero),
      },
      [icmpTypes.timeexceeded]: { type: c.i32(icmpv6Types.timeExceeded), code: value, rest: zero },
      [icmpTypes.parameterproblem]: {
        type: c.i32(icmpv6Types.parameterProblem),
        code: zero,
        rest: mapped(c, pointer, pointersTo6, -1),
      },
    },
    none,
  );
}

/** The same of an ICMPv6 message as ICMP; `none` leaves where there is none for it. */
export function toIcmp4(c: FunctionBuilder, bytes: Span, none: () => void): Parts {
  const message = bytes.need(messageSize, "stated");
  const { type, code: given } = message.header(icmpv6, "stated");
  const { parameter } = message.advance(icmpv6.size).header(icmpv6Error, "stated");
  const [zero, value] = [c.i32(0), given.get()];
  const isNextHeader = value.eq(problem6.nextHeader);
  const isProblem = type.get().eq(icmpv6Types.parameterProblem);
  c.leaveIf(isProblem.and(value.gtU(problem6.option)), none);
  const pointer = c.select(value.eq(problem6.option), c.i32(0xff), mapped(c, parameter.get(), pointersTo4, 0));
  return choose(
    c,
    type.get(),
    {
      [icmpv6Types.echo]: { type: c.i32(icmpTypes.echo), code: zero, rest: parameter.stored.get() },
      [icmpv6Types.echoReply]: { type: c.i32(icmpTypes["echo-reply"]), code: zero, rest: parameter.stored.get() },
      [icmpv6Types.unreachable]: {
        type: c.i32(icmpTypes.unreachable),
        code: mapped(
          c,
          value,
          [
            [unreachable6.prohibited, code("hostprohibited")],
            [unreachable6.scope, code("srcroutefail")],
            [unreachable6.address, code("host")],
            [unreachable6.port, code("port")],
          ],
          code("net"),
        ),
        rest: zero,
      },
      [icmpv6Types.packetTooBig]: { type: c.i32(icmpTypes.unreachable), code: c.i32(code("needfrag")), rest: zero },
      [icmpv6Types.timeExceeded]: { type: c.i32(icmpTypes.timeexceeded), code: value, rest: zero },
      [icmpv6Types.parameterProblem]: {
        type: c.select(isNextHeader, c.i32(icmpTypes.unreachable), c.i32(icmpTypes.parameterproblem)),
        code: c.select(isNextHeader, c.i32(code("protocol")), zero),
        // The pointer is the first of the four bytes.
        rest: c.select(isNextHeader, zero, pointer),
      },
    },
    none,
  );
}

/** Writes the header of a message, all but its checksum. */
export function writeMessage(bytes: Span, { type, code, rest }: Parts): void {
  const message = bytes.need(messageSize, "stated");
  message.header(icmpv6, "stated").emit({ type, code });
  message.advance(icmpv6.size).header(icmpv6Error, "stated").parameter.stored.set(rest);
}
