/**
 * Configuration archives: an `ar` file with a member named `config`, as Click's tools write them.
 *
 * Layout: the magic line, then members; each a header of 60 bytes of text (name 16, date 12, uid 6, gid 6, mode 8,
 * size 10, "`\n"), the content, and a newline where the size is odd. See ar(5).
 */

const magic = "!<arch>\n";

/** An archive that is damaged, or lacks what is asked for. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly code: "BAD_ARCHIVE" | "NO_MEMBER";
  constructor(message: string, code: "BAD_ARCHIVE" | "NO_MEMBER" = "BAD_ARCHIVE") {
    super(message);
    this.code = code;
  }
}

/** The member of an archive; bytes that are no archive are given back. @throws {ArchiveError} */
export function archiveMember(bytes: Buffer, member: string): Buffer {
  if (bytes.toString("latin1", 0, magic.length) !== magic) return bytes;
  let longNames = "";
  for (let at = magic.length; at < bytes.length; ) {
    const header = bytes.toString("latin1", at, at + 60);
    const size = /^\d+/.exec(header.slice(48, 58))?.[0];
    if (header.length < 60 || header.slice(58) !== "`\n" || size === undefined)
      throw new ArchiveError(`the archive is damaged at byte ${at}`);
    const start = at + 60;
    const end = start + Number(size);
    if (end > bytes.length)
      throw new ArchiveError(`the archive ends in the middle of a member, at byte ${bytes.length}`);
    let name = header.slice(0, 16).trimEnd();
    let from = start;
    const [bsd, gnu] = [/^#1\/(\d+)$/.exec(name), /^\/(\d+)$/.exec(name)];
    if (name === "//") longNames = bytes.toString("latin1", start, end);
    if (bsd) {
      from = start + Number(bsd[1]);
      // BSD fills the name up with zeros.
      name = bytes.toString("latin1", start, from).split("\0")[0] ?? "";
    } else if (gnu) name = longNames.slice(Number(gnu[1])).split("\n")[0] ?? "";
    if (name.replace(/\/$/, "") === member) return bytes.subarray(Math.min(from, end), end);
    at = end + (end % 2);
  }
  throw new ArchiveError(`the archive has no member '${member}'`, "NO_MEMBER");
}
