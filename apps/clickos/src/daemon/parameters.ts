/** What methods take, checked: bytes from a socket are anybody's. The compiler holds these shapes against the client's types. */
import type { MethodName, Params, StreamName, StreamParams } from "@clickos/client";
import { frameKeyKinds } from "@clickos/vale";
import { z } from "zod";
import { portShape } from "./port-shape.ts";

/** Letters, digits, `.`, `_`, `-`; begins with a letter or digit. */
const name: z.ZodType<string> = z
  .string()
  .max(64)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    "a name has letters, digits, '.', '_' and '-', and begins with a letter or digit",
  );
const path = z.string().min(1).max(4096);
const whole = (least: number, most: number): z.ZodNumber => z.int().min(least).max(most);
const longestText = 8 * 1024 * 1024;

const configuration = z.strictObject({ file: z.string().max(4096), text: z.string().max(longestText) });
const router = whole(0, 63).optional();
const place = { domain: name, router };

const vif = z.strictObject({
  bridge: name,
  mac: z
    .string()
    .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, "a MAC address is six bytes: 02:00:00:00:00:01")
    .optional(),
  mode: z.enum(["baseline", "+grants", "+vale", "+batch"]).optional(),
  rate: z.string().max(64).optional(),
  mtu: whole(68, 9000).optional(),
  antiSpoof: z.boolean().optional(),
  addresses: z.array(z.string().max(32)).max(64).optional(),
  ...portShape,
});
const vifs = z.array(vif).max(100).optional();
const group = name.optional();
const tag = z.string().max(256).optional();

const settings = {
  name,
  vifs,
  memoryKiB: whole(64, 1024 * 1024).optional(),
  pcpu: whole(0, 255).optional(),
  weight: whole(1, 65535).optional(),
  cap: whole(0, 100).optional(),
  onCrash: z.enum(["preserve", "destroy", "restart"]).optional(),
  paused: z.boolean().optional(),
  checkpointSeconds: z.number().min(0.1).max(86_400).optional(),
  group,
  tag,
};
const named = z.strictObject({ name });
const nothing = z.strictObject({});

/** Of a domain, without its code. */
export const domainSettings: z.ZodType<{ name: string; paused?: boolean | undefined }> = z.object(settings);

/** What the daemon writes into domains that it saves. */
export const savedNote: z.ZodType<{ clickos: 1; settings: { name: string } }> = z.object({
  clickos: z.literal(1),
  settings: z.object(settings),
});

/** A pattern of IPFilter's. */
const filter = z.string().min(1).max(65536).optional();

/** By method. */
export const methodParameters: { readonly [M in MethodName]: z.ZodType<Params<M>> } = {
  "daemon.hello": z.object({ api: z.int() }),
  "daemon.stop": nothing,
  "daemon.metrics": nothing,
  "domain.create": z.strictObject({
    ...settings,
    image: z.base64().optional(),
    configuration: configuration.optional(),
  }),
  "domain.list": nothing,
  "domain.get": named,
  "domain.destroy": named,
  "domain.pause": named,
  "domain.unpause": named,
  "domain.rename": z.strictObject({ name, to: name }),
  "domain.tag": z.strictObject({ name, tag }),
  "domain.shutdown": named,
  "domain.pin": z.strictObject({ name, pcpu: whole(0, 255) }),
  "domain.share": z.strictObject({ name, weight: settings.weight, cap: settings.cap }),
  "domain.console": named,
  "domain.type": z.strictObject({ name, text: z.string().max(65536) }),
  "domain.save": z.strictObject({ name, path, keep: z.boolean().optional() }),
  "domain.restore": z.strictObject({
    path,
    name: name.optional(),
    vifs,
    recompile: z.boolean().optional(),
    paused: z.boolean().optional(),
  }),
  "domain.clone": z.strictObject({ name, to: name, vifs }),
  "domain.checkpoint": named,
  "domain.migrate": z.strictObject({ name, to: path, as: name.optional(), vifs }),
  "router.install": z.strictObject({ ...place, configuration }),
  "router.remove": z.strictObject(place),
  "router.start": z.strictObject(place),
  "router.stop": z.strictObject(place),
  "router.list": z.strictObject({ domain: name }),
  "router.configuration": z.strictObject(place),
  "handler.list": z.strictObject({ ...place, pattern: z.string().max(1024).optional() }),
  "handler.read": z.strictObject({ ...place, path, argument: z.string().max(65536).optional() }),
  "handler.write": z.strictObject({ ...place, path, value: z.string().max(longestText) }),
  "switch.create": z.strictObject({
    name,
    lookup: z.enum(["learning", "patch"]).optional(),
    vlans: z.boolean().optional(),
    group,
    tag,
  }),
  "switch.list": nothing,
  "switch.destroy": named,
  "switch.attach": z.strictObject({
    switch: name,
    name: name.optional(),
    specification: z.string().min(1).max(4096),
    mtu: whole(68, 9000).optional(),
    ...portShape,
    group,
    tag,
  }),
  "switch.detach": z.strictObject({ switch: name, port: name }),
  "reactive.create": z.strictObject({
    name: name.refine((text) => text.length <= 52, "a rule's name has 52 characters at most: its domains' are longer"),
    per: z.enum(frameKeyKinds),
    configuration,
    set: z.record(z.string().max(256), z.string().max(65536)).optional(),
    vifs: z.array(vif).min(1).max(100),
    ports: z.array(name).min(1).max(1024).optional(),
    idleSeconds: z
      .number()
      .min(0.1)
      .max(86_400 * 365)
      .optional(),
    limit: whole(1, 16_000).optional(),
    ratePerSecond: z.number().min(0.1).max(1e6).optional(),
    queue: whole(1, 1_000_000).optional(),
    queuePerDomain: whole(1, 4096).optional(),
    shells: whole(0, 1000).optional(),
    memoryKiB: settings.memoryKiB,
    pcpu: settings.pcpu,
    weight: settings.weight,
    cap: settings.cap,
    group,
    tag,
  }),
  "reactive.list": nothing,
  "reactive.destroy": named,
  "stream.close": z.strictObject({ stream: z.int() }),
};

/** By stream. */
export const streamParameters: { readonly [S in StreamName]: z.ZodType<StreamParams<S>> } = {
  "daemon.events": nothing,
  "domain.follow": named,
  "port.tap": z.strictObject({
    switch: name,
    port: name,
    direction: z.enum(["in", "out", "both"]).optional(),
    snapLength: whole(1, 65535).optional(),
  }),
  "router.trace": z.strictObject({ ...place, filter, count: whole(1, 100_000).optional() }),
  "element.tap": z.strictObject({
    ...place,
    element: path,
    port: whole(0, 65535),
    direction: z.enum(["in", "out"]).optional(),
    filter,
    snapLength: whole(1, 2048).optional(),
  }),
  "handler.watch": z.strictObject({ ...place, paths: z.array(path).min(1).max(1024) }),
};

/** What is wrong with parameters, in a line. */
export function complaint({ issues }: z.core.$ZodError): string {
  return issues
    .slice(0, 8)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`))
    .join("; ");
}
