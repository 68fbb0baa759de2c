/** What Script and DriverManager have in common: all but the type of script that is ordinary. */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { isEndless, readScript, type ScriptType } from "./instructions.ts";
import { scriptService } from "./service.ts";

/** Handlers in the order in which Click adds them. */
const handlerOrder =
  "step goto run add sub min max mul div idiv mod rem neg abs eq ne gt ge lt le not sprintf first random and or nand nor if in now readable writable length unquote htons htonl ntohs ntohl cat catq kill get set shift".split(
    " ",
  );

export function scriptElement(className: string, ordinary?: ScriptType): ElementClass {
  return element({
    name: className,
    ports: "-/-",
    processing: "ah/ah",
    handlerOrder,
    config: { INSTRUCTIONS: rest(arg.raw) },
    prepare: (context) => readScript(context, ordinary),
    endless: (_config, { instructions }) => isEndless(instructions),
    service: ({ plan, name, landmark, host }) => scriptService({ ...plan, name, landmark, className, host }),
    push(c, port, packet, { service, output, noutputs }) {
      c.switch(
        service.give(packet, port),
        Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
        () => packet.kill(),
      );
    },
    pull(c, _port, { service, input, output, noutputs }) {
      input(0).pull((packet) =>
        c.switch(
          service.give(packet),
          Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
          () => packet.kill(),
        ),
      );
    },
  });
}
