/** The IP header of a frame and its ports, as staged code: the same as `lookups/ip-frame.ts`, which says what counts. */
import type { FunctionBuilder, I32, Var } from "@clickos/codegen";
import {
  extensions,
  fragmentHeader,
  fragmentMask,
  ip4,
  ip6,
  mostExtensions,
  mostTags,
  tagBytes,
  typeOffset,
  types,
  withPorts,
} from "../lookups/ip-frame.ts";

/** What a frame carries; places are addresses in memory. */
export interface StagedIp {
  /** 4, 6, or 0 for none. */
  readonly version: Var<"i32">;
  readonly at: Var<"i32">;
  /** The type behind the tags, the first byte lowest. */
  readonly type: Var<"i32">;
}

/** Finds the IP header of a frame of 14 bytes at least, from `start` to before `end`. */
export function findIp(c: FunctionBuilder, start: I32, end: I32): StagedIp {
  const at = c.var("i32", start.add(typeOffset), "header");
  const type = c.var("i32", c.load16(at.get()), "type");
  const version = c.var("i32", 0, "version");
  const isTag = (): I32 => type.get().eq(types.vlan).or(type.get().eq(types.serviceVlan));
  const skip = (left: number): void => {
    if (left === 0) return;
    c.if(isTag(), () => {
      c.if(
        at
          .get()
          .add(tagBytes + 2)
          .leU(end),
        () => {
          at.set(at.get().add(tagBytes));
          type.set(c.load16(at.get()));
          skip(left - 1);
        },
      );
    });
  };
  skip(mostTags);
  at.set(at.get().add(2));
  const has = (bytes: I32 | number): I32 => at.get().add(bytes).leU(end);
  c.if(
    type.get().eq(types.ip4),
    () => {
      c.if(has(ip4.least), () => {
        const first = c.load8(at.get());
        const header = first.and(15).shl(2);
        c.if(first.shrU(4).eq(4).and(header.geU(ip4.least)).and(has(header)), () => version.set(4));
      });
    },
    () => {
      c.if(type.get().eq(types.ip6).and(has(ip6.bytes)), () => {
        c.if(c.load8(at.get()).shrU(4).eq(6), () => version.set(6));
      });
    },
  );
  return { version, at, type };
}

export interface StagedTransport {
  readonly protocol: Var<"i32">;
  /** The two ports, or 0. */
  readonly source: Var<"i32">;
  readonly destination: Var<"i32">;
}

function oneOf(value: I32, numbers: readonly number[]): I32 {
  return numbers.map((n) => value.eq(n)).reduce((a, b) => a.or(b));
}

/** Finds the ports of a packet whose header `findIp` has found. */
export function findTransport(c: FunctionBuilder, { version, at }: StagedIp, end: I32): StagedTransport {
  const protocol = c.var("i32", 0, "protocol");
  const source = c.var("i32", 0, "source");
  const destination = c.var("i32", 0, "destination");
  const next = c.var("i32", at.get(), "next");
  const whole = c.var("i32", 1, "whole");
  c.if(
    version.get().eq(4),
    () => {
      protocol.set(c.load8(at.get(), ip4.protocol));
      whole.set(c.load16(at.get(), ip4.fragment).and(fragmentMask).eqz());
      next.set(at.get().add(c.load8(at.get()).and(15).shl(2)));
    },
    () => {
      protocol.set(c.load8(at.get(), ip6.next));
      next.set(at.get().add(ip6.bytes));
      const left = c.var("i32", mostExtensions, "left");
      c.loop(() => {
        c.if(left.get().eqz().or(oneOf(protocol.get(), extensions).eqz()), () => c.break());
        c.if(next.get().add(8).gtU(end), () => c.break());
        protocol.set(c.load8(next.get()));
        next.set(next.get().add(c.load8(next.get(), 1).add(1).shl(3)));
        left.set(left.get().sub(1));
      });
      whole.set(protocol.get().ne(fragmentHeader));
    },
  );
  c.if(whole.get().and(oneOf(protocol.get(), withPorts)).and(next.get().add(4).leU(end)), () => {
    source.set(c.load16(next.get()));
    destination.set(c.load16(next.get(), 2));
  });
  return { protocol, source, destination };
}
