/**
 * What a guest shares with others, as a table of fields: where each is in its memory and how wide. The table comes from
 * the layouts themselves: a field that is added is attacked.
 */
import { frameSize, grantEntry } from "@clickos/grant-table";
import { consoleRing, domainFrames, startInfo } from "@clickos/hypervisor";
import { sharedInfo, vcpuInfo } from "@clickos/xen-evtchn";
import { netifRxRequest, netifTxRequest, netmapRing, netmapSlot, ringSlots, sring } from "@clickos/xen-ring";
import { storeRing } from "@clickos/xenstore";

/** Every field of a struct at an address. */
function fields(kind, struct, address) {
  return Object.entries(struct.offsets).flatMap(([name, offset]) => {
    const size = struct.fields[name].size;
    // Arrays and byte strings are attacked elsewhere, or at their first word.
    return [{ kind: `${kind}.${name}`, address: address + offset, width: Math.min(size, 4) }];
  });
}

/** Structures that every domain has. */
export function domainTargets() {
  const shared = domainFrames.sharedInfo * frameSize;
  const list = [
    ...fields("start_info", startInfo, domainFrames.startInfo * frameSize),
    ...fields("vcpu_info", vcpuInfo, shared),
    ...fields("xencons_interface", consoleRing, domainFrames.console * frameSize),
  ];
  for (let w = 0; w < 128; w++) {
    list.push({
      kind: "shared_info.evtchn_pending",
      address: shared + sharedInfo.offsets.evtchnPending + w * 4,
      width: 4,
    });
    list.push({ kind: "shared_info.evtchn_mask", address: shared + sharedInfo.offsets.evtchnMask + w * 4, width: 4 });
  }
  const store = domainFrames.store * frameSize;
  for (const name of ["reqCons", "reqProd", "rspCons", "rspProd"])
    for (let i = 0; i < 16; i++)
      list.push({ kind: `xenstore_domain_interface.${name}`, address: store + storeRing[name], width: 4 });
  for (let i = 0; i < 64; i++)
    list.push({ kind: "xenstore_domain_interface.req", address: store + storeRing.request + i * 4, width: 4 });
  for (let ref = 0; ref < 600; ref++)
    list.push(...fields("grant_entry_v1", grantEntry, domainFrames.grantTable * frameSize + ref * grantEntry.size));
  return list;
}

/** A netmap ring on a page. */
export function netmapTargets(which, page) {
  const list = [];
  for (const [name, offset] of Object.entries(netmapRing.offsets))
    if (name !== "slots")
      // There are few of them, and they matter most.
      for (let i = 0; i < 24; i++)
        list.push({ kind: `netmap_ring(${which}).${name}`, address: page + offset, width: 4 });
  for (let s = 0; s < ringSlots; s++)
    list.push(...fields(`netmap_slot(${which})`, netmapSlot, page + netmapRing.offsets.slots + s * netmapSlot.size));
  return list;
}

/** A netif ring on a page. */
export function netifTargets(which, page) {
  const list = [];
  for (const [name, offset] of Object.entries(sring.offsets))
    for (let i = 0; i < 24; i++) list.push({ kind: `sring(${which}).${name}`, address: page + offset, width: 4 });
  const request = which === "tx" ? netifTxRequest : netifRxRequest;
  const stride = which === "tx" ? 12 : 8;
  for (let s = 0; s < 256; s++)
    list.push(
      ...fields(which === "tx" ? "netif_tx_request" : "netif_rx_request", request, page + sring.size + s * stride),
    );
  return list;
}
