// What is told of rules that are wrong, or decide nothing.
export { messages as probes } from "./filters.mjs";
