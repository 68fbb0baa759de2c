/**
 * The Click language, without a compiler: configurations are parsed, flattened, formatted, checked for what is not
 * meant, and drawn. It needs nothing of its host, and runs in an editor, a page or a server.
 *
 * Errors and warnings are collected in `Diagnostics`; nothing is thrown for what a configuration holds.
 *
 * @packageDocumentation
 */
export type { Configuration } from "./ast.ts";
export {
  ConfigurationError,
  type Diagnostic,
  type DiagnosticDetails,
  Diagnostics,
  type DiagnosticsFormat,
  formatDiagnostic,
  formatDiagnostics,
  landmark,
  lineAndColumn,
  type Place,
  type Section,
  type Source,
} from "./diagnostics.ts";
export { type FlattenOptions, flatten } from "./flatten.ts";
export { formatConfiguration } from "./format.ts";
export type { Connection, Graph, GraphElement, Port, Requirement } from "./graph.ts";
export { graphText } from "./graph-text.ts";
export { lint } from "./lint.ts";
export { parse } from "./parser.ts";
export { dotPicture, mermaidPicture, type Picture, pictureOf, textPicture } from "./picture.ts";
