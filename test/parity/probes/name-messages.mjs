// What is told of names that are wrong, or stand for nothing.
export { messages as probes } from "./names.mjs";
