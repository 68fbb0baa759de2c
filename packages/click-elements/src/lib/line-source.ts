/** Elements that make packets of the lines of a text: what they have in common on the host. */
import {
  arg,
  type HostFrame,
  type HostService,
  type ServiceContext,
  type ServiceHandler,
} from "@clickos/click-core/element";
import { DumpLines } from "./dump-lines.ts";
import { readAs } from "./handlers.ts";
import { Playback } from "./playback.ts";
import { certain, isTaken } from "./sampling.ts";

/** Lines that are looked at for a packet in one turn. */
const linesPerTurn = 1000;

export interface LineSourceConfig {
  readonly FILENAME: string;
  readonly STOP: boolean;
  readonly ACTIVE: boolean;
  readonly TIMING?: boolean;
}

/** The lines of an element's file, with the name that it is shown by, and where in it an element is that speaks of it. */
export interface OpenLines {
  readonly lines: DumpLines;
  readonly file: string;
  place(): string;
}

export function openLines({ config, host }: ServiceContext<LineSourceConfig, unknown>): OpenLines {
  const { files } = host;
  if (!files) throw "files are not available here";
  const file = config.FILENAME === "-" ? "<stdin>" : (files.resolve?.(config.FILENAME) ?? config.FILENAME);
  const lines = new DumpLines({ files, file: config.FILENAME }, { shownName: file, mayBeAbsent: false });
  return { lines, file, place: () => `${file}:${lines.line}` };
}

export interface LineSourceOptions {
  /** The next packet: `undefined` where a line is none, `null` where there is none until the element is made active again. */
  read(): HostFrame | null | undefined;
  /** The probability that a packet is taken. */
  readonly probability?: number;
  /** What is wrong with a text that `active` cannot be. */
  readonly refusal: string;
}

/** The host side of such an element; its handlers are of these. */
export interface LineSource {
  readonly service: Pick<HostService, "next" | "waiting" | "close">;
  readonly handlers: Readonly<
    Record<"active" | "encap" | "stop" | "filename" | "filesize" | "filepos", ServiceHandler>
  >;
}

export function lineSource(
  { config, host }: ServiceContext<LineSourceConfig, unknown>,
  { lines, file }: OpenLines,
  { read, probability = certain, refusal }: LineSourceOptions,
): LineSource {
  let { ACTIVE: active } = config;
  const playback = new Playback(host);
  /** A packet that waits for its time. */
  let held: HostFrame | undefined;
  return {
    service: {
      next() {
        if (!active || playback.early) return null;
        for (let looked = 0; looked < linesPerTurn; looked++) {
          const frame = held ?? read();
          if (frame === null) {
            if (config.STOP) host.stop();
            return null;
          }
          if (frame && config.TIMING && !playback.isDue(frame.timestampNs)) {
            held = frame;
            return null;
          }
          held = undefined;
          if (isTaken(probability, host)) return frame;
        }
        return undefined;
      },
      waiting: () => playback.early,
      close: () => lines.close(),
    },
    handlers: {
      active: {
        kind: "flag",
        read: () => active,
        write(value) {
          active = readAs(arg.bool, value, refusal);
          if (active) host.schedule();
        },
      },
      encap: { read: () => "IP" },
      stop: {
        write() {
          active = false;
          host.stop();
        },
      },
      filename: { read: () => file },
      filesize: { read: () => lines.size ?? "-" },
      filepos: { read: () => lines.position },
    },
  };
}
