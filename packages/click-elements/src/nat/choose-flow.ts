/** What a new flow is turned into, by a pattern; of ports or addresses that vary, one that no other flow has. */
import type { FunctionBuilder, I32, I32Like, Ref } from "@clickos/codegen";
import { stored16, stored32 } from "@clickos/wire";
import { draw } from "../lib/draw.ts";
import type { RewritePattern } from "./pattern.ts";
import type { FlowWords } from "./rewriter.ts";

/** How many are tried: more are hardly ever needed, and who fills a range must not have it searched for each packet. */
const mostTries = 1024;

/** What a rewriter has to choose with. */
export interface Chooser {
  /** Whether no other flow has been turned into this one. */
  isFree(flow: FlowWords): I32;
  /** 31 bits that others should not foresee. */
  secret(): I32;
}

/** What the flow is turned into; where there is nothing, `none` leaves. `next` is what `#` takes next. */
export function chooseFlow(
  c: FunctionBuilder,
  flow: FlowWords,
  pattern: RewritePattern,
  { isFree, secret }: Chooser,
  next: () => Ref<I32, I32Like>,
  none: () => void,
): FlowWords {
  const { source, sourcePort, destination, destinationPort, ports, variation, order } = pattern;
  const fixed = {
    source: source === 0 ? flow.source : c.i32(stored32(source)),
    destination: destination === 0 ? flow.destination : c.i32(stored32(destination)),
    sourcePort: sourcePort === 0 ? flow.ports.and(0xffff) : c.i32(stored16(sourcePort)),
    destinationPort: destinationPort === 0 ? flow.ports.shrU(16) : c.i32(stored16(destinationPort)),
  };
  const turned = (varied: { readonly source?: I32; readonly sourcePort?: I32 } = {}): FlowWords => {
    const words = { ...fixed, ...varied };
    return {
      source: words.source,
      destination: words.destination,
      ports: words.sourcePort.or(words.destinationPort.shl(16)),
    };
  };
  if (variation === 0) return turned();
  const varied = (above: I32): FlowWords =>
    ports ? turned({ sourcePort: above.add(sourcePort).swap16() }) : turned({ source: above.add(source).swap32() });
  const above = c.var("i32", 0, "above");
  const following = next();
  c.block((chosen) => {
    const accept = (): void => c.if(isFree(varied(above.get())), () => c.br(chosen));
    if (order === "own" && ports) {
      above.set(flow.ports.and(0xffff).swap16().sub(sourcePort));
      c.if(above.get().leU(variation), accept);
    }
    if (order === "next") above.set(c.select(following.get().gtU(variation), c.i32(0), following.get()));
    else above.set(draw(c, secret, variation));
    c.for(0, Math.min(variation + 1, mostTries), 1, () => {
      accept();
      above.set(c.select(above.get().eq(variation), c.i32(0), above.get().add(1)));
    });
    none();
  });
  following.set(above.get().add(1));
  return varied(above.get());
}
