/** Reads the port lists of connections: `[0]`, `[0, 2-4]`, `[1,]`. */
import type { PortList } from "./ast.ts";
import type { Lexer } from "./lexer.ts";

/** Ports are numbered up to here, and a list has so many at most. */
export const maximumPort = 65535;

/** The list that is next; `undefined` where there is none, or none can be understood. */
export function readPortList(lexer: Lexer, error: (message: string) => void): PortList | undefined {
  if (!lexer.accept("[")) return undefined;
  const ports: number[] = [];
  let last = -1;
  let range = false;
  let open = false;
  const add = (port: number): void => {
    if (ports.length <= maximumPort) ports.push(port);
    else if (ports.length === maximumPort + 1) error(`more than ${maximumPort + 1} ports in one list`);
  };
  for (;;) {
    const token = lexer.next();
    if (token.kind === "name") {
      let port = readInteger(token.text);
      if (port === undefined) {
        error("syntax error: port number should be integer");
        port = 0;
      } else if (port > maximumPort) {
        error(`port number ${port} is too large, at most ${maximumPort}`);
        port = 0;
      }
      if (range) for (last++; last <= port; last++) add(last);
      else {
        add(port);
        last = port;
      }
    } else if (token.kind === "]") {
      if (ports.length === 0) add(0);
      open = true;
      break;
    } else {
      error("syntax error: expected port number");
      lexer.unread(token);
      break;
    }
    const separator = lexer.next();
    if (separator.kind === "]") break;
    if (separator.kind === "-" && !range) range = true;
    else if (separator.kind === ",") range = false;
    else {
      error("syntax error: expected ','");
      lexer.unread(separator);
    }
  }
  return ports.length > 0 ? { ports, open } : undefined;
}

const integer = /^(?:0[xX]([0-9a-fA-F](?:_?[0-9a-fA-F])*)|0[bB]([01](?:_?[01])*)|(0(?:_?[0-7])*)|([1-9](?:_?\d)*))$/;

/** An integer as in C, with underscores between its digits, that fits into 31 bits. */
function readInteger(text: string): number | undefined {
  const match = integer.exec(text);
  if (!match) return undefined;
  const [, hexadecimal, binary, octal, decimal] = match.map((part) => part?.replaceAll("_", ""));
  const value =
    hexadecimal !== undefined
      ? Number.parseInt(hexadecimal, 16)
      : binary !== undefined
        ? Number.parseInt(binary, 2)
        : octal !== undefined
          ? Number.parseInt(octal, 8)
          : Number(decimal);
  return value < 2 ** 31 ? value : undefined;
}
