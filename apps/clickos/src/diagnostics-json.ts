/** Diagnostics as plain data, for JSON. */
import { type Diagnostic, lineAndColumn } from "@clickos/click-language";

export function diagnosticsJson(list: readonly Diagnostic[]): unknown {
  return list.map((d) => {
    const at = d.place && lineAndColumn(d.place);
    return {
      severity: d.severity,
      message: d.message,
      ...(d.section ? { element: d.section.element } : {}),
      ...(d.subject ? { subject: d.subject } : {}),
      ...(at ? { file: at.file, line: at.line, column: at.column } : {}),
      ...(d.hint ? { hint: d.hint } : {}),
    };
  });
}
