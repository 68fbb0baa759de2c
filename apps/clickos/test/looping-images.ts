/** Images that do not come back, for tests: bytes of a linked image are changed, and its digest is computed anew. */
import { createHash } from "node:crypto";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { customSection } from "@clickos/codegen";

type Bytes = Uint8Array<ArrayBuffer>;

/** WebAssembly: section numbers, and `loop br 0 end`. */
const [exportSection, startSection, codeSection] = [7, 8, 10];
const endless = [0x03, 0x40, 0x0c, 0x00, 0x0b];

export interface Looping {
  /** Its `boot` never returns. */
  readonly boot: Bytes;
  /** Its `vcpu` does not return once it has counted so many packets. */
  readonly vcpu: (packets: number) => Promise<Bytes>;
  /** It has a start function, which never returns. */
  readonly start: Bytes;
}

/** FromDevice(0) -> Counter -> ToDevice(1), and what became of it. */
export async function loopingImages(): Promise<Looping> {
  const { bytes, manifest } = await linkImage(
    { file: "loop.click", text: "FromDevice(0) -> c :: Counter -> ToDevice(1);" },
    { elements, name: "loop" },
  );
  // A section's number, two bytes of lengths, the name, the digest.
  const plain = bytes.slice(0, bytes.length - 3 - "clickos.sha256".length - 32);
  const boot = withCode(plain, "boot", () => [...endless]);
  const count = manifest.router.elements.find((e) => e.name === "c")?.state as number;
  const start = (): Bytes => {
    const list = sections(boot);
    const at = list.findIndex(({ id }) => id === exportSection) + 1;
    list.splice(at, 0, { id: startSection, content: leb(exported(boot, "boot")) });
    return assemble(list);
  };
  return {
    boot: withDigest(boot),
    vcpu: async (packets) =>
      withDigest(
        // if (load32(count) >= packets) loop
        withCode(plain, "vcpu", (code) => [
          ...[0x41, ...signed(count), 0x28, 0x00, 0x00, 0x41, ...signed(packets), 0x4f, 0x04, 0x40, ...endless, 0x0b],
          ...code,
        ]),
      ),
    start: withDigest(start()),
  };
}

interface Section {
  readonly id: number;
  readonly content: readonly number[];
}

function sections(bytes: Bytes): Section[] {
  const list: Section[] = [];
  for (let at = 8; at < bytes.length; ) {
    const [size, from] = unleb(bytes, at + 1);
    list.push({ id: bytes[at] as number, content: [...bytes.subarray(from, from + size)] });
    at = from + size;
  }
  return list;
}
function assemble(list: readonly Section[]): Bytes {
  return Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...list.flatMap(({ id, content }) => [id, ...leb(content.length), ...content]),
  );
}
function withDigest(bytes: Bytes): Bytes {
  const digest = createHash("sha256").update(bytes).digest();
  return new Uint8Array(Buffer.concat([bytes, customSection("clickos.sha256", digest)]));
}

/** The module with another body for an exported function; its locals stay, and what follows `change` ends it. */
function withCode(bytes: Bytes, name: string, change: (code: readonly number[]) => readonly number[]): Bytes {
  const list = sections(bytes);
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).filter((i) => i.kind === "function");
  const wanted = exported(bytes, name) - imports.length;
  const at = list.findIndex(({ id }) => id === codeSection);
  const content = list[at]?.content ?? [];
  const [count, first] = unleb(content, 0);
  const bodies: number[][] = [];
  for (let i = 0, from = first; i < count; i++) {
    const [size, start] = unleb(content, from);
    let body = content.slice(start, start + size);
    if (i === wanted) {
      const [groups, groupsAt] = unleb(body, 0);
      let end = groupsAt;
      // Each group of locals: how many, and their type.
      for (let g = 0; g < groups; g++) end = unleb(body, end)[1] + 1;
      body = [...body.slice(0, end), ...change(body.slice(end, -1)), 0x0b];
    }
    bodies.push(body);
    from = start + size;
  }
  list[at] = { id: codeSection, content: [...leb(count), ...bodies.flatMap((b) => [...leb(b.length), ...b])] };
  return assemble(list);
}

/** The number of an exported function. */
function exported(bytes: Bytes, name: string): number {
  const content = sections(bytes).find(({ id }) => id === exportSection)?.content ?? [];
  let [count, at] = unleb(content, 0);
  for (; count > 0; count--) {
    const [length, from] = unleb(content, at);
    const [index, end] = unleb(content, from + length + 1);
    if (String.fromCharCode(...content.slice(from, from + length)) === name) return index;
    at = end;
  }
  throw new Error(`'${name}' is not exported`);
}

/** Unsigned; one bit to spare, so that it is the same number signed. */
/** A positive number as a signed one: its last byte has no sign bit. */
function signed(value: number): number[] {
  const bytes = leb(value);
  const last = bytes.pop() as number;
  return last & 0x40 ? [...bytes, last | 0x80, 0] : [...bytes, last];
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}
function unleb(bytes: ArrayLike<number>, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}
