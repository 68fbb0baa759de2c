/**
 * Control protocols of PPP for a server: LCP (RFC 1661), PAP (RFC 1334) and IPCP (RFC 1332, 1877). A host's request is answered in its own
 * frame: acknowledged as it is, or with those options alone that are rejected, or else with those that should be others.
 */
import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type Span, type StagedHeader, span } from "@clickos/wire";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import {
  ipcpOptionKinds,
  lcpOptionKinds,
  papCodes,
  papField,
  ppp,
  pppCodes,
  pppControl,
  pppLongOption,
  pppMagic,
  pppOptions,
  pppoe,
  pppProtocols,
} from "@clickos/wire/ppp";
import { dataOf } from "../lib/headers.ts";
import { answer, encapsulation, type Message, sendOwn } from "./ppp-frames.ts";
import { agreed, longestName, phases, type ServerContext, type StagedSession, sessionAt } from "./session-state.ts";
import { belongTo, endSession, hangUp } from "./sessions.ts";

/** What a server says to an option. */
const verdicts = { accept: 0, nak: 1, reject: 2 } as const;

interface Option {
  readonly kind: I32;
  readonly span: Span;
}
/** A verdict for an option, as a number; and what an option that is not acknowledged should be, written where it stands. */
interface Opinion {
  verdict(option: Option): I32;
  wanted(option: Option): void;
}

/** Answers a configuration request; `acknowledged` is staged where the answer is that all is well. The packet is gone then. */
function negotiate(
  c: FunctionBuilder,
  packet: Packet,
  message: Message,
  options: Span,
  { verdict, wanted }: Opinion,
  context: ServerContext,
  acknowledged: () => void,
): void {
  const malformed = (): void => packet.drop("malformed PPP options");
  const worst = c.var("i32", verdicts.accept, "worst");
  pppOptions.each(
    options,
    (option) => {
      const its = c.var("i32", verdict(option), "verdict");
      c.if(its.get().gtU(worst.get()), () => worst.set(its.get()));
    },
    malformed,
  );
  c.if(worst.get().eqz(), () => {
    acknowledged();
    answer(packet, message, pppCodes.configureAck, options.length, context);
  });
  // Those of that verdict alone stay, one after the other.
  const to = c.var("i32", options.address, "to");
  pppOptions.each(options, (option) => {
    const bytes = c.var("i32", option.span.length, "bytes");
    const kind = c.var("i32", option.kind, "kind");
    c.if(verdict(option).eq(worst.get()), () => {
      c.copy(to.get(), option.span.address, bytes.get());
      wanted({ kind: kind.get(), span: span(c, to.get(), bytes.get()).need(2, "stated") });
      to.set(to.get().add(bytes.get()));
    });
  });
  const left = to.get().sub(options.address);
  const code = c.select(worst.get().eq(verdicts.nak), c.i32(pppCodes.configureNak), c.i32(pppCodes.configureReject));
  answer(packet, message, code, left, context);
}
/** A frame in a session whose host has sent it and that carries no IP. */
export function controlFrame(
  c: FunctionBuilder,
  packet: Packet,
  ether: StagedHeader<(typeof ethernet)["table"]>,
  head: StagedHeader<(typeof pppoe)["table"]>,
  number: I32,
  context: ServerContext,
): void {
  const malformed = (): void => packet.drop("malformed PPP");
  const its = sessionAt(context, number);
  const payload = head.clip(malformed).payload("stated");
  const link = payload.header(ppp, malformed);
  const protocol = link.protocol.get();
  const { lcp, pap, ipcp, ip } = pppProtocols;
  const known = [lcp, pap, ipcp].map((one) => protocol.eq(one)).reduce((a, b) => a.or(b));
  c.if(known.eqz(), () => {
    c.if(protocol.eq(ip).or(its.phase.get().ltU(phases.authentication)), () =>
      packet.drop("before the session is open"),
    );
    rejectProtocol(c, packet, payload, number, its, context);
  });
  const control = link.payload().header(pppControl, malformed).clip(malformed) as Message["control"];
  const body = control.payload("stated");
  const message = { ether, head, control };
  c.if(protocol.eq(lcp), () => linkPacket(c, packet, message, body, number, its, context));
  c.if(protocol.eq(pap), () => passwordPacket(c, packet, message, body, number, its, context));
  networkPacket(c, packet, message, body, number, its, context);
}

/** A protocol that the server does not know: its packet is sent back in one of LCP (RFC 1661 section 5.7). */
function rejectProtocol(
  c: FunctionBuilder,
  packet: Packet,
  payload: Span,
  number: I32,
  its: StagedSession,
  { config, packets, output }: ServerContext,
): void {
  const length = payload.length.add(pppControl.size);
  const headBytes = encapsulation + pppControl.size;
  packets.make(payload.length.add(headBytes), (made) => {
    const bytes = dataOf(made).need(headBytes, "stated");
    bytes.header(ethernet).emit({ destination: its.mac.get(), source: config.ETH, etherType: etherTypes.pppoeSession });
    const head = bytes.advance(ethernet.size).header(pppoe);
    head.emit({ version: 1, type: 1, sessionId: number, length: length.add(ppp.size) });
    const link = head.payload().header(ppp);
    link.emit({ protocol: pppProtocols.lcp });
    its.identifier.inc();
    link.payload().header(pppControl).emit({ code: pppCodes.protocolReject, identifier: its.identifier.get(), length });
    c.copy(made.data.add(headBytes), payload.address, payload.length);
    output(0).push(made);
  });
  packet.kill();
}

/** LCP: the link itself. */
function linkPacket(
  c: FunctionBuilder,
  packet: Packet,
  message: Message,
  body: Span,
  number: I32,
  its: StagedSession,
  context: ServerContext,
): void {
  const code = message.control.code.get();
  const is = (one: number): I32 => code.eq(one);
  c.if(is(pppCodes.configureRequest), () =>
    negotiate(
      c,
      packet,
      message,
      body,
      {
        // The host may say how much it takes, and give a number. It is not for the server to say who it is.
        verdict: ({ kind }) =>
          c.select(
            kind.eq(lcpOptionKinds.maximumReceiveUnit).or(kind.eq(lcpOptionKinds.magicNumber)),
            c.i32(verdicts.accept),
            c.i32(verdicts.reject),
          ),
        wanted() {},
      },
      context,
      () => agreeOn(c, its, agreed.theirLink),
    ),
  );
  // Answers to a request that was not the last one say nothing.
  const answers = message.control.identifier.get().eq(its.identifier.get());
  const stale = (): void => packet.drop("answer to no PPP request");
  c.if(is(pppCodes.configureAck), () => {
    c.if(answers.eqz(), stale);
    agreeOn(c, its, agreed.ourLink);
    packet.kill();
  });
  c.if(is(pppCodes.configureNak).or(is(pppCodes.configureReject)), () => {
    c.if(answers.eqz(), stale);
    const refuses = c.var("i32", 0, "refuses");
    pppOptions.each(body, ({ kind }) => c.if(kind.eq(lcpOptionKinds.authenticationProtocol), () => refuses.set(1)));
    // Who does not say who it is gets nothing; what else is refused is not asked for.
    c.if(refuses.get(), () => {
      context.state.refused.inc();
      hangUp(c, number, context);
      packet.kill();
    });
    its.agreed.set(its.agreed.get().or(agreed.plain));
    sendOwn(context, number, "plainLink");
    packet.kill();
  });
  c.if(is(pppCodes.echoRequest), () => {
    c.if(body.has(pppMagic.size).eqz(), () => packet.drop("malformed PPP"));
    body.header(pppMagic, "stated").magicNumber.set(its.magic.get());
    answer(packet, message, pppCodes.echoReply, body.length, context);
  });
  c.if(is(pppCodes.terminateRequest), () => {
    endSession(c, number, context);
    answer(packet, message, pppCodes.terminateAck, body.length, context);
  });
  // Echo replies have been heard; the rest says nothing that the server goes by.
  packet.kill();
}

/** Notes what is agreed on; where that is all of the link, the host is to say who it is. */
function agreeOn(c: FunctionBuilder, its: StagedSession, what: number): void {
  its.agreed.set(its.agreed.get().or(what));
  const both = (mine: number, theirs: number): I32 =>
    its.agreed
      .get()
      .and(mine | theirs)
      .eq(mine | theirs);
  c.if(its.phase.get().eq(phases.link).and(both(agreed.ourLink, agreed.theirLink)), () => {
    its.phase.set(phases.authentication);
    its.tries.set(0);
  });
  c.if(its.phase.get().eq(phases.network).and(both(agreed.ourNetwork, agreed.theirNetwork)), () => {
    its.phase.set(phases.open);
    its.tries.set(0);
  });
}

/** PAP: the host says who it is. */
function passwordPacket(
  c: FunctionBuilder,
  packet: Packet,
  message: Message,
  body: Span,
  number: I32,
  its: StagedSession,
  context: ServerContext,
): void {
  const { state } = context;
  const malformed = (): void => packet.drop("malformed PAP request");
  c.if(its.phase.get().ltU(phases.authentication).or(message.control.code.get().ne(papCodes.request)), () =>
    packet.drop("before the link is agreed on"),
  );
  const name = body.header(papField, malformed).clip(malformed).payload("stated");
  const rest = body.advance(name.length.add(papField.size), malformed);
  const password = rest.header(papField, malformed).clip(malformed).payload("stated");
  const user = c.var("i32", -1, "user");
  c.if(name.length.leU(longestName).and(password.length.leU(longestName)), () => {
    for (let at = 0; at < 2 * longestName; at += 16) c.zero16(state.scratch, at);
    c.copy(state.scratch, name.address, name.length);
    c.copy(state.scratch.add(longestName), password.address, password.length);
    const words = Array.from({ length: longestName / 4 }, (_, i) => c.load32(state.scratch, i * 4));
    const found = c.var("i32", state.names.find(words), "found");
    c.if(found.get(), () => {
      const candidate = state.names.value(found.get()).number.get();
      const { name, password, known } = state.users.at(candidate);
      // All of it is compared, whatever differs.
      const differences = [name, password].flatMap((kept, which) =>
        Array.from({ length: longestName / 8 }, (_, i) =>
          c.load64(kept, i * 8).xor(c.load64(state.scratch, which * longestName + i * 8)),
        ),
      );
      const difference = differences.reduce((a, b) => a.or(b));
      c.if(difference.eqz().and(known.get()), () => user.set(candidate));
    });
  });
  const reply = (code: number): void => {
    // An empty message.
    body.header(papField, "stated").length.set(0);
    answer(packet, message, code, c.i32(papField.size), context);
  };
  c.if(user.get().eq(-1), () => {
    state.refused.inc();
    // The host is told, and the session ends with the timer's next look.
    its.closing.set(1);
    reply(papCodes.nak);
  });
  // A host that asks again has not heard.
  c.if(its.phase.get().eq(phases.authentication), () => {
    c.if(belongTo(c, number, user.get(), context).eqz(), () => packet.drop("no memory for another session"));
    sendOwn(context, number, "network");
  });
  reply(papCodes.ack);
}

/** IPCP: the host's address, and the server's. */
function networkPacket(
  c: FunctionBuilder,
  packet: Packet,
  message: Message,
  body: Span,
  number: I32,
  its: StagedSession,
  context: ServerContext,
): void {
  const { DNS } = context.config;
  c.if(its.phase.get().ltU(phases.network), () => packet.drop("before the host has said who it is"));
  const code = message.control.code.get();
  const { ipAddress, primaryDns, secondaryDns } = ipcpOptionKinds;
  c.if(code.eq(pppCodes.configureRequest), () =>
    negotiate(
      c,
      packet,
      message,
      body,
      {
        verdict({ kind, span }) {
          const isAddress = kind.eq(ipAddress).and(span.length.eq(pppLongOption.size));
          const isDns = kind.eq(primaryDns).or(kind.eq(secondaryDns)).and(span.length.eq(pppLongOption.size));
          const value = c.var("i32", 0, "value");
          c.if(isAddress.or(isDns), () => value.set(span.header(pppLongOption, "stated").value.get()));
          const right = (wanted: I32): I32 =>
            c.select(value.get().eq(wanted), c.i32(verdicts.accept), c.i32(verdicts.nak));
          const dns = DNS === undefined ? c.i32(verdicts.reject) : right(c.i32(DNS));
          return c.select(isAddress, right(its.address.get()), c.select(isDns, dns, c.i32(verdicts.reject)));
        },
        wanted({ kind, span }) {
          const set = (value: I32): void =>
            c.if(span.length.eq(pppLongOption.size), () => span.header(pppLongOption, "stated").value.set(value));
          c.if(
            kind.eq(ipAddress),
            () => set(its.address.get()),
            () => {
              if (DNS !== undefined) c.if(kind.eq(primaryDns).or(kind.eq(secondaryDns)), () => set(c.i32(DNS)));
            },
          );
        },
      },
      context,
      () => agreeOn(c, its, agreed.theirNetwork),
    ),
  );
  c.if(code.eq(pppCodes.configureAck), () => {
    c.if(message.control.identifier.get().ne(its.identifier.get()), () => packet.drop("answer to no PPP request"));
    agreeOn(c, its, agreed.ourNetwork);
    packet.kill();
  });
  c.if(code.eq(pppCodes.terminateRequest), () => {
    hangUp(c, number, context);
    packet.kill();
  });
  packet.kill();
}
