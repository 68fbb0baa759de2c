/** `clickos tap`: frames that pass a port of a switch, an interface of a domain, or a port of an element, as a capture. */

import type { Client, StreamParams } from "@clickos/client";
import { writeCapture } from "@clickos/pcap";
import { createCapture } from "@clickos/pcap/node";
import { type Command, Option } from "commander";
import { CommandError, UsageError } from "../failure.ts";
import { number } from "../plain-options.ts";
import { interruptible } from "../shutdown.ts";
import { placeOf, withDaemon } from "./with-daemon.ts";

interface TapOptions {
  readonly output: string;
  readonly count?: number;
  readonly direction?: "in" | "out" | "both";
  readonly snapLength?: number;
  readonly filter?: string;
}

/** Packets that begin with an IP header, in captures. */
const linkTypeRaw = 101;
/** `DOMAIN:ELEMENT:PORT`, where a domain may have a router's number behind it. */
const elementPort = /^([^:]+):([^:]+):(\d+)$/;

/** The port that `SWITCH:PORT` or `DOMAIN:DEVICE` names. */
async function portOf(client: Client, text: string): Promise<{ switch: string; port: string }> {
  const colon = text.indexOf(":");
  if (colon < 1) throw new UsageError(`'${text}' is neither SWITCH:PORT, DOMAIN:DEVICE nor DOMAIN:ELEMENT:PORT`);
  const [name, rest] = [text.slice(0, colon), text.slice(colon + 1)];
  const switches = await client.call("switch.list", {});
  if (switches.some((each) => each.name === name)) return { switch: name, port: rest };
  const { vifs } = await client.call("domain.get", { name });
  const vif = vifs.find(({ device }) => String(device) === rest);
  if (!vif)
    throw new CommandError(
      `'${name}' has no interface ${rest}; it has ${vifs.map(({ device }) => device).join(", ") || "none"}`,
    );
  return { switch: vif.bridge, port: vif.port };
}

interface Output {
  write(data: Uint8Array, timeNs: bigint, length: number): void;
  flush(): void;
  close(): void;
}

/** Where frames go: a capture file, or standard output for a reader such as tshark. */
function outputTo(path: string, linkType?: number): Output {
  const options = linkType === undefined ? {} : { linkType };
  if (path !== "-") return createCapture(path, options);
  const capture = writeCapture("pcapng", options);
  const flush = (): void => void process.stdout.write(capture.take());
  return { write: (data, timeNs, length) => void capture.write(data, timeNs, length), flush, close: flush };
}

export function addTap(program: Command): void {
  program
    .command("tap")
    .description(
      "record the frames that pass a port of a switch, an interface of a domain, or a port of an element, until interrupted",
    )
    .argument("<SWITCH:PORT|DOMAIN:DEVICE|DOMAIN:ELEMENT:PORT>", "where")
    .option("-o, --output <FILE>", "the capture; - is standard output, as pcapng", "-")
    .option("-n, --count <N>", "end after so many frames", number)
    .addOption(
      new Option(
        "--direction <WHICH>",
        "frames that enter the switch there, that leave it, or both; of an element: its input (in) or its output (out)",
      ).choices(["in", "out", "both"]),
    )
    .option("--snap-length <BYTES>", "keep so many bytes of each frame", number)
    .option("--filter <PATTERN>", "at an element: only IPv4 packets that match a pattern of IPFilter's")
    .addHelpText(
      "after",
      "\nExamples:\n  clickos tap vale0:uplink -o seen.pcapng -n 100\n  clickos tap firewall:0 | tshark -r -\n  clickos tap nat:rw:0 --filter 'udp port 53' -o rewritten.pcapng\n\nAt an element, PORT is an output, or an input with --direction in or where there is no such output. While that goes on the router\nis replaced, live, by one that records; packets that begin with an IP header make a capture of IP packets.",
    )
    .action((where: string, options: TapOptions) =>
      withDaemon(async (client) => {
        if (options.output === "-" && process.stdout.isTTY)
          throw new UsageError("a capture is no text: write it to a file with -o, or pipe it to a program");
        const { direction, snapLength, filter, count = Number.POSITIVE_INFINITY } = options;
        const element = elementPort.exec(where);
        if (filter !== undefined && !element) throw new UsageError("--filter is for ports of elements");
        const at = element ? undefined : await portOf(client, where);
        await interruptible(async (signal) => {
          let gaps = 0;
          const onLost = (count: number): void => {
            gaps += count;
          };
          const stream = at
            ? client.stream("port.tap", { ...at, direction, snapLength }, { signal, onLost })
            : client.stream("element.tap", elementOf(element as RegExpExecArray, options), { signal, onLost });
          // What kind of packets there are is known with the first of them.
          let output: Output | undefined = at && outputTo(options.output);
          let seen = 0;
          let missed = 0;
          try {
            for await (const { frames, lost } of stream) {
              missed += lost;
              for (const frame of frames.slice(0, count - seen)) {
                output ??= outputTo(options.output, "isIp" in frame && frame.isIp ? linkTypeRaw : undefined);
                output.write(Buffer.from(frame.data, "base64"), BigInt(frame.timeNs), frame.length);
                seen++;
              }
              output?.flush();
              if (seen >= count) break;
            }
            output ??= outputTo(options.output);
          } finally {
            output?.close();
          }
          const more =
            gaps > 0
              ? `, at least ${missed + gaps} more were missed`
              : missed > 0
                ? `, ${missed} more were missed`
                : "";
          process.stderr.write(`${seen} frames${more}\n`);
        });
      }),
    );
}

/** What is asked for by `DOMAIN:ELEMENT:PORT`. */
function elementOf([, domain, element, port]: RegExpExecArray, options: TapOptions): StreamParams<"element.tap"> {
  const { direction, snapLength, filter } = options;
  if (direction === "both")
    throw new UsageError("a port of an element is an input or an output: --direction in or out");
  return {
    ...placeOf(domain as string),
    element: element as string,
    port: Number(port),
    direction,
    snapLength,
    filter,
  };
}
