/** The compounds that an element is in. */

/** `a/b/c` is in the scopes `a/b/`, `a/`, and the top. */
export function scopes(element: string): string[] {
  const list: string[] = [];
  for (let at = element.lastIndexOf("/"); at >= 0; at = element.lastIndexOf("/", at - 1))
    list.push(element.slice(0, at + 1));
  return [...list, ""];
}
