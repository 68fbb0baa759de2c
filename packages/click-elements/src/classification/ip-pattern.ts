/**
 * The expression language of IPFilter and IPClassifier: primitives (primitive-reader.ts) joined by `and`, `or`, `not`,
 * `A ? B : C` and parentheses. Names of addresses and ports are those that the element's scope knows.
 */
import { type ArgumentType, emptyScope, type Scope } from "@clickos/click-core/element";
import { unquote } from "@clickos/click-language/arguments";
import { always, and, type Expression, never, not, or } from "./expression.ts";
import { PatternError, patternType } from "./patterns.ts";
import { PrimitiveReader } from "./primitive-reader.ts";
import { Tokens } from "./tokens.ts";

/** Parses a pattern. `-`, `all`, `any` and `true` hold always. @throws {PatternError} */
export function parseIpPattern(text: string, scope: Scope = emptyScope): Expression {
  const tokens = new Tokens(text);
  const e = new PatternParser(tokens, scope).ternary();
  if (tokens.peek !== undefined) throw new PatternError(`unexpected '${tokens.peek}'`);
  return e;
}

/** A pattern, in quotes or not. */
export const ipPattern: ArgumentType<Expression> = patternType("a pattern such as tcp dst port 80", (text, scope) =>
  parseIpPattern(unquote(text), scope),
);

class PatternParser {
  private depth = 0;
  private readonly tokens: Tokens;
  private readonly primitives: PrimitiveReader;

  constructor(tokens: Tokens, scope: Scope) {
    this.tokens = tokens;
    this.primitives = new PrimitiveReader(tokens, scope);
  }

  ternary(): Expression {
    if (++this.depth > 200) throw new PatternError("nested too deeply");
    const condition = this.or();
    let result = condition;
    if (this.tokens.accept("?")) {
      const yes = this.ternary();
      if (!this.tokens.accept(":")) throw new PatternError("'?' without ':'");
      const no = this.ternary();
      result = or(and(condition, yes), and(not(condition), no));
    }
    this.depth--;
    return result;
  }

  private or(): Expression {
    const list = [this.and()];
    while (this.tokens.accept("or", "||")) list.push(this.and());
    return or(...list);
  }

  private and(): Expression {
    const list = [this.factor()];
    for (;;) {
      const { peek } = this.tokens;
      if (this.tokens.accept("and", "&&")) list.push(this.factor());
      else if (peek !== undefined && !["or", "||", ")", "?", ":"].includes(peek)) list.push(this.factor());
      else return and(...list);
    }
  }

  private factor(): Expression {
    let negated = false;
    const negate = (): void => {
      negated = !negated;
    };
    while (this.tokens.accept("not", "!")) negate();
    const e = this.operand(negate);
    return negated ? not(e) : e;
  }

  private operand(negate: () => void): Expression {
    if (this.tokens.accept("(")) {
      const e = this.ternary();
      if (!this.tokens.accept(")")) throw new PatternError("'(' is not closed");
      return e;
    }
    if (this.tokens.accept("true", "all", "any", "-")) return always;
    if (this.tokens.accept("false", "none")) return never;
    return this.primitives.read(negate);
  }
}
