// A switch of three ports that asks a Click configuration where frames go.
//
//   node examples/switch-lookup.mjs
import { readFileSync } from "node:fs";
import { compileLookup } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { createSwitch, moduleLookup } from "@clickos/vale";

const text = readFileSync(new URL("switch-lookup.click", import.meta.url), "utf8");
const click = await compileLookup(text, { elements });
const sw = createSwitch({ lookup: moduleLookup(click) });
const [uplink, web, names] = ["uplink", "web", "names"].map((name) => sw.attach(name));

/** A packet of UDP or TCP to a port, with the checksum of its IP header. */
function packet(protocol, port) {
  const ip = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += (ip[i] << 8) | ip[i + 1];
  const checksum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
  ip[10] = checksum >> 8;
  ip[11] = checksum & 255;
  const transport = [4, 0, port >> 8, port & 255, ...new Array(16).fill(0)];
  return Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...ip, ...transport);
}

uplink.send([packet(17, 53), packet(6, 80), packet(6, 443)]);
sw.forward();
console.log(`web: ${web.pending} frames, names: ${names.pending}`);
console.log(`the configuration counted ${click.router.read("web.count")} and ${click.router.read("names.count")}`);
