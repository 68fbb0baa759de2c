/** `clickos new`: files to begin with. */
import { elements } from "@clickos/click-elements/node";
import type { Command } from "commander";
import { newElement } from "../new-element.ts";
import { print } from "../print.ts";
import { printable } from "../printable.ts";

export function addNew(program: Command, version: string): void {
  program
    .command("new")
    .description("make files to begin with")
    .command("element")
    .description("make an element class that works, and a test of it")
    .argument("<NAME>", "the class, as LongPackets")
    .option("--dir <FOLDER>", "where to put its files", ".")
    .action((name: string, { dir }: { dir: string }) => {
      for (const file of newElement(name, dir, elements, version)) print(printable(file));
      const file = printable(dir === "." ? `./${name}.ts` : `${dir}/${name}.ts`);
      print(
        `\nnpm install && npm test    its test, in ${dir === "." ? "this folder" : printable(dir)}\n` +
          `clickos explain ${name} --elements ${file}\n` +
          `click --elements ${file} -e 'InfiniteSource(LENGTH 2000, LIMIT 5, STOP true) -> n :: ${name} -> Discard' -h n.long`,
      );
    });
}
