/** What FastUDPFlows and FastTCPFlows have in common beside fast-source.ts: flows in memory, of which each packet's is drawn. */
import {
  type ArgumentSpec,
  anew,
  arg,
  type ElementContext,
  type ElementReport,
  heapOf,
  maximumLargeFrame,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type Fields, type Struct, type U32Field, u32 } from "@clickos/layout";
import { type FastConfig, fastArguments, fastLength, fastState } from "./fast-source.ts";

/** 32 MiB of TCP flows. */
const mostFlows = 1 << 20;

export interface FlowsConfig extends FastConfig {
  readonly FLOWS: number;
  readonly FLOWSIZE: number;
}

/** The arguments but the last ones. */
export const flowsArguments: typeof fastArguments & {
  readonly SRCETH: ArgumentSpec<Uint8Array>;
  readonly SRCIP: ArgumentSpec<number>;
  readonly DSTETH: ArgumentSpec<Uint8Array>;
  readonly DSTIP: ArgumentSpec<number>;
  readonly FLOWS: ArgumentSpec<number>;
  readonly FLOWSIZE: ArgumentSpec<number>;
} = {
  ...fastArguments,
  SRCETH: required(arg.etherAddress),
  SRCIP: required(arg.ipAddress),
  DSTETH: required(arg.etherAddress),
  DSTIP: required(arg.ipAddress),
  FLOWS: required(arg.u32),
  FLOWSIZE: required(arg.u32),
};

/** `flows` is where they are; 0 where there was no memory for them. */
export const flowsState: typeof fastState & { readonly flows: U32Field } = { ...fastState, flows: anew(u32) };
export type FlowsState = typeof flowsState;

/** The length of packets. Click ends by a signal where it has to draw one of no flows, and where flows do not fit into its memory. */
export function checkFlows(
  config: Pick<FlowsConfig, "FLOWS" | "LENGTH" | "RATE">,
  report: Pick<ElementReport, "error" | "warning">,
): number {
  if (config.FLOWS === 0) report.error("FLOWS must be positive");
  if (config.FLOWS > mostFlows) report.error(`FLOWS too large; max is ${mostFlows}`);
  return fastLength(config, report, maximumLargeFrame);
}

type Context = ElementContext<Pick<FlowsConfig, "FLOWS">, unknown, FlowsState>;

const drawn = ({ chance }: Pick<Context, "chance">): I32 => chance().shrU(2);

/** A port, as it is stored. */
export const drawPort = (context: Pick<Context, "chance">): I32 => drawn(context).remU(0xffff);

/** Where one flow of all is. */
export function drawFlow(context: Context, flow: Struct<Fields>): I32 {
  const { config, state } = context;
  return drawn(context).remU(config.FLOWS).mul(flow.size).add(state.flows.get());
}

/** Has `begin` set up each flow, whose memory is all zero. */
export function beginFlows(
  c: FunctionBuilder,
  { config, state, line }: Context,
  { size }: Struct<Fields>,
  begin: (at: I32) => void,
): void {
  const bytes = config.FLOWS * size;
  c.if(state.flows.get().eqz(), () => state.flows.set(heapOf(c).allocate(c, bytes)));
  const flows = state.flows.get();
  c.if(
    flows,
    () => {
      c.fill(flows, 0, bytes);
      c.for(0, config.FLOWS, 1, (i) => begin(i.mul(size).add(flows)));
    },
    () => line().text("no memory for flows").end(),
  );
}
