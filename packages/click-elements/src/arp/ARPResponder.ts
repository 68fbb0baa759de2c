/**
 * ARPResponder(IP/MASK [IP/MASK...] ETH, ...) — answers ARP requests.
 *
 * Turns a request for an address in one of the prefixes into a response that gives ETH. Other packets leave on
 * output 1 if it is connected and are dropped otherwise.
 *
 * Handlers: table, count (read).
 *
 *   arp_requests -> ARPResponder(10.0.0.1 10.1.0.0/16 02:00:00:00:00:01) -> ToDevice(0);
 */

import {
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  formatIpAddress,
  type IpPrefix,
  parseEtherAddress,
  parseIpPrefix,
  rest,
} from "@clickos/click-core/element";
import { staged } from "@clickos/codegen";
import { u64 } from "@clickos/layout";
import { copyEther, memoryWord, storeBytes } from "../lib/bytes.ts";
import { arpLength, arpPacket, arpReply, arpRequest } from "./arp-packet.ts";

interface Entry {
  readonly prefixes: readonly IpPrefix[];
  readonly ether: Uint8Array;
}

export const ARPResponder: ElementClass = element({
  name: "ARPResponder",
  ports: "1/1-2",
  processing: "a/ah",
  live: true,
  config: { ENTRY: rest(arg.raw) },
  prepare({ config, error }) {
    const entries: Entry[] = [];
    config.ENTRY.forEach((text: string, i: number) => {
      const words = text.trim().split(/\s+/);
      const ether = words.map(parseEtherAddress).find((e) => e !== undefined);
      const prefixes = words
        .filter((w) => parseEtherAddress(w) === undefined)
        .map((w) => parseIpPrefix(w) ?? (error(`entry ${i + 1}: '${w}' is not an IP prefix`, i), undefined));
      if (!ether) error(`entry ${i + 1}: no Ethernet address`, i);
      else if (prefixes.length === 0) error(`entry ${i + 1}: no IP prefix`, i);
      else entries.push({ ether, prefixes: prefixes.filter((p) => p !== undefined) });
    });
    return { entries };
  },
  state: { count: u64 },
  handlers: {
    count: { counter: "count" },
    table: {
      constant: ({ plan }) =>
        plan.entries
          .flatMap((e) =>
            e.prefixes.map((p) => `${formatIpAddress(p.address)}/${p.length} ${formatEtherAddress(e.ether)}`),
          )
          .join("\n"),
    },
  },
  action(c, packet, { plan, state, output }) {
    const refuse = (): void => output(1).push(packet, "no ARP request for us");
    c.if(packet.length.ltU(arpLength), refuse);
    const arp = staged(c, arpPacket, packet.data);
    const request = arp.etherType
      .get()
      .eq(0x0806)
      .and(arp.hardware.get().eq(1))
      .and(arp.protocol.get().eq(0x0800))
      .and(arp.operation.get().eq(arpRequest));
    const target = arp.targetIp.get();
    const entry = c.var("i32", plan.entries.length, "entry");
    plan.entries.forEach((e, i) => {
      for (const p of e.prefixes)
        c.if(
          entry
            .get()
            .eq(plan.entries.length)
            .and(target.and(memoryWord(p.mask)).eq(memoryWord(p.address))),
          () => entry.set(i),
        );
    });
    c.if(request.eqz().or(entry.get().eq(plan.entries.length)), refuse);
    const { offsets } = arpPacket;
    const at = packet.data;
    copyEther(c, at, offsets.etherDst, at, offsets.senderEther);
    copyEther(c, at, offsets.targetEther, at, offsets.senderEther);
    arp.targetIp.set(arp.senderIp.get());
    arp.senderIp.set(target);
    arp.operation.set(arpReply);
    c.switch(
      entry.get(),
      plan.entries.map((e) => () => {
        storeBytes(c, at, e.ether, offsets.etherSrc);
        storeBytes(c, at, e.ether, offsets.senderEther);
      }),
    );
    state.count.inc();
  },
});
