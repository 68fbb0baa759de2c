/** Brings the experiments when they are asked for. In the built command they are a file of their own: see tsup.config.ts. */
export function loadExperiments(): Promise<typeof import("./index.ts")> {
  return import("./index.ts");
}
