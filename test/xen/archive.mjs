/** Archives that Linux unpacks at boot: cpio, format "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). */

/** @typedef {{ path: string, mode: number, content?: Uint8Array | string }} Entry Its mode has the type of the file, as `stat` has it. */

const directory = 0o40755;
const link = 0o120777;

/** A file, its path absolute. */
export const file = (path, content, mode = 0o100755) => ({ path, mode, content });
export const symbolicLink = (path, to) => ({ path, mode: link, content: to });
export const folder = (path) => ({ path, mode: directory });

/**
 * @param {readonly Entry[]} entries
 * @returns the archive; folders that files are in come before them, each once
 */
export function archive(entries) {
  const chunks = [];
  const made = new Set();
  let number = 1;
  const put = ({ path, mode, content = "" }) => {
    const bytes = Buffer.from(content);
    const name = Buffer.from(`${path}\0`);
    const fields = [number++, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
    const header = `070701${fields.map((n) => n.toString(16).padStart(8, "0")).join("")}`;
    chunks.push(padded(Buffer.concat([Buffer.from(header), name])), padded(bytes));
  };
  const need = (path) => {
    if (path === "" || made.has(path)) return;
    need(path.slice(0, path.lastIndexOf("/")));
    made.add(path);
    put(folder(path.slice(1)));
  };
  for (const entry of entries) {
    need(entry.path.slice(0, entry.path.lastIndexOf("/")));
    if (entry.mode === directory) need(entry.path);
    else put({ ...entry, path: entry.path.slice(1) });
  }
  put({ path: "TRAILER!!!", mode: 0 });
  return Buffer.concat(chunks);
}

function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
