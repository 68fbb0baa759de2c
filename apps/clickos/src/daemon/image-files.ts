/** Images and checkpoints in the daemon's folder. An image's name is its bytes' SHA-256: one that many domains have is there once. */
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type Image, loadImage } from "@clickos/click-image";
import { sha256, writeBytes } from "../files.ts";
import { ownFolder } from "./paths.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Has names in a folder be on the disk too. */
function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  fsyncSync(fd);
  closeSync(fd);
}

/** Files in a folder, by name. */
export class FileStore {
  private readonly folder: string;
  private readonly extension: string;

  /** Makes the folder. @throws {CommandError} */
  constructor(folder: string, extension: string) {
    ownFolder(folder);
    this.folder = folder;
    this.extension = extension;
  }
  pathOf(name: string): string {
    return join(this.folder, `${name}${this.extension}`);
  }
  write(name: string, bytes: Uint8Array): void {
    writeBytes(this.pathOf(name), bytes);
    syncFolder(this.folder);
  }
  /** @throws the system's error. */
  read(name: string): Bytes {
    return new Uint8Array(readFileSync(this.pathOf(name)));
  }
  delete(name: string): void {
    rmSync(this.pathOf(name), { force: true });
  }
  /** Removes all but some, and what was left half written. */
  keep(names: ReadonlySet<string>): void {
    for (const file of readdirSync(this.folder))
      if (!file.endsWith(this.extension) || !names.has(basename(file, this.extension)))
        rmSync(join(this.folder, file), { force: true });
  }
}

export class ImageStore {
  private readonly files: FileStore;
  /** Those in use, by their names. */
  private readonly loaded = new Map<string, Promise<Image>>();
  private readonly uses = new Map<string, number>();

  constructor(folder: string) {
    this.files = new FileStore(folder, ".cos");
  }
  /** Keeps an image for one that uses it, until it is released; its name. */
  add(image: Image): string {
    const name = sha256(image.bytes);
    if (!this.uses.has(name)) {
      this.files.write(name, image.bytes);
      this.loaded.set(name, Promise.resolve(image));
    }
    this.use(name);
    return name;
  }
  /** @throws {ImageError} @throws the system's error, when the file is gone. */
  get(name: string): Promise<Image> {
    let image = this.loaded.get(name);
    if (!image) {
      image = loadImage(this.files.read(name));
      this.loaded.set(name, image);
      void image.catch(() => this.loaded.delete(name));
    }
    return image;
  }
  use(name: string): void {
    this.uses.set(name, (this.uses.get(name) ?? 0) + 1);
  }
  /** The file goes with the last that uses it. */
  release(name: string): void {
    const left = (this.uses.get(name) ?? 0) - 1;
    if (left > 0) this.uses.set(name, left);
    else {
      this.uses.delete(name);
      this.loaded.delete(name);
      this.files.delete(name);
    }
  }
  keep(names: ReadonlySet<string>): void {
    this.files.keep(names);
  }
}
