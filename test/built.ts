/** Tests of what is built fail where nothing is built, and name the command; they are never skipped for that. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @throws {Error} when one of the files is not there, with what to do about it. */
export function needsBuild(...files: readonly URL[]): void {
  for (const file of files)
    if (!existsSync(fileURLToPath(file))) throw new Error(`${fileURLToPath(file)} is not built: npm run build`);
}
