/** Programs of the intermediate representation: the interpreter, the optimiser and WebAssembly agree on what they mean. */
import { agree } from "../../../packages/codegen/test/agreement.mjs";
import { mutateBytes } from "../mutate.mjs";

export const target = {
  name: "codegen",
  errors: [],
  seeds: () => [],
  generate: (r) => Uint8Array.from({ length: 60 + r.below(600) }, () => r.below(256)),
  mutate: mutateBytes,
  run: agree,
};
