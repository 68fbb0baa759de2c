/**
 * Listening on UNIX sockets with nobody's file lost.
 *
 * @packageDocumentation
 */
export { UnixSocketError, type UnixSocketErrorCode } from "./error.ts";
export { isDead, type ListenUnixOptions, listenUnix, maximumPath } from "./listen.ts";
