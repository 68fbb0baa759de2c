/**
 * What a module may be to run as a guest: what the compiler of this project emits for a domain, in sizes that an engine
 * compiles in bounded time and memory.
 */
import type { FunctionType, ModuleRules } from "@clickos/codegen";
import { hypercalls } from "./hypercalls.ts";
import { maximumPages } from "./memory-pool.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** Functions that a guest exports. */
const entryPoints: ReadonlyMap<string, FunctionType> = new Map<string, FunctionType>([
  ["boot", { params: [] }],
  ["vcpu", { params: ["i64", "i32"], result: "i32" }],
]);

/** Limits are several times what the largest configurations need that the tests and benchmarks have; figures in brackets. */
export const guestRules: ModuleRules = {
  memory: ["xen", "memory"],
  maximumPages,
  imports: new Map(hypercalls.map(({ name, params, result }) => [name, { params, result }])),
  exports: entryPoints,
  customPrefix: "clickos.",
  limits: {
    // 20,000 routes: 0.9 MB, most of it the manifest; 10,000 filter rules: 3 MB.
    moduleBytes: 8 * MiB,
    // 1,000 filter rules of three conditions: 180 KB, in one function; 1,000 classes of packets: 700 KB, in 4,700.
    codeBytes: 2 * MiB,
    bodyBytes: 1 * MiB,
    // Nine, with five parameters at most, in the examples.
    types: 64,
    params: 16,
    functions: 16_384,
    // 1,000 filter rules: 2,006.
    locals: 8192,
    // A classifier with 1,000 outputs: 1,008, and 1,001 targets of its branch table.
    nesting: 4096,
    branchTargets: 4096,
    localsAtBranches: 32 * MiB,
    // Two for each queue and each table.
    dataSegments: 4096,
    nameBytes: 1 * MiB,
  },
};
