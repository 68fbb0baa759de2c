/** Looking IP packets up by prefix, as staged code over packet memory: the same as `lookups/prefix-lookup.ts`. */
import type { FunctionBuilder, I32, ModuleBuilder, Var } from "@clickos/codegen";
import { ip4, ip6 } from "../lookups/ip-frame.ts";
import { roots } from "../lookups/prefix-trie.ts";
import { eachFrame, type LoopNumbers, loopParams } from "./frame-loop.ts";
import { findIp } from "./ip-frame.ts";
import { packetCode } from "./packet-code.ts";

/** `results` says where packets go by the numbers that the trie has. @returns where it stopped; `count` when all were looked up. */
export type PrefixFrames = (trie: number, results: number, ...frames: LoopNumbers) => number;

/** Follows the bytes of an address to a number. The trie is no deeper than the address is long. */
function descend(c: FunctionBuilder, p: { trie: I32; results: I32 }, address: I32, root: number, to: Var<"i32">): void {
  const at = c.var("i32", address, "byte");
  const word = c.var("i32", root << 1, "word");
  c.loop(() => {
    const node = word.get().shrU(1);
    word.set(c.load32(node.add(c.load8(at.get())).shl(2).add(p.trie)));
    c.if(word.get().and(1).eqz(), () => c.break());
    at.inc();
  });
  to.set(c.load32(word.get().shrU(1).shl(2).add(p.results)));
}

function build(m: ModuleBuilder): void {
  const params = { trie: "i32", results: "i32", ...loopParams } as const;
  m.export(
    "find",
    m.func("find", params, "i32", (c, p) =>
      eachFrame(c, p, ({ start, length }, result) => {
        const { version, at } = findIp(c, start, start.add(length));
        c.if(
          version.get().eq(4),
          () => descend(c, p, at.get().add(ip4.destination), roots.ip4, result),
          () => c.if(version.get().eq(6), () => descend(c, p, at.get().add(ip6.destination), roots.ip6, result)),
        );
      }),
    ),
  );
}

/** The code over the process's memory for frames. */
export const prefixCode: (memory: WebAssembly.Memory) => { readonly find: PrefixFrames } = packetCode(
  "vale prefix lookup",
  build,
);
