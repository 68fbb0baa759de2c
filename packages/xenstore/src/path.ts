/** Paths: names of letters, digits, `-`, `_`, `@` and `:` between slashes. docs/misc/xenstore.txt of Xen. */
import { StoreError } from "./error.ts";

/** Bytes of a path, from the root and from a domain's own directory (XENSTORE_ABS_PATH_MAX, XENSTORE_REL_PATH_MAX). */
export const maximumPath = 3072;
export const maximumRelativePath = 2048;

const absolute = /^(?:\/|(?:\/[A-Za-z0-9_@:-]+)+)$/;
const special = /^@[A-Za-z0-9_/-]+$/;

/** Checks an absolute path. @throws {StoreError} EINVAL */
export function checkPath(path: string): string {
  if (path.length > maximumPath || !absolute.test(path))
    throw new StoreError("EINVAL", `'${path.slice(0, 80)}' is not an absolute path of names`);
  return path;
}

/** Whether a watch's path is the name of an event of the store's own, such as `@releaseDomain`. */
export function isSpecial(path: string): boolean {
  return special.test(path) && path.length <= maximumRelativePath;
}

/** A path as a domain writes it: relative ones are in `home`. @throws {StoreError} EINVAL */
export function resolvePath(path: string, home: string): string {
  if (path.startsWith("/")) return checkPath(path);
  if (path.length > maximumRelativePath || path === "")
    throw new StoreError("EINVAL", `'${path.slice(0, 80)}' is not a path`);
  return checkPath(`${home}/${path}`);
}

/** The path that was asked for last: one operation looks at its path several times. */
let lastPath = "/";
let lastNames: readonly string[] = [];

export function pathNames(path: string): readonly string[] {
  if (path !== lastPath) {
    lastNames = path === "/" ? [] : path.slice(1).split("/");
    lastPath = path;
  }
  return lastNames;
}

/** The paths from the first name to the whole, in order. */
export function* prefixes(path: string): Generator<string> {
  if (path === "/") return;
  for (let slash = path.indexOf("/", 1); slash > 0; slash = path.indexOf("/", slash + 1)) yield path.slice(0, slash);
  yield path;
}

export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function joinPath(path: string, name: string): string {
  return path === "/" ? `/${name}` : `${path}/${name}`;
}
