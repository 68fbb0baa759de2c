/** Names of UNIX sockets in configurations. */
import { maximumPath } from "@clickos/unix-socket/node";

/** What is wrong with the name of a socket, if anything is: one that is too long would be cut, or never answer. */
export function unixPathProblem(path: string): string | undefined {
  const length = Buffer.byteLength(path);
  if (length === 0) return "the name of the socket is empty";
  return length > maximumPath ? `the name of a socket has at most ${maximumPath} bytes, not ${length}` : undefined;
}
