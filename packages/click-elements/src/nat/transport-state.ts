/** What rewriters keep of the state of TCP and UDP flows, and how long such flows stay; staged code and the host agree in it. */
import { type ArgumentSpec, keyword } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like, I64, Ref } from "@clickos/codegen";
import type { StagedHeader } from "@clickos/wire";
import type { ipv4 } from "@clickos/wire/ipv4";
import type { tcp } from "@clickos/wire/tcp";
import { wholeSeconds } from "../lib/time.ts";
import type { FlowTimes } from "./rewriter-base.ts";

const second = 1_000_000_000n;

type Times<K extends string, O extends string> = { readonly [N in K]: bigint } & {
  readonly [N in O]: bigint | undefined;
};
type Keywords<T> = { readonly [N in keyof T]: ArgumentSpec<T[N]> };
const optional: ArgumentSpec<bigint | undefined> = keyword(wholeSeconds, undefined);
const seconds = (n: bigint): ArgumentSpec<bigint> => keyword(wholeSeconds, n * second);

/** TCP_TIMEOUT, or TIMEOUT, is for flows whose data has gone both ways. */
export type TcpConfig = Times<
  "TCP_NODATA_TIMEOUT" | "TIMEOUT" | "TCP_DONE_TIMEOUT" | "TCP_GUARANTEE",
  "TCP_TIMEOUT" | "GUARANTEE"
>;
export const tcpKeywords: Keywords<TcpConfig> = {
  TCP_NODATA_TIMEOUT: seconds(300n),
  TCP_GUARANTEE: seconds(5n),
  TIMEOUT: seconds(86400n),
  TCP_TIMEOUT: optional,
  TCP_DONE_TIMEOUT: seconds(240n),
  GUARANTEE: optional,
};

export type UdpConfig = Times<"UDP_TIMEOUT" | "UDP_GUARANTEE", "UDP_STREAMING_TIMEOUT">;
export const udpKeywords: Keywords<UdpConfig> = {
  UDP_TIMEOUT: seconds(300n),
  UDP_STREAMING_TIMEOUT: optional,
  UDP_GUARANTEE: seconds(5n),
};
/** Where all flows are like UDP's, they have shorter names, too, which count where both are given. */
export type PlainUdpConfig = UdpConfig & Times<never, "TIMEOUT" | "STREAMING_TIMEOUT" | "GUARANTEE">;
export const plainUdpKeywords: Keywords<PlainUdpConfig> = {
  ...udpKeywords,
  TIMEOUT: optional,
  STREAMING_TIMEOUT: optional,
  GUARANTEE: optional,
};
export const asUdpConfig = (config: PlainUdpConfig): UdpConfig => ({
  UDP_TIMEOUT: config.TIMEOUT ?? config.UDP_TIMEOUT,
  UDP_STREAMING_TIMEOUT: config.STREAMING_TIMEOUT ?? config.UDP_STREAMING_TIMEOUT,
  UDP_GUARANTEE: config.GUARANTEE ?? config.UDP_GUARANTEE,
});

// ---- TCP: whether each side is done, and whether it has sent data; the reply's bits are the upper ones of two

const done = 1;
const data = 4;
/** The length of what was sent was changed. */
export const lengthsChanged = 16;
const bothDone = done * 3;
const bothData = data * 3;

/** Notes what a segment says. */
export function trackTcp(
  c: FunctionBuilder,
  flags: Ref<I32, I32Like>,
  isReply: I32,
  ip: StagedHeader<(typeof ipv4)["table"]>,
  segment: StagedHeader<(typeof tcp)["table"]>,
): void {
  const { rst, fin, syn } = segment.load("rst", "fin", "syn");
  const hasData = ip.headerLength.add(segment.headerLength).ltU(ip.totalLength.get());
  const own = c.i32(done).shl(isReply);
  const was = flags.get();
  const opens = c.select(syn.or(hasData), was.and(own.xor(-1)), was);
  const now = c.select(rst, was.or(bothDone), c.select(fin, was.or(own), opens));
  flags.set(now.or(hasData.mul(data).shl(isReply)));
}

export const tcpGuarantee = ({ TCP_GUARANTEE, GUARANTEE }: TcpConfig): bigint => GUARANTEE ?? TCP_GUARANTEE;
const dataTimeout = ({ TCP_TIMEOUT, TIMEOUT }: TcpConfig): bigint => TCP_TIMEOUT ?? TIMEOUT;

export function tcpTimeout(c: FunctionBuilder, config: TcpConfig, flags: I32): I64 {
  const [some, none, over] = [dataTimeout(config), config.TCP_NODATA_TIMEOUT, config.TCP_DONE_TIMEOUT];
  const open = c.select(flags.and(bothData).eq(bothData), c.i64(some), c.i64(none));
  return c.select(flags.and(bothDone).eq(bothDone), c.i64(over), open);
}
export function tcpTimesOnHost(config: TcpConfig, flags: number): FlowTimes<bigint> {
  const open = (flags & bothData) === bothData ? dataTimeout(config) : config.TCP_NODATA_TIMEOUT;
  const timeout = (flags & bothDone) === bothDone ? config.TCP_DONE_TIMEOUT : open;
  return { guarantee: tcpGuarantee(config), timeout };
}

// ---- UDP: whether there was a reply, and twice the number of packets, up to three

const replied = 1;
const packet = 2;
const enough = 3 * packet;

const streamingTimeout = (config: UdpConfig): bigint => config.UDP_STREAMING_TIMEOUT ?? config.UDP_TIMEOUT;

export function trackUdp(c: FunctionBuilder, config: UdpConfig, flags: Ref<I32, I32Like>, isReply: I32): void {
  // Nothing depends on it.
  if (streamingTimeout(config) === config.UDP_TIMEOUT) return;
  const was = flags.get().or(isReply.mul(replied));
  flags.set(c.select(was.ltU(enough), was.add(packet), was));
}

export function udpTimeout(c: FunctionBuilder, config: UdpConfig, flags: I32): I64 {
  return c.select(flags.gtU(enough), c.i64(streamingTimeout(config)), c.i64(config.UDP_TIMEOUT));
}
export function udpTimesOnHost(config: UdpConfig, flags: number): FlowTimes<bigint> {
  return {
    guarantee: config.UDP_GUARANTEE,
    timeout: flags > enough ? streamingTimeout(config) : config.UDP_TIMEOUT,
  };
}
