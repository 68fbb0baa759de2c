/**
 * The manifest of an image, and what it may say: the shape and the bounds of every field in one table, then what has to be
 * true between fields. Nothing in a manifest is believed beyond that: the code of an image need not do what it says.
 */

import { type LibraryDigest, type MemoryPlan, routerControl, taskTableSize } from "@clickos/click-core/compile";
import { bufferSize, type HandlerEntry, plainSize, plainTypes } from "@clickos/click-core/element";
import type { Source } from "@clickos/click-language";
import { entriesPerFrame, frameSize, reservedEntries } from "@clickos/grant-table";
import { domainFrames, firstFreeAddress, guestRules } from "@clickos/hypervisor";
import { ringKinds, type VifPlaces } from "@clickos/netfront";
import { list, map, nameText, oneOf, record, type Schema, text, tuple, whole } from "./schema.ts";

/** The format of images: counts changes after which an image has to be built again. */
export const imageFormat = 3;

/** What an image says of itself. */
export interface ImageManifest {
  readonly format: typeof imageFormat;
  readonly name: string;
  /** The configuration, as it was written. */
  readonly config: Source;
  /** Virtual interfaces, in the order of their device numbers. */
  readonly vifs: readonly VifPlaces[];
  /** Memory layout and symbol table: where each element's state is. */
  readonly router: MemoryPlan;
  /** The handlers that element classes define, and where plain values are. */
  readonly handlers: readonly HandlerEntry[];
  /** Digests of the element classes that it was made with. */
  readonly library: LibraryDigest;
  /** Entries of the grant table that its interfaces use: the first, and how many. */
  readonly grants: { readonly first: number; readonly count: number };
}

/** Bytes of a manifest: one of 10,000 filter rules has 1.1 MB. */
export const manifestBytes: number = 4 << 20;

const pageSize = 65536;
const lastAddress = guestRules.maximumPages * pageSize;
const grantEntries = domainFrames.grantTableFrames * entriesPerFrame;

// Behind the frames that the hypervisor reads and writes: shared_info, the rings of console and store, the grant table.
const address = whole(firstFreeAddress, lastAddress);
const size = whole(0, lastAddress);
/** Elements of a configuration: 20 times the largest of the tests. */
const elements = 65_536;
/** Two digits, in configurations. */
const device = whole(0, 99);
/** Of an element, where compounds are nested in each other. */
const elementName = text(4096);
/** Of all elements: a few for each. */
const handlers = 262_144;
/** Of all elements; a power of two. */
const timers = 1 << 20;
/** Different layouts of states, and fields of one. */
const layouts = 4096;
const fields = 1024;
/** 20,000 routes: 350,000 characters. */
const configuration = text(manifestBytes);

const shape: Schema = record({
  format: oneOf(imageFormat),
  name: nameText(255),
  config: record({ file: text(4096), text: configuration }),
  vifs: list(
    100,
    record({
      device,
      page: address,
      rxRing: address,
      txRing: address,
      rings: oneOf(...Object.keys(ringKinds)),
    }),
  ),
  router: record(
    {
      pages: whole(1, guestRules.maximumPages),
      base: address,
      end: address,
      control: address,
      elements: list(
        elements,
        record(
          // An element without state has no address.
          {
            name: elementName,
            className: text(255),
            configText: configuration,
            ports: configuration,
            state: size,
            stateSize: size,
            layout: whole(0, layouts),
          },
          {
            task: whole(0, elements),
            timers: record({ first: whole(0, timers), count: whole(0, timers) }),
          },
        ),
      ),
      layouts: list(layouts, list(fields, tuple(text(255), text(255), size, size))),
      drops: list(elements, record({ element: elementName, reason: text(255), address })),
      devices: list(100, device),
      tasks: record({ table: address, count: whole(0, elements) }),
      timers: record({ tree: address, leaves: whole(0, timers) }),
      pool: record({ base: address, count: whole(0, lastAddress / bufferSize) }),
    },
    { heap: address, notes: record({ start: address, count: whole(0, 2 * elements) }) },
  ),
  handlers: list(
    handlers,
    record(
      {
        path: text(4352),
        access: oneOf("r", "w", "rw"),
        kind: oneOf("counter", "gauge", "rate", "flag", "text", "table", "button"),
      },
      { unit: text(32), flags: text(8), at: record({ address, type: oneOf(...plainTypes) }), text: configuration },
    ),
  ),
  library: map(elements, text(255), text(64)),
  grants: record({ first: whole(reservedEntries, grantEntries), count: whole(0, grantEntries) }),
});

/** Says what a manifest may not say, beginning with the path of the field; `undefined` when all is well. */
export function manifestFault(value: unknown): string | undefined {
  return shape(value, "manifest") ?? placesFault(value as ImageManifest);
}

/** What has to hold between fields of the right shape. */
function placesFault({ router, vifs, grants, handlers }: ImageManifest): string | undefined {
  const { base, end, pages } = router;
  const at = (path: string): string => `manifest.${path}`;
  if (base % frameSize !== 0) return `${at("router.base")}: ${base} is no address of a frame`;
  if (end < base || end > pages * pageSize)
    return `${at("router.end")}: ${end} is not between the base, ${base}, and the end of ${pages} pages`;
  if (grants.first + grants.count > grantEntries)
    return `${at("grants.count")}: ${grants.count} entries from ${grants.first} on, of ${grantEntries}`;

  /** Everything is in the router's own memory. */
  const outside = (path: string, start: number, bytes: number): string | undefined =>
    start >= base && start + bytes <= end
      ? undefined
      : `${at(path)}: ${bytes} bytes at ${start} are not within the router's memory, ${base} to ${end}`;
  const frames = new Set<number>();
  const devices = new Set<number>();
  for (const [i, vif] of vifs.entries()) {
    if (devices.has(vif.device)) return `${at(`vifs[${i}].device`)}: device ${vif.device} is there twice`;
    devices.add(vif.device);
    for (const key of ["page", "rxRing", "txRing"] as const) {
      const path = `vifs[${i}].${key}`;
      const frame = vif[key];
      if (frame % frameSize !== 0) return `${at(path)}: ${frame} is no address of a frame`;
      if (frames.has(frame)) return `${at(path)}: the frame at ${frame} is there twice`;
      frames.add(frame);
      const wrong = outside(path, frame, frameSize);
      if (wrong !== undefined) return wrong;
    }
  }
  const { control, heap, tasks, timers, pool, notes } = router;
  const wrong =
    outside("router.control", control, routerControl.size) ??
    (heap === undefined ? undefined : outside("router.heap", heap, 0)) ??
    outside("router.tasks.table", tasks.table, taskTableSize(tasks.count)) ??
    (notes === undefined ? undefined : outside("router.notes", notes.start, notes.count * 4)) ??
    outside("router.timers", timers.tree, timers.leaves * 16) ??
    outside("router.pool", pool.base, pool.count * bufferSize);
  if (wrong !== undefined) return wrong;
  for (const [i, e] of router.elements.entries()) {
    const path = `router.elements[${i}]`;
    if (e.stateSize > 0 || e.state !== 0) {
      const state = outside(`${path}.state`, e.state, e.stateSize);
      if (state !== undefined) return state;
    }
    const layout = router.layouts[e.layout];
    if (!layout) return `${at(`${path}.layout`)}: there are ${router.layouts.length} layouts`;
    const beyond = layout.find(([, , offset, bytes]) => offset + bytes > e.stateSize);
    if (beyond)
      return `${at(`${path}.layout`)}: the field '${beyond[0]}' is not within the ${e.stateSize} bytes of the state`;
    if (e.task !== undefined && e.task >= tasks.count) return `${at(`${path}.task`)}: there are ${tasks.count} tasks`;
    if (e.timers && e.timers.first + e.timers.count > timers.leaves)
      return `${at(`${path}.timers`)}: there are ${timers.leaves} timers`;
  }
  for (const [i, { at: place }] of handlers.entries()) {
    const wrong = place && outside(`handlers[${i}].at`, place.address, plainSize(place.type));
    if (wrong !== undefined) return wrong;
  }
  for (const [i, d] of router.drops.entries()) {
    const drop = outside(`router.drops[${i}].address`, d.address, 8);
    if (drop !== undefined) return drop;
  }
  return undefined;
}
