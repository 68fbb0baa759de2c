/**
 * The interface of the ClickOS daemon: its methods and streams as types, and a client over any connection that carries lines.
 *
 * @packageDocumentation
 */
export type * from "./api.ts";
export { apiVersion } from "./api.ts";
export { type Client, createClient, type StreamOptions, type Transport } from "./client.ts";
export { ClientError, type DiagnosticInfo } from "./error.ts";
export { LineReader, longestLine } from "./lines.ts";
