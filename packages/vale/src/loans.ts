/** Loans between the ports of a patch: who lends to whom, and until when. */
import type { AttachedPort } from "./attached-port.ts";
import type { LoanSide } from "./loan.ts";

/** Whether all frames of a port are to go by a loan if there is one: nothing else looks at them. */
function isPlain({ entering, leaving, mirror }: AttachedPort): boolean {
  return entering === undefined && leaving === undefined && mirror === undefined;
}

/**
 * What moves the frames of one port to another by a loan between the two, which begins where it can. Frames of a device that could be
 * longer than its lender takes are copied, so that they are counted.
 */
export function loanBetween(from: AttachedPort, to: AttachedPort): LoanSide | undefined {
  if (from.loan) return from.loan.side;
  const [lending, device] = from.port.lender ? [from, to] : [to, from];
  const { lender } = lending.port;
  const { borrow, frameLimit } = device.port;
  if (!lender || !borrow || frameLimit === undefined || frameLimit > lending.frameLimit) return undefined;
  if (!isPlain(from) || !isPlain(to)) return undefined;
  const loan = borrow(lender);
  if (!loan) return undefined;
  const end = (): void => {
    lending.loan = device.loan = undefined;
    loan.end();
  };
  lending.loan = { side: loan.leaving, end };
  device.loan = { side: loan.arriving, end };
  return from === lending ? loan.leaving : loan.arriving;
}
