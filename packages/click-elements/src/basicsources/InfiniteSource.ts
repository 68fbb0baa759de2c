/**
 * InfiniteSource([DATA, LIMIT, BURST, ACTIVE] [, keywords TIMESTAMP, LENGTH, STOP, END_CALL]) — makes packets without end.
 *
 * Pushes BURST packets (default 1) each time it is scheduled, or answers pulls. Stops after LIMIT packets;
 * -1, the default, is no limit. Each packet holds DATA, cut or repeated to LENGTH when that is given;
 * without DATA it is a text of 69 bytes. Packets have the time as their timestamp, unless TIMESTAMP is false. When it is scheduled or
 * asked once more after the last packet, it asks the driver to stop (STOP true), or writes a handler (END_CALL `HANDLER [VALUE]`; then it
 * runs in process only). Sleeps while the queues that it fills are full.
 *
 * Handlers: count (read), reset (write), active, limit, burst, data, length (read, write).
 *
 *   InfiniteSource(LIMIT 1000, STOP true) -> Discard;
 */

import { arg, type ElementClass, element, keyword, live, positional } from "@clickos/click-core/element";
import { quoteAlways } from "@clickos/click-language/arguments";
import { u64 } from "@clickos/layout";
import { type HandlerCall, handlerCall } from "../lib/handler-call.ts";
import { wake } from "../lib/handlers.ts";
import { endCall, pullOne, pushBurst } from "../lib/infinite-source.ts";
import { dataText, defaultData, lengthText, makePacket, packetTemplate } from "../lib/source.ts";

const notLength = "length must be integer";
const change = (refusal: string) => ({ refusal, written: wake });

const badBurst = "burstsize parameter must be integer >= 1";

export const InfiniteSource: ElementClass = element({
  name: "InfiniteSource",
  ports: "0/1",
  processing: "a/a",
  live: true,
  config: {
    DATA: positional(arg.bytes, defaultData),
    LIMIT: positional(live(arg.i32, { ...change("limit parameter must be integer"), flags: "." }), -1),
    BURST: positional(live(arg.integer(1, 0x7fffffff), { ...change(badBurst), flags: "." }), 1),
    ACTIVE: positional(live(arg.bool, change("active parameter must be boolean")), true),
    LENGTH: keyword(arg.i32, -1),
    DATASIZE: keyword(arg.i32, -1),
    TIMESTAMP: keyword(arg.bool, true),
    STOP: keyword(arg.bool, false),
    END_CALL: keyword<HandlerCall | undefined>(handlerCall, undefined),
  },
  prepare({ config, error }) {
    if (config.STOP && config.END_CALL) error("END_CALL and STOP are mutually exclusive");
    const length = Math.max(config.LENGTH, config.DATASIZE);
    return { length, template: packetTemplate({ DATA: config.DATA, LENGTH: length }, error) };
  },
  state: { count: u64 },
  handlerOrder: ["data", "limit", "burst", "active", "count", "reset", "length", "burstsize", "datasize"],
  handlers: {
    count: { counter: "count" },
    data: {
      flags: "%.",
      constant: ({ config }) => dataText(config.DATA),
      write: (_s, text, { change }) => change("DATA", quoteAlways(text)),
    },
    length: {
      flags: ".",
      constant: ({ plan }) => plan.length,
      write: (_s, text, { change }) => change("LENGTH", lengthText(text, notLength)),
    },
    burstsize: {
      flags: ".D",
      gauge: "burst",
      write: (_s, text, { change }) => change("BURST", text),
    },
    datasize: {
      flags: ".D",
      constant: ({ plan }) => plan.length,
      write: (_s, text, { change }) => change("DATASIZE", lengthText(text, notLength)),
    },
    reset: {
      write(s, _value, context) {
        s.count = 0n;
        wake(context);
      },
    },
  },
  needsService: (config) => config.END_CALL !== undefined,
  service: endCall,
  notifier: { empty: true },
  pull(c, _port, context) {
    pullOne(c, context, (some) => makePacket(c, context.plan.template, context, some));
  },
  timer: (_c, { task, isPush, emptyNote }) => (isPush(0) ? task.schedule() : emptyNote.wake()),
  endless: ({ LIMIT }) => LIMIT < 0,
  hasTask: ({ outputIsPush }) => outputIsPush,
  task: (c, context) => pushBurst(c, context, (some) => makePacket(c, context.plan.template, context, some)),
});
