#!/usr/bin/env node
// The command's entry. A file of its own, so that it is there when npm links it, before anything is built.
import { existsSync } from "node:fs";

const command = new URL("../dist/click.js", import.meta.url);
if (existsSync(command)) await import(command.href);
else {
  console.error("click: not built yet; in a clone of the repository, run: npm run build");
  process.exitCode = 1;
}
