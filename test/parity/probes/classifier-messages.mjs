// What is told of patterns and routes that are wrong, or decide nothing; and of classes that are not there.
export { messages as probes } from "./classifiers.mjs";
