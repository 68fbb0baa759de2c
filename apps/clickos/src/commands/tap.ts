/** `clickos tap`: frames that pass a port of a switch or an interface of a domain, as a capture. */

import type { Client } from "@clickos/client";
import { writeCapture } from "@clickos/pcap";
import { createCapture } from "@clickos/pcap/node";
import { type Command, Option } from "commander";
import { CommandError, UsageError } from "../failure.ts";
import { number } from "../plain-options.ts";
import { interruptible } from "../shutdown.ts";
import { withDaemon } from "./with-daemon.ts";

interface TapOptions {
  readonly output: string;
  readonly count?: number;
  readonly direction?: "in" | "out" | "both";
  readonly snapLength?: number;
}

/** The port that `SWITCH:PORT` or `DOMAIN:DEVICE` names. */
async function portOf(client: Client, text: string): Promise<{ switch: string; port: string }> {
  const colon = text.indexOf(":");
  if (colon < 1) throw new UsageError(`'${text}' is neither SWITCH:PORT nor DOMAIN:DEVICE`);
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

/** Where frames go: a capture file, or standard output for a reader such as tshark. */
function outputTo(path: string): {
  write(data: Uint8Array, timeNs: bigint, length: number): void;
  flush(): void;
  close(): void;
} {
  if (path !== "-") return createCapture(path);
  const capture = writeCapture("pcapng");
  const flush = (): void => void process.stdout.write(capture.take());
  return { write: (data, timeNs, length) => void capture.write(data, timeNs, length), flush, close: flush };
}

export function addTap(program: Command): void {
  program
    .command("tap")
    .description("record the frames that pass a port of a switch, or an interface of a domain, until interrupted")
    .argument("<SWITCH:PORT|DOMAIN:DEVICE>", "where")
    .option("-o, --output <FILE>", "the capture; - is standard output, as pcapng", "-")
    .option("-n, --count <N>", "end after so many frames", number)
    .addOption(
      new Option(
        "--direction <WHICH>",
        "as the switch sees it: frames that enter it there, that leave it, or both",
      ).choices(["in", "out", "both"]),
    )
    .option("--snap-length <BYTES>", "keep so many bytes of each frame", number)
    .addHelpText(
      "after",
      "\nExamples:\n  clickos tap vale0:uplink -o seen.pcapng -n 100\n  clickos tap firewall:0 | tshark -r -",
    )
    .action((where: string, options: TapOptions) =>
      withDaemon(async (client) => {
        const at = await portOf(client, where);
        if (options.output === "-" && process.stdout.isTTY)
          throw new UsageError("a capture is no text: write it to a file with -o, or pipe it to a program");
        const { direction, snapLength, count = Number.POSITIVE_INFINITY } = options;
        await interruptible(async (signal) => {
          let gaps = 0;
          const onLost = (count: number): void => {
            gaps += count;
          };
          const stream = client.stream("port.tap", { ...at, direction, snapLength }, { signal, onLost });
          const output = outputTo(options.output);
          let seen = 0;
          let missed = 0;
          try {
            for await (const { frames, lost } of stream) {
              missed += lost;
              for (const { data, timeNs, length } of frames.slice(0, count - seen)) {
                output.write(Buffer.from(data, "base64"), BigInt(timeNs), length);
                seen++;
              }
              output.flush();
              if (seen >= count) break;
            }
          } finally {
            output.close();
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
