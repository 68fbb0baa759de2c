/** The settings of a domain in the note of a saved one: where `restore` puts it when nobody says otherwise. */
import type { DomainSettings } from "./domain-record.ts";
import { savedNote } from "./parameters.ts";

export function noteOf(settings: DomainSettings): string {
  return JSON.stringify({ clickos: 1, settings });
}

/** What `noteOf` wrote, checked: whoever wrote the file may have written something else. */
export function settingsIn(note: string | undefined): DomainSettings | undefined {
  if (note === undefined) return undefined;
  try {
    const read = savedNote.safeParse(JSON.parse(note));
    return read.success ? (read.data.settings as DomainSettings) : undefined;
  } catch {
    return undefined;
  }
}
