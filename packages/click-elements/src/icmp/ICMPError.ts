/**
 * ICMPError(SRC, TYPE [, CODE, BADADDRS, keywords MTU, PMTU, SET_FIX_ANNO]) — answers IP packets with ICMP errors.
 *
 * The error comes from SRC and has the packet's header and as much of what follows as MTU bytes (576) hold. TYPE and CODE are numbers
 * or names: unreachable (net, host, protocol, port, needfrag), sourcequench, redirect (net, host), timeexceeded (transit,
 * reassembly), parameterproblem (erroratptr, missingopt, length). No error is sent about ICMP errors, later fragments, packets
 * to or from broadcast and multicast addresses or BADADDRS, and those that came as link broadcasts; such packets are dropped.
 *
 * An error of needfrag says PMTU; one of erroratptr takes its pointer from the annotation, and a redirect the gateway from the
 * destination annotation. A packet that came along a source route is answered along it.
 *
 * The destination annotation is set, and the FIX_IP_SRC annotation unless SET_FIX_ANNO is false.
 *
 * Handlers: src, mtu, pmtu (read, write).
 *
 *   ... -> d :: DecIPTTL -> ...; d [1] -> ICMPError(18.26.4.24, timeexceeded) -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  keyword,
  positional,
  required,
} from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { icmpCodes, icmpTypes } from "@clickos/wire/icmp";
import { type IcmpError, icmpErrorTypes, makeIcmpError } from "../emit/icmp-error.ts";
import { readValue } from "../lib/handlers.ts";
import { icmpCodeOf, icmpTypeArgument } from "../lib/icmp-type.ts";

const { needfrag } = icmpCodes[icmpTypes.unreachable] as { needfrag: number };
const { erroratptr } = icmpCodes[icmpTypes.parameterproblem] as { erroratptr: number };

export const ICMPError: ElementClass = element({
  name: "ICMPError",
  ports: "1/1",
  live: true,
  processing: "a/a",
  config: {
    SRC: required(arg.ipAddress),
    TYPE: required(icmpTypeArgument),
    CODE: positional(arg.string, "0"),
    BADADDRS: positional(arg.listOf(arg.ipAddress), []),
    MTU: keyword(arg.u32, 576),
    PMTU: keyword(arg.u32, 0),
    SET_FIX_ANNO: keyword(arg.bool, true),
  },
  prepare({ config, error }) {
    const { TYPE, CODE } = config;
    if (!icmpErrorTypes.includes(TYPE)) error(`ICMP type ${TYPE} is not an error type`, 1);
    const code = icmpCodeOf(TYPE, CODE);
    if (code === undefined) error("argument 2 takes ICMP code (integer between 0 and 255)", 2);
    return { code: code ?? 0 };
  },
  state: { source: u32, mtu: u32, pmtu: u32, made: u32 },
  initial: ({ config }) => ({ source: config.SRC, mtu: config.MTU, pmtu: config.PMTU }),
  handlers: {
    src: {
      read: (s) => formatIpAddress(s.source),
      write: (s, value) => {
        s.source = readValue(arg.ipAddress, value);
      },
    },
    mtu: {
      gauge: "mtu",
      unit: "bytes",
      write: (s, value) => {
        s.mtu = readValue(arg.u32, value);
      },
    },
    pmtu: {
      gauge: "pmtu",
      unit: "bytes",
      write: (s, value) => {
        s.pmtu = readValue(arg.u32, value);
      },
    },
  },
  action(c, packet, { config, plan, state, packets, output, clock }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { TYPE } = config;
    const isPointer = TYPE === icmpTypes.parameterproblem && plan.code === erroratptr;
    const pointer = packet.annotation8(annotation.icmpParameterProblem).get();
    const error: IcmpError = {
      type: TYPE,
      code: plan.code,
      source: state.source.get(),
      identification: state.made.get().add(1),
      word: isPointer
        ? pointer.shl(24)
        : TYPE === icmpTypes.redirect
          ? packet.dstIp.get()
          : TYPE === icmpTypes.unreachable && plan.code === needfrag
            ? state.pmtu.get().and(0xffff)
            : 0,
      mtu: state.mtu.get(),
      badAddresses: config.BADADDRS,
    };
    const made = c.var("i32", 0, "made");
    makeIcmpError(c, packets, packet, isPointer ? { ...error, pointer } : error, (answer) => {
      state.made.inc();
      if (config.SET_FIX_ANNO) answer.annotation8(annotation.fixIpSrc).set(1);
      answer.timestamp.set(clock.now());
      made.set(answer.store());
    });
    c.if(made.get(), () => {
      packet.kill();
      packets.take(made.get(), (answer) => output(0).push(answer));
    });
    packet.drop("no ICMP error is due");
  },
});
