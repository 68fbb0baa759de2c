/**
 * AnnotationInfo(NAME OFFSET [SIZE], ... [, CHECK_OVERLAP NAME...]) — gives names to packets' annotations.
 *
 * The name stands for SIZE bytes of the annotation area from OFFSET on, a number or another name; without SIZE, for as many as who uses it
 * needs. Elements of the same compound, and of those inside it, may use the name where an annotation is expected. Names that annotations have anyway, such as
 * PAINT, cannot be given. An argument that begins with CHECK_OVERLAP says that the annotations that follow must have no byte in common. One that begins with `#` is
 * a comment.
 *
 *   AnnotationInfo(COLOR 16 1, CHECK_OVERLAP COLOR VLAN_TCI); ... -> Paint(5, COLOR) -> ...
 */
import {
  annotationBytes,
  arg,
  type ElementClass,
  element,
  emptyScope,
  Mistake,
  readText,
  rest,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { readAnnotation } from "../lib/annotations.ts";

const check = "CHECK_OVERLAP";
/** A name: a word without quotes and backslashes. */
const isWord = (text: string): boolean => /^[^\s"'\\,]+$/.test(text);

export const AnnotationInfo: ElementClass = element({
  name: "AnnotationInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 0,
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, compound, scope, error }, information) {
    args.forEach((text, argument) => {
      const [name, offset = "", bytes, ...more] = splitWords(text);
      if (name === undefined || name.startsWith("#") || name === check) return;
      if (!isWord(name) || readAnnotation(name, emptyScope)) {
        error(`bad NAME '${name}'`, argument);
        return;
      }
      const at = readAnnotation(offset, scope);
      const size = bytes === undefined ? 0 : readText(arg.i32, bytes, scope);
      const isRight =
        at !== undefined &&
        !(size instanceof Mistake) &&
        size >= 0 &&
        at.offset + size <= annotationBytes &&
        (size === 0 || at.size === 0 || size === at.size) &&
        more.length === 0;
      if (isRight) information.define("annotation", compound, name, { offset: at.offset, size });
      else error(`bad entry for '${name}'`, argument);
    });
  },
  prepare: ({ arguments: args, scope }) =>
    args.flatMap((text) => {
      const [first, ...names] = splitWords(text);
      return first === check ? [names.map((name) => ({ name, at: readAnnotation(name, scope) }))] : [];
    }),
  peers({ plan, error }) {
    for (const named of plan) {
      for (const { name, at } of named) if (!at) error(`bad ANNO '${name}'`);
      const known = named.flatMap(({ name, at }) =>
        at ? [{ name, from: at.offset, to: at.offset + Math.max(at.size, 1) }] : [],
      );
      known.forEach((a, i) => {
        for (const b of known.slice(i + 1))
          if (a.from < b.to && b.from < a.to) error(`annotations '${a.name}' and '${b.name}' conflict`);
      });
    }
  },
});
