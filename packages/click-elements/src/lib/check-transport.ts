/** What CheckTCPHeader, CheckUDPHeader and CheckICMPHeader have in common: arguments, handlers, and what becomes of bad packets. */
import { arg, type ElementClass, element, keyword, type Packet } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { array, u32 } from "@clickos/layout";

export interface TransportCheck {
  readonly name: string;
  readonly protocol: "ICMP" | "TCP" | "UDP";
  /** Whether messages begin with the element's name and class. */
  readonly named: boolean;
  /** Looks at a packet whose IP header is marked; leaves by one of the branches where it is wrong. */
  check(
    c: FunctionBuilder,
    packet: Packet,
    wrong: { readonly protocol: () => void; readonly length: () => void; readonly checksum: () => void },
  ): void;
}

/** A class that lets good packets pass; the others leave on output 1, or are dropped and counted. */
export function transportCheck({ name: className, protocol, named, check }: TransportCheck): ElementClass {
  const reasons = [`not ${protocol}`, "bad packet length", `bad ${protocol} checksum`] as const;
  return element({
    name: className,
    ports: "1/1-2",
    processing: "a/ah",
    config: { VERBOSE: keyword(arg.bool, false), DETAILS: keyword(arg.bool, false) },
    state: { drops: u32, details: array(u32, reasons.length) },
    handlers: { drops: { counter: "drops" } },
    furtherHandlers({ config }) {
      if (!config.DETAILS) return {};
      return { drop_details: { read: (s) => reasons.map((reason, i) => `${s.details[i]}\t${reason}\n`).join("") } };
    },
    action(c, packet, { config, state, output, line, name }) {
      const verdict = c.var("i32", 0, "verdict");
      c.block((done) => {
        const fail = (reason: number) => (): void => {
          verdict.set(reason + 1);
          c.br(done);
        };
        const [wrongProtocol, length, checksum] = [fail(0), fail(1), fail(2)];
        c.if(packet.network.eqz(), wrongProtocol);
        check(c, packet, { protocol: wrongProtocol, length, checksum });
      });
      const reason = verdict.get().sub(1);
      c.if(verdict.get(), () => {
        c.if(config.VERBOSE ? c.i32(1) : state.drops.get().eqz(), () => {
          const message = line().text(`${named ? `${name} :: ${className}: ` : ""}${protocol} header check failed: `);
          reasons.forEach((text, i) => c.if(reason.eq(i), () => message.text(text)));
          message.end();
        });
        state.drops.inc();
        if (config.DETAILS) state.details.at(reason).inc();
        if (output(1).connected) output(1).push(packet);
        else
          c.switch(
            reason,
            reasons.slice(0, -1).map((text) => () => packet.drop(text)),
            () => packet.drop(reasons[2]),
          );
      });
    },
  });
}
