/**
 * Byte layouts and constants against Xen's own: the numbers that a C compiler gave for the public headers of Xen 4.17
 * (Debian's libxen-dev 4.17.7), kept in xen-abi/numbers.txt. Where the headers are installed they are computed again.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GNTST, GTF, grantEntry, reservedEntries } from "@clickos/grant-table";
import { consoleRing, EVTCHNOP, GNTTABOP, hypercalls, SCHEDOP, shutdownReasons, startInfo } from "@clickos/hypervisor";
import { xenbusState } from "@clickos/netfront";
import { sharedInfo, vcpuInfo, virq } from "@clickos/xen-evtchn";
import {
  maximumPacketSlots,
  NETIF_RSP,
  NETRXF,
  NETTXF,
  netifExtraInfo,
  netifRx,
  netifRxRequest,
  netifRxResponse,
  netifTx,
  netifTxRequest,
  netifTxResponse,
  netmapRing,
  netmapSlot,
  ringSize,
  sring,
  XEN_NETIF_EXTRA_FLAG_MORE,
  XEN_NETIF_EXTRA_TYPE,
} from "@clickos/xen-ring";
import { encodeMessage, storeRing } from "@clickos/xenstore";
import { describe, expect, it } from "vitest";
import * as abi from "../packages/minios/src/xen/abi.ts";

const folder = fileURLToPath(new URL("./xen-abi/", import.meta.url));
const text = readFileSync(join(folder, "numbers.txt"), "utf8");
const numbers = new Map(
  text
    .trim()
    .split("\n")
    .map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
);
const xen = (what: string): number => {
  const n = numbers.get(what);
  if (n === undefined) throw new Error(`numbers.txt has no '${what}'`);
  return n;
};
/** Names of ours in terms of Xen's. */
const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

describe("layouts are those of Xen's public headers", () => {
  it.each([
    ["grant_entry_v1", grantEntry, {}],
    ["netif_tx_request", netifTxRequest, {}],
    ["netif_tx_response", netifTxResponse, {}],
    ["netif_rx_request", netifRxRequest, { pad: null }],
    ["netif_rx_response", netifRxResponse, {}],
    ["netif_extra_info", netifExtraInfo, { a: "u.gso.size", b: "u.gso.type", c: "u.gso.features" }],
    ["netif_tx_sring", sring, {}],
    ["xencons_interface", consoleRing, { input: "in", output: "out" }],
    ["start_info", startInfo, { consoleMfn: "console.domU.mfn", consoleEvtchn: "console.domU.evtchn" }],
    ["shared_info", sharedInfo, { vcpu: "vcpu_info" }],
    [
      "vcpu_info",
      vcpuInfo,
      {
        upcallPending: "evtchn_upcall_pending",
        upcallMask: "evtchn_upcall_mask",
        pendingSel: "evtchn_pending_sel",
        timeVersion: "time.version",
        tscTimestamp: "time.tsc_timestamp",
        systemTime: "time.system_time",
      },
    ],
  ] as [string, { offsets: Record<string, number>; size: number }, Record<string, string | null>][])(
    "%s",
    (name, struct, names) => {
      for (const [field, offset] of Object.entries(struct.offsets)) {
        const theirs = Object.hasOwn(names, field) ? names[field] : snake(field);
        if (theirs !== null) expect([field, offset]).toEqual([field, xen(`offset ${name}.${theirs}`)]);
      }
    },
  );

  it("sizes, and slots of a ring", () => {
    const sizes = {
      grant_entry_v1: grantEntry,
      netif_tx_request: netifTxRequest,
      netif_tx_response: netifTxResponse,
      netif_rx_request: netifRxRequest,
      netif_rx_response: netifRxResponse,
      netif_extra_info: netifExtraInfo,
      vcpu_info: vcpuInfo,
    };
    for (const [name, struct] of Object.entries(sizes))
      expect([name, struct.size]).toEqual([name, xen(`sizeof ${name}`)]);
    // An sring's header, and what follows it.
    expect(sring.size).toBe(xen("offset netif_tx_sring.ring"));
    expect(sring.size).toBe(xen("offset netif_rx_sring.ring"));
    const slots = (p: typeof netifTx | typeof netifRx): number => ringSize(Math.max(p.request.size, p.response.size));
    expect([slots(netifTx), slots(netifRx)]).toEqual([
      xen("value ring_size(netif_tx)"),
      xen("value ring_size(netif_rx)"),
    ]);
  });

  it("the store's ring and messages", () => {
    const names = {
      request: "req",
      response: "rsp",
      reqCons: "req_cons",
      reqProd: "req_prod",
      rspCons: "rsp_cons",
      rspProd: "rsp_prod",
    };
    for (const [ours, theirs] of Object.entries(names))
      expect([ours, storeRing[ours as keyof typeof names]]).toEqual([
        ours,
        xen(`offset xenstore_domain_interface.${theirs}`),
      ]);
    const bytes = encodeMessage({ type: 0x11, requestId: 0x22, transactionId: 0x33, payload: "xyz" });
    const data = new DataView(bytes.buffer, bytes.byteOffset);
    const at = (field: string): number => data.getUint32(xen(`offset xsd_sockmsg.${field}`), true);
    expect([at("type"), at("req_id"), at("tx_id"), at("len"), bytes.length]).toEqual([
      0x11,
      0x22,
      0x33,
      3,
      xen("sizeof xsd_sockmsg") + 3,
    ]);
  });

  it("the netmap slot begins as netmap's: buf_idx, len, flags, then ptr", () => {
    // struct netmap_slot of net/netmap.h: u32, u16, u16, u64; of the last, offsets within a buffer need 32 bits.
    expect(netmapSlot.offsets).toEqual({ bufIdx: 0, len: 4, flags: 6, ptr: 8 });
    // The header is packed, so that it and 256 slots fit a page.
    expect(netmapRing.size).toBeLessThanOrEqual(4096);
    expect(netmapRing.offsets.slots).toBe(64);
  });
});

describe("constants are Xen's", () => {
  const upper = (name: string): string => snake(name).toUpperCase();
  const compare = (ours: Record<string, number>, theirs: (name: string) => string): void => {
    for (const [name, value] of Object.entries(ours)) {
      const found = numbers.get(`value ${theirs(name)}`);
      if (found !== undefined) expect([theirs(name), value]).toEqual([theirs(name), found]);
    }
  };
  it("of grants, events, scheduling, netif and xenbus", () => {
    compare(GTF, (n) => `GTF_${snake(n)}`);
    compare(GNTST, (n) => `GNTST_${snake(n)}`);
    compare(GNTTABOP, (n) => `GNTTABOP_${snake(n)}`);
    compare(EVTCHNOP, (n) => `EVTCHNOP_${snake(n)}`);
    compare(SCHEDOP, (n) => `SCHEDOP_${snake(n)}`);
    compare(virq, (n) => `VIRQ_${upper(n)}`);
    compare(NETTXF, (n) => `NETTXF_${snake(n)}`);
    compare(NETRXF, (n) => `NETRXF_${snake(n)}`);
    compare(NETIF_RSP, (n) => `NETIF_RSP_${upper(n)}`);
    compare(XEN_NETIF_EXTRA_TYPE, (n) => `XEN_NETIF_EXTRA_TYPE_${upper(n)}`);
    compare(xenbusState, (n) => `XenbusState${n[0]?.toUpperCase()}${n.slice(1)}`);
    shutdownReasons.forEach((reason, i) => {
      expect([reason, i]).toEqual([reason, xen(`value SHUTDOWN_${reason}`)]);
    });
    expect([reservedEntries, maximumPacketSlots, XEN_NETIF_EXTRA_FLAG_MORE]).toEqual(
      ["GNTTAB_NR_RESERVED_ENTRIES", "XEN_NETIF_NR_SLOTS_MIN", "XEN_NETIF_EXTRA_FLAG_MORE"].map((n) =>
        xen(`value ${n}`),
      ),
    );
  });
  it("every name of the commands and states is in Xen's headers", () => {
    for (const name of Object.keys(EVTCHNOP)) expect(numbers.has(`value EVTCHNOP_${snake(name)}`)).toBe(true);
    for (const name of Object.keys(GNTST)) expect(numbers.has(`value GNTST_${snake(name)}`)).toBe(true);
  });
  it("of paravirtual guests", () => {
    for (const [name, number] of Object.entries(abi.hypercall))
      expect([name, number]).toEqual([name, xen(`value __HYPERVISOR_${snake(name)}`)]);
    for (const [name, number] of Object.entries(abi.elfNote))
      expect([name, number]).toEqual([name, xen(`value XEN_ELFNOTE_${upper(name)}`)]);
    for (const [name, number] of Object.entries(abi.callbackType))
      expect([name, number]).toEqual([name, xen(`value CALLBACKTYPE_${name}`)]);
    for (const [name, offset] of Object.entries(abi.timeOffsets))
      expect([name, offset]).toEqual([name, xen(`offset vcpu_time_info.${snake(name)}`)]);
    expect([abi.startInfoOffsets.mfnList, abi.vcpuOffsets.cr2, abi.vcpuOffsets.time]).toEqual([
      xen("offset start_info.mfn_list"),
      xen("offset vcpu_info.arch.cr2"),
      xen("offset vcpu_info.time"),
    ]);
    expect([abi.grantSetupTable, abi.callbackRegister, abi.invalidatePage, abi.kernelCodeSegment]).toEqual(
      ["GNTTABOP_setup_table", "CALLBACKOP_register", "UVMF_INVLPG", "FLAT_KERNEL_CS"].map((n) => xen(`value ${n}`)),
    );
    const header = { type: "type", requestId: "req_id", transactionId: "tx_id", length: "len" } as const;
    for (const [ours, theirs] of Object.entries(header))
      expect([ours, abi.storeHeader[ours as keyof typeof header]]).toEqual([ours, xen(`offset xsd_sockmsg.${theirs}`)]);
    expect(abi.storeHeader.size).toBe(xen("sizeof xsd_sockmsg"));
  });
  it("of hypercalls", () => {
    for (const { name, number } of hypercalls)
      if (name !== "evtchn_send") expect([name, number]).toEqual([name, xen(`value __HYPERVISOR_${name}`)]);
  });
});

const headers = existsSync("/usr/include/xen/io/netif.h");
const compiler = ["/usr/bin/cc", "/usr/bin/gcc"].find((path) => existsSync(path));
const missing = !headers ? " (skipped: needs libxen-dev)" : compiler ? "" : " (skipped: needs a C compiler)";
describe.skipIf(missing !== "")(`the numbers${missing}`, () => {
  it("are what the compiler gives for the headers here", () => {
    const out = mkdtempSync(join(tmpdir(), "xen-abi-"));
    try {
      execFileSync(compiler as string, [join(folder, "offsets.c"), "-o", join(out, "offsets")]);
      expect(execFileSync(join(out, "offsets"), { encoding: "utf8" })).toBe(text);
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});
