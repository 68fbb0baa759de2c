/**
 * The syntax of configurations: tokens, the nodes of the tree that `parse` gives, and its text.
 *
 * @packageDocumentation
 */
export type * from "./ast.ts";
export { lex, type Token, type TokenKind } from "./lexer.ts";
export { printConfiguration } from "./print.ts";
