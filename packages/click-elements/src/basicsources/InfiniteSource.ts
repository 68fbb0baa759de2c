/**
 * InfiniteSource([DATA, LIMIT, BURST, ACTIVE] [, keywords TIMESTAMP, LENGTH, STOP, END_CALL]) — makes packets without end.
 *
 * Pushes BURST packets (default 1) each time it is scheduled, or answers pulls. Stops after LIMIT packets; a limit below 0, as
 * the default of -1, is none. Each packet holds DATA, cut or repeated to LENGTH when that is given;
 * without DATA it is a text of 69 bytes. Packets have the time as their timestamp, unless TIMESTAMP is false. When it is scheduled or
 * asked once more after the last packet, it asks the driver to stop (STOP true), or writes a handler (END_CALL `HANDLER [VALUE]`; then it
 * runs in process only). Sleeps while the queues that it fills are full.
 *
 * Handlers: count (read), reset (write), active, limit, burst, data, length (read, write). A written `config` counts from 0 again.
 * DATASIZE, datasize and burstsize are older names.
 *
 *   InfiniteSource(LIMIT 1000, STOP true) -> Discard;
 */

import {
  arg,
  type ElementClass,
  element,
  type HandlerContext,
  keyword,
  live,
  positional,
} from "@clickos/click-core/element";
import { quoteAlways } from "@clickos/click-language/arguments";
import { u64 } from "@clickos/layout";
import { type HandlerCall, handlerCall } from "../lib/handler-call.ts";
import {
  burstHandler,
  endCall,
  goOn,
  limitHandler,
  type Progress,
  pullOne,
  pushBurst,
  resetHandler,
} from "../lib/infinite-source.ts";
import { dataText, defaultData, givenLength, lengthText, makePacket, packetTemplate } from "../lib/source.ts";

const notLength = "length must be integer";

export const InfiniteSource: ElementClass = element({
  name: "InfiniteSource",
  ports: "0/1",
  processing: "a/a",
  live: true,
  config: {
    DATA: positional(arg.bytes, defaultData),
    LIMIT: positional(arg.i64, -1n),
    BURST: positional(arg.i32, 1),
    ACTIVE: positional(live(arg.bool, { refusal: "active parameter must be boolean", written: goOn }), true),
    TIMESTAMP: keyword(arg.bool, true),
    LENGTH: keyword(arg.i32, -1),
    DATASIZE: keyword<number | undefined>(arg.i32, undefined),
    STOP: keyword(arg.bool, false),
    END_CALL: keyword<HandlerCall | undefined>(handlerCall, undefined),
  },
  prepare({ config, error }) {
    if (config.BURST < 1) error("burst size must be >= 1");
    else if (config.STOP && config.END_CALL) error("END_CALL and STOP are mutually exclusive");
    const length = givenLength(config);
    return { length, template: packetTemplate({ DATA: config.DATA, LENGTH: length }, error) };
  },
  state: { count: u64, limit: arg.i64.stored.field, burst: arg.u32.stored.field },
  initial: ({ config }) => ({ count: 0n, limit: arg.i64.stored.store(config.LIMIT), burst: config.BURST }),
  handlerOrder: ["data", "limit", "burst", "active", "count", "reset", "length", "burstsize", "datasize"],
  handlers: {
    data: {
      flags: "%.",
      constant: ({ config }) => dataText(config.DATA),
      write(s, text, context) {
        goOn(context, s);
        context.override("DATA", quoteAlways(text));
      },
    },
    limit: limitHandler,
    burst: burstHandler,
    count: { counter: "count" },
    reset: resetHandler,
    length: { flags: ".", constant: ({ plan }) => plan.length, write: writeLength },
    burstsize: { ...burstHandler, flags: ".D" },
    datasize: { flags: ".D", constant: ({ plan }) => plan.length, write: writeLength },
  },
  needsService: (config) => config.END_CALL !== undefined,
  service: endCall,
  notifier: { empty: true },
  pull(c, _port, context) {
    pullOne(c, context, (some) => makePacket(c, context.plan.template, context, some));
  },
  timer: (_c, { task, isPush, emptyNote }) => (isPush(0) ? task.schedule() : emptyNote.wake()),
  endless: ({ LIMIT }) => LIMIT < 0n,
  hasTask: ({ outputIsPush }) => outputIsPush,
  task: (c, context) => pushBurst(c, context, (some) => makePacket(c, context.plan.template, context, some)),
});

function writeLength(s: Progress, text: string, context: HandlerContext<unknown, unknown>): void {
  const length = lengthText(text, notLength);
  goOn(context, s);
  context.override("DATASIZE", length);
}
