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

/** Limits are at least twice what the largest configurations need that are said here. */
export const guestRules: ModuleRules = {
  memory: ["xen", "memory"],
  maximumPages,
  imports: new Map(hypercalls.map(({ name, params, result }) => [name, { params, result }])),
  exports: entryPoints,
  customPrefix: "clickos.",
  limits: {
    // 20,000 routes: 0.9 MB, most of it the manifest; 3,000 filter rules: as much, half of it code.
    moduleBytes: 8 * MiB,
    // 1,000 filter rules of three conditions: 170 KB, in one function; 1,000 classes of packets: 700 KB, in thousands.
    codeBytes: 2 * MiB,
    bodyBytes: 1 * MiB,
    // Nine, with five parameters at most, in the examples.
    types: 64,
    params: 16,
    functions: 16_384,
    // 18 at most: locals that are not needed at the same time are one.
    locals: 1024,
    // A classifier with 1,000 outputs: 1,008, and 1,001 targets of its branch table.
    nesting: 4096,
    branchTargets: 4096,
    // 1,000 filter rules: 130,000; 1,000 classes of packets: 450,000. V8 takes up to 600 bytes for each when it optimises.
    localsAtBranches: 1 * MiB,
    // Two for each queue and each table.
    dataSegments: 4096,
    nameBytes: 1 * MiB,
  },
};
