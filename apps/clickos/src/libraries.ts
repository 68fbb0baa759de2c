/**
 * Finds the files of `require(library NAME)`. CLICKPATH is a list of folders between colons; an empty one, which an unset
 * CLICKPATH is too, stands for the folder of the file that requires. Other folders are also looked into for `conf/click/NAME`
 * and `conf/NAME`, which come first.
 */
import { readFileSync, statSync } from "node:fs";
import { type FlattenOptions, parse } from "@clickos/click-language";
import { systemReason } from "@clickos/pcap/node";

type ReadLibrary = NonNullable<FlattenOptions["library"]>;

/** As C says them. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EISDIR: "Is a directory",
  ENOTDIR: "Not a directory",
};

/** Reads libraries along a path. */
export function librariesOf(path: string): ReadLibrary {
  return (name, from) => {
    const file = find(name, from, path);
    if (file === undefined) return undefined;
    try {
      return parse({ file, text: readFileSync(file, "latin1") });
    } catch (e) {
      return `${file}: ${reasons[(e as NodeJS.ErrnoException).code ?? ""] ?? systemReason(e)}`;
    }
  };
}

function find(name: string, from: string, path: string): string | undefined {
  if (name.startsWith("/")) return name;
  const slash = from.lastIndexOf("/");
  const own = slash > 0 ? from.slice(0, slash) : ".";
  let ownTried = false;
  for (const folder of path.split(":")) {
    if (folder === "" && ownTried) continue;
    ownTried ||= folder === "";
    const prefix = folder === "" ? own : folder;
    const base = prefix.endsWith("/") ? prefix : `${prefix}/`;
    const candidates = folder === "" ? [name] : [`conf/click/${name}`, `conf/${name}`, name];
    const found = candidates.map((c) => base + c).find(isFile);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
