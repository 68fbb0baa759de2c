// What is said of a text that is not understood, and where.

const quiet = (name, config, more = {}) => ({ name, config, args: ["-q"], ...more });

/** @type {import("../probe.mjs").Probe[]} */
const all = [
  quiet("two arrows", "Idle -> -> Discard"),
  quiet("an arrow at the start", "-> Discard"),
  quiet("an arrow at the end", "Idle ->"),
  quiet("an arrow before a semicolon", "Idle -> ; Discard"),
  quiet("two semicolons in a chain", "Idle ;; -> Discard"),
  quiet("a stray brace", "} Idle -> Discard"),
  quiet("a stray parenthesis", ") Idle -> Discard"),
  quiet("a stray bracket", "] Idle -> Discard"),
  quiet("stray bars", "|| Idle | -> Discard"),
  quiet("a stray comma", ", Idle -> Discard"),
  quiet("a comma before an arrow", "Idle, -> Discard"),
  quiet("colons at the start", ":: Idle -> Discard"),
  quiet("colons after a declaration", "a :: Idle :: Discard"),
  quiet("a character that is not ASCII", "Idle -> \u00c3 Discard"),
  quiet("a question mark", "Idle ? Discard"),
  quiet("a string", '"abc" Idle -> Discard'),
  quiet("a plain minus", "Idle - Discard"),
  quiet("dots", "... Idle -> Discard"),
  quiet("a control character", "Idle -> \x01 Discard"),
  quiet("a dollar alone", "Idle -> $ Discard"),
  quiet("a missing class", "a :: ; Idle -> Discard"),
  quiet("a missing class before an arrow", "a :: -> Discard"),
  quiet("a class that is a number", "a :: 5; Idle -> a"),
  quiet("an undeclared element", "\n\nIdle\n-> foo\n-> Discard"),
  quiet("an unknown class with a configuration", "Idle -> Foo(5) -> Discard"),
  quiet("redeclaration", "a :: Idle;\na :: Discard; a -> a"),
  quiet("redeclaration of an element in a chain", "a :: Idle -> a :: Discard"),
  quiet("redeclaration of an input", "elementclass X { input :: Idle; input -> Discard } X"),
  quiet("elementclass without a name", "elementclass { input -> output } Idle -> Discard"),
  quiet("elementclass without a class", "elementclass Foo; Idle -> Foo"),
  quiet("elementclass of an unknown class", "elementclass Foo Bar; Idle -> Foo -> Discard"),
  quiet("an unclosed compound", "elementclass Foo { input -> output"),
  quiet("an unclosed group", "Idle -> ( input -> output"),
  quiet("a group closed by a brace", "Idle -> { input -> ( input -> output } -> Discard"),
  quiet("a port that is a word", "Idle [a] -> Discard"),
  quiet("a port that is too large for an integer", "Idle [99999999999] -> Discard"),
  quiet("a port list that is not closed", "Idle [0 -> Discard"),
  quiet("a port list without commas", "Idle [0 1] -> Discard"),
  quiet("a port that is negative", "Idle [-1] -> Discard"),
  quiet("a port list of commas", "Idle [,] -> Discard"),
  quiet("stranded ports", "Idle -> [0] ; Discard"),
  quiet("stranded ports at the start", "[0] -> Discard"),
  quiet("a mismatch of counts", "t :: Tee(2); Idle -> t; t[0,1] => a :: Discard, b :: Discard, c :: Discard"),
  quiet(
    "a compound argument too many",
    "elementclass A { $a, FOO $f, __REST__ $r | input -> Print($a$f$r) -> output }\n\nIdle -> A(1) -> Discard;\n",
  ),
  quiet(
    "no alternative fits",
    "elementclass A { $a | input -> Print($a) -> output\n|| input -> Null -> output }\nIdle -> A(1, 2) -> Discard;",
  ),
  quiet("an argument for none", "elementclass A { input -> Null -> output } Idle -> A(1) -> Discard"),
  quiet("no argument for one", "elementclass A { $x | input -> Print($x) -> output } Idle -> A -> Discard"),
  quiet(
    "ports of an extension",
    "elementclass Null { $x, $y | input -> Null -> output || ... } Idle -> Null(1) -> Discard",
  ),
  quiet("an anonymous compound that does not fit", "Idle -> { $x | input -> Print($x) -> output } -> Discard"),
  quiet(
    "an arrow that begins a second chain",
    "elementclass A { input -> Null -> [0] output; a :: Idle -> Discard; -> Null -> output; } Idle -> A -> Discard",
  ),
  quiet("a double arrow that begins a second chain", "Idle -> { input -> Discard; => Null -> output; } -> Discard"),
  quiet("an implicit port in the middle", "elementclass A { input -> [0] -> output } Idle -> A -> Discard"),
  quiet("implicit ports in a list", "elementclass A { input => [0], [1]; } a :: A"),
  quiet("errors of a library and of the file", "", {
    config: "Idle -> foo -> Discard;\nrequire(library lib.click);\nbar -> Discard",
    files: { "lib.click": "\na -> b ->\n\n" },
  }),
  quiet("a syntax error and an unknown name before it", "foo -> [x] Discard; bar -> ]"),
  quiet("an unknown name after a syntax error", "Idle -> ]\n foo -> Discard"),
  { name: "an error in a file", files: { "a.click": "// nothing\n\nIdle -> foo;\n" }, args: ["-q", "a.click"] },
  { name: "an error in the standard input", stdin: "Idle -> foo;\n", args: ["-q", "-"] },
  quiet("errors of the text and of elements", "Idle -> foo; Print(NOSUCH 5); Queue(a)"),
  quiet("an unknown element and unconnected ports", "q :: Queue; foo -> Discard"),
];

// Differences that are known and not closed yet.
export const open = all.filter(({ name }) => ["a character that is not ASCII"].includes(name));

/** @type {import("../probe.mjs").Probe[]} */
export const probes = all.filter((probe) => !open.includes(probe));
