/** PPPoE's discovery (RFC 2516 section 5) for a server: hosts find it, and get sessions. */
import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like, I64, Var } from "@clickos/codegen";
import { type Span, type StagedHeader, span } from "@clickos/wire";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { pppoe, pppoeCodes, pppoeTag, pppoeTagKinds, pppoeTags } from "@clickos/wire/ppp";
import { dataOf } from "../lib/headers.ts";
import { sendOwn } from "./ppp-frames.ts";
import { phases, type ServerContext } from "./session-state.ts";
import { beginSession, endSession } from "./sessions.ts";

const cookieBytes = 8;

/** A tag of a host's, to be sent back with it: where it is, and its bytes with its header; none where it has none. */
interface Echoed {
  readonly at: Var<"i32">;
  readonly bytes: Var<"i32">;
}

export function discover(
  c: FunctionBuilder,
  packet: Packet,
  ether: StagedHeader<(typeof ethernet)["table"]>,
  head: StagedHeader<(typeof pppoe)["table"]>,
  isForUs: I32,
  context: ServerContext,
): void {
  const malformed = (): void => packet.drop("malformed PPPoE");
  c.if(head.wellFormed().eqz(), malformed);
  const tags = head.clip(malformed).payload("stated");
  const code = head.code.get();
  const host = ether.source.get();
  c.if(code.eq(pppoeCodes.padt), () => {
    const number = c.var("i32", head.sessionId.get(), "number").get();
    c.if(isForUs.and(isSession(c, number, host, context)), () => endSession(c, number, context));
    packet.kill();
  });
  const isPadi = code.eq(pppoeCodes.padi);
  c.if(isPadi.or(code.eq(pppoeCodes.padr).and(isForUs)).eqz(), () => packet.drop("not for this concentrator"));

  const echoed = (): Echoed => ({ at: c.var("i32", 0), bytes: c.var("i32", 0) });
  const all = { serviceName: echoed(), hostUniq: echoed(), relaySessionId: echoed() };
  const cookieIsOurs = c.var("i32", 0, "cookieIsOurs");
  const cookie = c.var("i64", cookieOf(c, host, context), "cookie");
  pppoeTags.each(
    tags,
    ({ kind, span }) => {
      c.if(kind.eq(pppoeTagKinds.endOfList), () => c.break());
      for (const name of ["serviceName", "hostUniq", "relaySessionId"] as const)
        c.if(kind.eq(pppoeTagKinds[name]), () => {
          all[name].at.set(span.address);
          all[name].bytes.set(span.length);
        });
      c.if(kind.eq(pppoeTagKinds.acCookie).and(span.length.eq(pppoeTag.size + cookieBytes)), () =>
        cookieIsOurs.set(c.load64(span.address, pppoeTag.size).eq(cookie.get())),
      );
    },
    malformed,
  );
  // A host that names no service asks for none in particular: a tag it must have (section 5.1).
  c.if(all.serviceName.bytes.get().eqz(), malformed);

  c.if(isPadi, () => {
    const name = new TextEncoder().encode(context.config.AC_NAME);
    reply(c, packet, host, all, pppoeCodes.pado, c.i32(0), context, {
      bytes: 2 * pppoeTag.size + name.length + cookieBytes,
      write(to) {
        putTag(c, to, pppoeTagKinds.acName, name.length);
        copyName(c, to.add(pppoeTag.size), name, context);
        const next = to.add(pppoeTag.size + name.length);
        putTag(c, next, pppoeTagKinds.acCookie, cookieBytes);
        c.store64(next, cookie.get(), pppoeTag.size);
      },
    });
  });
  c.if(cookieIsOurs.get().eqz(), () => packet.drop("PADR without the cookie of this concentrator"));
  const number = c.var("i32", beginSession(c, host, context), "session");
  c.if(number.get().eqz(), () => {
    context.state.refused.inc();
    reply(c, packet, host, all, pppoeCodes.pads, c.i32(0), context, {
      bytes: pppoeTag.size,
      write: (to) => putTag(c, to, pppoeTagKinds.acSystemError, 0),
    });
  });
  reply(c, packet, host, all, pppoeCodes.pads, number.get(), context);
}

/** Whether a number is that of a session of a host. */
export function isSession(c: FunctionBuilder, number: I32, host: I64, context: ServerContext): I32 {
  const { plan } = context;
  const there = number.sub(1).ltU(plan.capacity);
  const known = context.state.sessions.at(c.select(there, number.sub(1), c.i32(0)));
  return there.and(known.phase.get().ne(phases.free)).and(known.mac.get().eq(host));
}

/** What a host's address gives with the server's secret: who has not seen an offer to it does not know. */
function cookieOf(c: FunctionBuilder, host: I64, { state, random }: ServerContext): I64 {
  const secret = (i: number) => state.secret.at(i);
  c.if(secret(0).get().eqz(), () => {
    for (let i = 0; i < 3; i++) secret(i).set(random().toI64().shl(32n).or(random().toI64()).or(1n));
  });
  const half = (a: number, b: number): I64 => host.add(secret(a).get()).mul(secret(b).get()).shrU(32n);
  return half(0, 1).shl(32n).or(half(1, 2));
}

function putTag(c: FunctionBuilder, at: I32, type: number, length: number): void {
  span(c, at, pppoeTag.size).need(pppoeTag.size, "stated").header(pppoeTag).emit({ type, length });
}
/** Bytes known beforehand, exactly as many. */
function copyName(c: FunctionBuilder, to: I32, name: Uint8Array, { data }: ServerContext): void {
  if (name.length > 0) c.copy(to, data(name, 16), name.length);
}

interface OwnTags {
  readonly bytes: number;
  write(to: I32): void;
}

/** Sends a frame to a host, with the tags that it wants back, and ends its own. */
function reply(
  c: FunctionBuilder,
  packet: Packet,
  host: I64,
  echoed: Readonly<Record<string, Echoed>>,
  code: number,
  number: I32,
  context: ServerContext,
  own: OwnTags = { bytes: 0, write() {} },
): void {
  const { config, packets, output } = context;
  const list = Object.values(echoed);
  const tagBytes = list.reduce((sum, { bytes }) => sum.add(bytes.get()), c.i32(own.bytes));
  const headBytes = ethernet.size + pppoe.size;
  packets.make(tagBytes.add(headBytes), (made) => {
    const bytes: Span = dataOf(made).need(headBytes, "stated");
    bytes.header(ethernet).emit({ destination: host, source: config.ETH, etherType: etherTypes.pppoeDiscovery });
    bytes.advance(ethernet.size).header(pppoe).emit({ version: 1, type: 1, code, sessionId: number, length: tagBytes });
    own.write(made.data.add(headBytes));
    const to = c.var("i32", made.data.add(headBytes + own.bytes), "to");
    for (const { at, bytes } of list)
      c.if(bytes.get(), () => {
        c.copy(to.get(), at.get(), bytes.get() as I32Like);
        to.set(to.get().add(bytes.get()));
      });
    output(0).push(made);
  });
  // A session begins with the server's wishes for the link.
  c.if(number, () => sendOwn(context, number, "link"));
  packet.kill();
}
