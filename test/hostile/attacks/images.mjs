/**
 * Hostile images and saved VMs: bytes of code and of the manifest are changed, the digest is made again, and what is
 * accepted runs while the neighbours do. Whoever refuses one says so with an error of its own.
 */
import { createHash } from "node:crypto";
import { linkImage } from "@clickos/click-image";
import { edges } from "../random.mjs";
import { pcpus } from "../world.mjs";

const text = "FromDevice(0) -> c :: Counter -> Queue(8) -> Unqueue -> ToDevice(0)";
const digestSection = "clickos.sha256";
const manifestSection = "clickos.manifest";

const digest = (bytes) => createHash("sha256").update(bytes).digest();
const leb = (n) => {
  const out = [];
  for (let rest = n; ; ) {
    const low = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0) return [...out, low];
    out.push(low | 0x80);
  }
};
const section = (name, content) => {
  const body = Buffer.concat([Buffer.from([...leb(name.length), ...Buffer.from(name)]), content]);
  return Buffer.concat([Buffer.from([0, ...leb(body.length)]), body]);
};

/** The code and the manifest of an image. */
function parts(image) {
  // The manifest's section is after the code; its length is known from its text.
  const manifest = Buffer.from(JSON.stringify(image.manifest));
  const after = section(manifestSection, manifest).length + section(digestSection, Buffer.alloc(32)).length;
  return { code: image.bytes.slice(0, image.bytes.length - after), manifest: image.manifest };
}

/** An image with a sound digest. */
export function imageOf(code, manifest) {
  const body = Buffer.concat([code, section(manifestSection, Buffer.from(JSON.stringify(manifest)))]);
  return new Uint8Array(Buffer.concat([body, section(digestSection, digest(body))]));
}

/** Changes something, anywhere below. */
function change(r, value) {
  const leaves = [];
  const walk = (at) => {
    for (const key of Object.keys(at)) {
      leaves.push([at, key]);
      if (at[key] !== null && typeof at[key] === "object") walk(at[key]);
    }
  };
  walk(value);
  const [at, key] = r.pick(leaves);
  const values = [r.pick(edges), r.next(), -1, 0.5, null, "", "\u001b[2J", [], {}, true, at[key], "constructor"];
  if (r.once(8)) delete at[key];
  else if (Array.isArray(at[key]) && r.once(2)) at[key].push(r.pick([...at[key], null]));
  else at[key] = r.pick(values);
}

function changedCode(r, code) {
  const out = code.slice();
  for (let left = 1 + r.below(4); left > 0; left--)
    out[8 + r.below(out.length - 8)] = r.once(2) ? r.next() : r.pick(edges);
  return out;
}

/** What domain 0 says of a file it does not like has a name and a code. */
function refused(world, kind, e) {
  if (typeof e?.code === "string" && /Error$/.test(e.name)) world.error(`${kind} refused: ${e.code}`);
  else world.wrong(`a hostile ${kind} throws in domain 0: ${e?.stack ?? e}`);
}

/** Makes VMs, a few at a time; each is looked at and ended some turns later. */
function visitors(world, kind, make, atOnce, total) {
  const here = [];
  const settled = new Set();
  let making = 0;
  let made = 0;
  let ended = false;
  return {
    turn() {
      for (const visitor of here.splice(0)) {
        visitor.rounds++;
        if (visitor.rounds <= 6) {
          here.push(visitor);
          continue;
        }
        try {
          world.meter.time("handler read", () => visitor.vm.read("c.count"));
          world.meter.time("handler read", () => visitor.vm.drops());
        } catch {
          // A guest's memory may hold anything, and its vCPU may not stop; the caller is told.
          world.error(`${kind}: a handler refuses`);
        }
        world.xl.destroy(visitor.vm.name);
      }
      while (made < total && making + here.length < atOnce) {
        made++;
        making++;
        world.count(kind);
        const one = make(made)
          .then(
            (vm) => {
              if (ended) world.xl.destroy(vm.name);
              else here.push({ vm, rounds: 0 });
            },
            (e) => refused(world, kind, e),
          )
          .finally(() => {
            making--;
            settled.delete(one);
          });
        settled.add(one);
      }
    },
    over: () => made >= total && making === 0 && here.length === 0,
    get settled() {
      return Promise.all(settled);
    },
    end() {
      ended = true;
      for (const { vm } of here.splice(0)) world.xl.destroy(vm.name);
    },
  };
}

let names = 0;
let linked;
const image = (elements) => {
  linked ??= linkImage({ file: "visitor.click", text }, { elements, name: "visitor" });
  return linked;
};

export const images = {
  name: "hostile images",
  async start(world) {
    const { r, xl, arena } = world;
    const { code, manifest } = parts(await image(world.elements));
    return visitors(
      world,
      "image",
      () => {
        const claims = structuredClone(manifest);
        let bytes;
        const how = r.below(8);
        if (how < 4) bytes = imageOf(changedCode(r, code), claims);
        else if (how < 7) {
          change(r, claims);
          bytes = imageOf(code, claims);
        } else bytes = imageOf(code, manifest).slice(0, r.below(code.length));
        const vif = Array.isArray(claims.vifs) ? claims.vifs.map(() => ({ bridge: arena })) : [];
        return xl.create({ name: `image${++names}`, image: bytes, pcpu: pcpus.lost, vif });
      },
      3,
      world.short ? 20 : 200,
    );
  },
};

export const duplicateDevices = {
  name: "device twice",
  async start(world) {
    const { xl, arena } = world;
    const { code, manifest } = parts(await image(world.elements));
    const [device] = manifest.vifs;
    const bytes = imageOf(code, { ...manifest, vifs: [device, device] });
    return visitors(
      world,
      "image that names a device twice",
      () =>
        xl.create({
          name: `twice${++names}`,
          image: bytes,
          pcpu: pcpus.own,
          vif: [{ bridge: arena }, { bridge: arena }],
        }),
      4,
      // More than domain 0 has event channels.
      world.short ? 30 : 4200,
    );
  },
};

export const savedVms = {
  name: "hostile saved VMs",
  async start(world) {
    const { r, xl, arena } = world;
    const name = `saved${++names}`;
    const config = { pcpu: pcpus.lost, vif: [{ bridge: arena }] };
    await xl.create({ name, image: (await image(world.elements)).bytes, ...config });
    const saved = await xl.save(name, { keep: false });
    const headers = saved.indexOf(10, 13) + 1;
    const { routers } = JSON.parse(Buffer.from(saved.subarray(13, headers)).toString());
    const memory = routers.reduce((at, router) => at + router.bytes, headers);
    return visitors(
      world,
      "saved VM",
      () => {
        const body = Buffer.from(saved.subarray(0, saved.length - 32));
        // In its memory, or in its headers and images, which say what they have to be.
        const [from, to] = r.once(4) ? [r.pick([0, headers]), memory] : [memory, body.length];
        for (let left = 1 + r.below(200); left > 0; left--)
          body[from + r.below(to - from)] = r.once(2) ? r.next() : r.pick(edges);
        const bytes = new Uint8Array(Buffer.concat([body, digest(body)]));
        return xl.restore(bytes, { ...config, name: `saved${++names}` });
      },
      2,
      world.short ? 10 : 100,
    );
  },
};
