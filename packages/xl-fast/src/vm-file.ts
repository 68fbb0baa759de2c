/**
 * A saved VM, as a file: the line `CLICKOS VM 1`, a line of JSON that says what follows, the images of its routers, and
 * the domain's snapshot, and the SHA-256 of everything before it. Images keep their signatures, but nobody signs the
 * memory, and code does what its memory says: a saved VM is as trustworthy as whoever could write the file.
 */

import { type Image, ImageError, loadImage } from "@clickos/click-image";
import { type DomainSnapshot, decodeSnapshot, encodeSnapshot, SnapshotError } from "@clickos/hypervisor";
import { maximumRouters } from "./click-control.ts";
import { ToolstackError } from "./error.ts";

export interface SavedVm {
  readonly name: string;
  /** Device numbers of its interfaces, in order. */
  readonly devices: readonly number[];
  readonly routers: readonly { readonly router: number; readonly image: Image }[];
  readonly snapshot: DomainSnapshot;
  /** What whoever saved it wrote to whoever restores it. */
  readonly note?: string | undefined;
}

const firstLine = "CLICKOS VM 1\n";
/** Bytes of the header's line. */
const longestHeader = 256 * 1024;
const longestName = 255;
const longestNote = 32 * 1024;
/** Of interfaces: their numbers have two digits. */
const mostDevices = 100;

export async function encodeVm(vm: SavedVm): Promise<Uint8Array<ArrayBuffer>> {
  const parts = [...vm.routers.map(({ image }) => image.bytes), encodeSnapshot(vm.snapshot)];
  const header = {
    name: vm.name,
    devices: vm.devices,
    routers: vm.routers.map(({ router, image }) => ({ router, bytes: image.bytes.length })),
    snapshotBytes: (parts.at(-1) as Uint8Array).length,
    ...(vm.note === undefined ? {} : { note: vm.note }),
  };
  if (vm.note !== undefined && vm.note.length > longestNote)
    throw new ToolstackError("BAD_FILE", `a note of ${vm.note.length} characters; it has at most ${longestNote}`);
  const all = concat([new TextEncoder().encode(`${firstLine}${JSON.stringify(header)}\n`), ...parts]);
  return concat([all, await digest(all)]);
}

/** Reads what `Toolstack.save` gave. @throws {ToolstackError} BAD_FILE */
export async function decodeVm(bytes: Uint8Array<ArrayBuffer>): Promise<SavedVm> {
  const bad = (message: string): ToolstackError => new ToolstackError("BAD_FILE", message);
  const line = bytes.subarray(0, longestHeader).indexOf(10, firstLine.length);
  if (new TextDecoder("latin1").decode(bytes.subarray(0, firstLine.length)) !== firstLine || line < 0)
    throw bad("not a saved VM");
  let header: {
    name?: unknown;
    devices?: unknown;
    routers?: { router?: unknown; bytes?: unknown }[];
    snapshotBytes?: unknown;
    note?: unknown;
  };
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(firstLine.length, line)));
  } catch {
    throw bad("the saved VM's header cannot be read");
  }
  const whole = (n: unknown, most = Number.MAX_SAFE_INTEGER): n is number =>
    typeof n === "number" && Number.isInteger(n) && n >= 0 && n <= most;
  const different = (list: readonly unknown[]): boolean => new Set(list).size === list.length;
  const { name, devices, routers, snapshotBytes, note } = header ?? {};
  if (
    typeof name !== "string" ||
    name.length > longestName ||
    !Array.isArray(devices) ||
    !devices.every((d) => whole(d, mostDevices - 1)) ||
    !different(devices) ||
    !Array.isArray(routers) ||
    !routers.every((r) => whole(r?.router, maximumRouters - 1) && whole(r?.bytes)) ||
    !different(routers.map((r) => r.router)) ||
    !whole(snapshotBytes) ||
    !(note === undefined || (typeof note === "string" && note.length <= longestNote))
  )
    throw bad("the saved VM's header lacks something, or says what cannot be");
  const end = bytes.length - 32;
  const body = bytes.slice(line + 1, end);
  const expected = routers.reduce((sum, r) => sum + (r.bytes as number), snapshotBytes);
  if (body.length !== expected)
    throw bad(`the saved VM was cut off: ${body.length} bytes of ${expected} follow its header`);
  const sum = await digest(bytes.slice(0, end));
  if (!sum.every((b, i) => b === bytes[end + i]))
    throw bad("the saved VM is corrupt: its content does not match its digest");
  try {
    let at = 0;
    const images: { router: number; image: Image }[] = [];
    for (const r of routers) {
      const next = at + (r.bytes as number);
      images.push({ router: r.router as number, image: await loadImage(body.slice(at, next)) });
      at = next;
    }
    const snapshot = decodeSnapshot(body.subarray(at));
    for (const { router, image } of images)
      if (image.manifest.router.pages > snapshot.pages)
        throw bad(
          `router ${router} of the saved VM needs ${image.manifest.router.pages} pages, it has ${snapshot.pages}`,
        );
    return { name, devices, routers: images, snapshot, note };
  } catch (e) {
    if (e instanceof ImageError || e instanceof SnapshotError) throw bad(e.message);
    throw e;
  }
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
