/**
 * Staged code generation: write TypeScript that runs at build time and emits specialised WebAssembly.
 *
 * Values (`I32`, `I64`) name results of operations in the order they are written; `staged` reaches the fields
 * of a layout (`@clickos/layout`); `moduleBuilder` collects functions, data and exports; `wasmBackend` encodes them.
 *
 * @packageDocumentation
 */
export {
  checkModule,
  type FunctionType,
  type ModuleFault,
  type ModuleLimits,
  type ModuleRules,
} from "./check-module.ts";
export { CodegenError, type CodegenErrorCode, callerPlace } from "./error.ts";
export { type BlockLabel, type FlowArm, type FlowObserver, FunctionBuilder } from "./function-builder.ts";
export type * from "./ir.ts";
export { type AccessTarget, MemoryOperations } from "./memory-operations.ts";
export {
  type BodyResult,
  type Func,
  type MemoryOptions,
  ModuleBuilder,
  moduleBuilder,
  type Params,
  type ParamValues,
  type Result,
} from "./module-builder.ts";
export { OperationBuilder, type Var } from "./operation-builder.ts";
export { optimize } from "./optimize.ts";
export { type StagedArray, type StagedField, type StagedFields, type StagedOf, staged } from "./staged.ts";
export { moduleText } from "./text.ts";
export { operands, statementOperands } from "./traverse.ts";
export { validate } from "./validate.ts";
export {
  I32,
  type I32Like,
  I64,
  type I64Like,
  type Integer,
  type LikeOf,
  type Ref,
  V128,
  type V128Like,
  type Value,
  type ValueLike,
  type ValueOf,
} from "./values.ts";
export { customSection, hasSeveralMemories, wasmBackend, wasmRegions } from "./wasm.ts";
export type { CodeRegion } from "./wasm-function.ts";
