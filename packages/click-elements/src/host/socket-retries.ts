/** Sockets that are tried again when they cannot be opened. */
import type { ServiceHost } from "@clickos/click-core/element";

const second = 1_000_000_000n;

/**
 * Opens a socket of an element; rejects with what is wrong where it cannot be and is not to be tried again. Otherwise that is done once a
 * second, RETRIES times, and stops the router when the last has failed.
 */
export async function opensAgain(
  open: () => Promise<void>,
  { RETRIES, RETRY_WARNINGS }: { readonly RETRIES: number; readonly RETRY_WARNINGS: boolean },
  { host, heading }: { readonly host: Pick<ServiceHost, "at" | "now" | "chatter" | "stop">; readonly heading: string },
): Promise<void> {
  let indent = `${heading}\n  `;
  const attempt = async (left: number, failed: (problem: string) => void): Promise<void> => {
    try {
      await open();
    } catch (e) {
      const { message } = e as Error;
      if (left <= 0) {
        failed(message);
        return;
      }
      if (RETRY_WARNINGS) host.chatter(`${indent}warning: ${message} (${left} ${left === 1 ? "try" : "tries"} left)`);
      indent = "";
      host.at(host.now() + second, () => {
        void attempt(left - 1, (problem) => {
          host.chatter(problem);
          host.stop();
        });
      });
    }
  };
  await attempt(RETRIES, (problem) => {
    throw problem;
  });
}
