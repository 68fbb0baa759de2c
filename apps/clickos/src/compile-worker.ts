/** The thread that compiles configurations: see `daemon/compiler.ts`. */
import { parentPort } from "node:worker_threads";
import { elements } from "@clickos/click-elements/node";
import { linkImage } from "@clickos/click-image";
import { ConfigurationError } from "@clickos/click-language";
import type { CompileAnswer, CompileRequest } from "./daemon/compiler.ts";

const answer = (message: CompileAnswer): void => parentPort?.postMessage(message);

parentPort?.on("message", async ({ id, source, options }: CompileRequest) => {
  try {
    answer({ id, image: await linkImage(source, { ...options, elements }) });
  } catch (e) {
    if (e instanceof ConfigurationError) answer({ id, diagnostics: e.diagnostics });
    else {
      const { name, message, code } = e as Error & { readonly code?: unknown };
      answer({ id, error: { name, message, ...(code === undefined ? {} : { code }) } });
    }
  }
});
answer({ id: 0 });
