/**
 * Rules as Snort has them: a header, and options of which the contents are what is looked for. Parsed to plain values.
 *
 *   alert tcp any any -> 10.0.0.0/8 80 (msg:"shell"; content:"cmd.exe"; nocase; offset:4; depth:100; sid:1001;)
 *
 * Snort 3 Rule Writing Guide: rule headers, and the options content, nocase, offset, depth, distance, within, msg, sid, rev.
 */
import { type IpPrefix, parseIpPrefix } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";

export interface AddressTest extends Pick<IpPrefix, "address" | "mask"> {
  readonly negated: boolean;
}
export interface PortTest {
  readonly from: number;
  readonly to: number;
  readonly negated: boolean;
}

export interface Content {
  readonly bytes: Uint8Array;
  readonly nocase: boolean;
  /** It must not be there. */
  readonly negated: boolean;
  /** `from` counts from the end of the content before; else from the start of the payload. */
  readonly relative: boolean;
  readonly from: number;
  /** Bytes from there on in which it must lie; 0 is all. */
  readonly window: number;
}

export interface ContentRule {
  readonly action: "alert" | "drop";
  /** 0 is any. */
  readonly protocol: number;
  readonly source: AddressTest;
  readonly sourcePort: PortTest;
  readonly destination: AddressTest;
  readonly destinationPort: PortTest;
  /** It holds with the two ends exchanged, too. */
  readonly bothWays: boolean;
  readonly contents: readonly Content[];
  /** The content that is searched for first: the longest that must be there. */
  readonly fast: number;
  readonly message: string;
  readonly sid: number;
}

/** What is wrong with a rule. */
export class RuleError extends Error {
  override readonly name = "RuleError";
}

/** Contents of a rule. */
export const mostContents = 16;
/** Bytes of a content. */
export const longestContent = 255;
/** How far `offset`, `depth`, `distance` and `within` reach. */
const farthest = 65535;

const protocols: Readonly<Record<string, number>> = {
  ip: 0,
  tcp: ipProtocols.tcp,
  udp: ipProtocols.udp,
  icmp: ipProtocols.icmp,
};
/** Options that say something of the rule, and nothing of packets. */
const remarks: ReadonlySet<string> = new Set(["rev", "gid", "classtype", "priority", "reference", "metadata", "rem"]);

/** @throws {RuleError} */
export function parseContentRule(text: string): ContentRule {
  const match = /^\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(->|<>)\s+(\S+)\s+(\S+)\s*\(([\s\S]*)\)\s*$/.exec(text);
  if (!match) throw new RuleError("expected ACTION PROTOCOL ADDRESS PORT -> ADDRESS PORT (OPTIONS)");
  const [, action, protocol = "", source = "", sourcePort = "", direction, destination = "", port = "", options = ""] =
    match;
  if (action !== "alert" && action !== "drop") throw new RuleError(`the action '${action}' is not alert or drop`);
  if (!Object.hasOwn(protocols, protocol))
    throw new RuleError(`the protocol '${protocol}' is not ip, tcp, udp or icmp`);
  return {
    action,
    protocol: protocols[protocol] as number,
    source: addressTest(source),
    sourcePort: portTest(sourcePort),
    destination: addressTest(destination),
    destinationPort: portTest(port),
    bothWays: direction === "<>",
    ...readOptions(options),
  };
}

function addressTest(text: string): AddressTest {
  if (text === "any") return { address: 0, mask: 0, negated: false };
  const negated = text.startsWith("!");
  const prefix = parseIpPrefix(negated ? text.slice(1) : text);
  if (!prefix) throw new RuleError(`'${text}' is not any, an IP address or a prefix`);
  return { address: (prefix.address & prefix.mask) >>> 0, mask: prefix.mask, negated };
}

function portTest(text: string): PortTest {
  if (text === "any") return { from: 0, to: 65535, negated: false };
  const match = /^(!?)(?:(\d+)|(\d*):(\d*))$/.exec(text);
  const [, not, one, low, high] = match ?? [];
  const from = Number(one ?? (low || 0));
  const to = Number(one ?? (high || 65535));
  if (!match || from > to || to > 65535 || (one === undefined && low === "" && high === ""))
    throw new RuleError(`'${text}' is not any, a port or a range of ports such as 1024:`);
  return { from, to, negated: not === "!" };
}

type Draft = { -readonly [K in keyof Content]: Content[K] };

function readOptions(text: string): Pick<ContentRule, "contents" | "fast" | "message" | "sid"> {
  const contents: Draft[] = [];
  let message = "";
  let sid = 0;
  for (const [name, value] of optionsIn(text)) {
    if (name === "content") {
      contents.push({ ...contentOf(value), nocase: false, relative: false, from: 0, window: 0 });
      continue;
    }
    if (name === "msg") {
      message = unquoted(name, value);
      if (!/^[ -~]*$/.test(message)) throw new RuleError("msg has characters that cannot be printed");
    } else if (name === "sid") sid = numberOf(name, value, 0, 0xffffffff);
    else if (remarks.has(name)) continue;
    else modify(contents.at(-1), name, value);
  }
  if (sid === 0) throw new RuleError("the rule has no sid");
  if (contents.length > mostContents) throw new RuleError(`more than ${mostContents} contents`);
  const present = contents.filter((c) => !c.negated);
  if (present.length === 0) throw new RuleError("the rule has no content that must be there");
  for (const { bytes, window } of contents)
    if (window > 0 && window < bytes.length)
      throw new RuleError(`a content of ${bytes.length} bytes in ${window} bytes`);
  const longest = Math.max(...present.map((c) => c.bytes.length));
  return { contents, fast: contents.findIndex((c) => !c.negated && c.bytes.length === longest), message, sid };
}

/** A modifier of the content before it. */
function modify(content: Draft | undefined, name: string, value: string): void {
  const isModifier = ["nocase", "offset", "depth", "distance", "within"].includes(name);
  if (!isModifier)
    throw new RuleError(
      `there is no option '${name}'; there are content, nocase, offset, depth, distance, within, msg and sid`,
    );
  if (!content) throw new RuleError(`${name} stands behind no content`);
  switch (name) {
    case "nocase":
      if (value !== "") throw new RuleError("nocase takes no value");
      content.nocase = true;
      return;
    case "offset":
      content.from = numberOf(name, value, 0, farthest);
      break;
    case "depth":
      content.window = numberOf(name, value, 1, farthest);
      break;
    case "distance":
      content.from = numberOf(name, value, -farthest, farthest);
      break;
    case "within":
      content.window = numberOf(name, value, 1, farthest);
  }
  content.relative ||= name === "distance" || name === "within";
}

/** `NAME:VALUE;`, with quotes and backslashes. */
function* optionsIn(text: string): Generator<[name: string, value: string]> {
  const option = /\s*([a-z_]+)\s*(?::\s*((?:"(?:[^"\\]|\\.)*"|[^;"\\]|\\.)*?)\s*)?;\s*/y;
  while (option.lastIndex < text.length) {
    const { lastIndex } = option;
    const match = option.exec(text);
    if (!match) throw new RuleError(`expected NAME:VALUE; at '${text.slice(lastIndex, lastIndex + 20)}'`);
    yield [match[1] as string, match[2] ?? ""];
  }
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < least || value > most)
    throw new RuleError(`${name}:${text} is not a number between ${least} and ${most}`);
  return value;
}

function unquoted(name: string, text: string): string {
  const match = /^"((?:[^"\\]|\\.)*)"$/.exec(text);
  if (!match) throw new RuleError(`the value of ${name} stands in quotes`);
  return (match[1] as string).replace(/\\(.)/g, "$1");
}

/** `"text|0d 0a|more"`, after `!` where it must not be there. */
function contentOf(text: string): Pick<Content, "bytes" | "negated"> {
  const negated = text.startsWith("!");
  const match = /^"((?:[^"\\]|\\.)*)"$/.exec(negated ? text.slice(1).trim() : text);
  if (!match) throw new RuleError("the value of content stands in quotes");
  const bytes: number[] = [];
  for (const [i, part] of splitHex(match[1] as string).entries())
    if (i % 2 === 0) for (const ch of part.replace(/\\(.)/g, "$1")) bytes.push(ch.charCodeAt(0) & 0xff);
    else {
      const digits = part.replace(/\s/g, "");
      if (!/^([0-9a-fA-F]{2})+$/.test(digits)) throw new RuleError(`|${part}| is not bytes in hexadecimal`);
      for (let at = 0; at < digits.length; at += 2) bytes.push(Number.parseInt(digits.slice(at, at + 2), 16));
    }
  if (bytes.length === 0) throw new RuleError("an empty content");
  if (bytes.length > longestContent) throw new RuleError(`a content of more than ${longestContent} bytes`);
  return { bytes: Uint8Array.from(bytes), negated };
}

/** Text and hexadecimal by turns, at bars that no backslash stands before. */
function splitHex(text: string): string[] {
  const parts = [""];
  for (const [token] of text.matchAll(/\\.|[\s\S]/g)) {
    if (token === "|") parts.push("");
    else parts[parts.length - 1] += token;
  }
  if (parts.length % 2 === 0) throw new RuleError("a | without its second one");
  return parts;
}
