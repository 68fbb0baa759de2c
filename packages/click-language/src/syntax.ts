/**
 * The syntax of configurations: tokens, the nodes of the tree that `parse` gives, and its text.
 *
 * @packageDocumentation
 */
export type * from "./ast.ts";
export type { Keyword, Token, TokenKind, TokenSymbol } from "./lexer.ts";
export { lex } from "./parser.ts";
export { printConfiguration } from "./print.ts";
