/**
 * What a host does with a compiled router's memory: its handlers, and the state that it hands on.
 *
 * @packageDocumentation
 */
export { WatchList } from "./element/handler-tree.ts";
export { drawSeed } from "./runtime/draw-seed.ts";
export {
  type HandlerSources,
  type RouterHandlers,
  routerHandlers,
  type UnwatchedTree,
} from "./runtime/router-handlers.ts";
export { type FormerRouter, transferState } from "./runtime/transfer-state.ts";
export { transferTasks } from "./runtime/transfer-tasks.ts";
export { type RouterPlace, type Unfinished, unfinished } from "./runtime/unfinished.ts";
