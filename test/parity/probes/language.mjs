// The language: statements, names, connections, compounds and groups.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configurations look like this

/** Shows the flat configuration, or what is wrong. */
const flat = (name, config, more = {}) => ({ name, config, args: ["-q", "-h", "flatconfig"], ...more });

const nested = (open, close, levels, inside = "Idle -> Discard") => open.repeat(levels) + inside + close.repeat(levels);

/** @type {import("../probe.mjs").Probe[]} */
const all = [
  flat("statements need no semicolons", "a :: Idle b :: Discard a -> b"),
  flat("a class and an alias without semicolons", "elementclass B Null elementclass A B Idle -> A -> Discard"),
  flat("elements with configurations on lines", 'Message("x")\nMessage("y")\n'),
  flat("a group after a complete chain", "Idle -> Discard (Idle -> Discard)"),
  flat("a compound after a complete chain", "Idle -> Discard {Idle -> Discard}"),
  flat("a port list after a complete chain", "a :: Idle; b :: Discard; a -> b [1] c :: Discard"),
  flat("a class in terms of its old meaning", "elementclass Null { input -> Null -> output } Idle -> Null -> Discard"),
  flat(
    "a class defined again counts from there on",
    "elementclass C { input -> Null -> output } Idle -> C -> Discard; elementclass C { input -> Counter -> output } Idle -> C -> Discard",
  ),
  flat("a class that uses itself", "elementclass A { input -> A -> output } Idle -> A -> Discard"),
  flat(
    "an alternative that uses its class",
    "elementclass A { input -> Null -> output || $x | input -> A -> Print($x) -> output } Idle -> A(1) -> Discard",
  ),
  flat(
    "the third alternative sees the second",
    "elementclass A { input -> Null -> output || $x | input -> Print($x) -> output || $x, $y | input -> A($x) -> A($y) -> output } Idle -> A(1, 2) -> Discard",
  ),
  flat("an element used before its declaration", "a -> Discard; a :: Idle"),
  flat("a class used before its definition", "Idle -> X -> Discard; elementclass X { input -> Null -> output }"),
  flat(
    "a class used before its definition, after colons",
    "a :: X; elementclass X { input -> output } Idle -> a -> Discard",
  ),
  flat("an unknown class is said once", "Idle -> foo -> Discard; Idle -> foo -> Discard; a :: Foo; b :: Foo"),
  flat("a group in a compound", "elementclass A { input -> (input -> Null -> output) -> output } Idle -> A -> Discard"),
  flat("a group in a group", "Idle -> (input -> (input -> Null -> output) -> output) -> Discard"),
  flat(
    "a group in a compound in a compound",
    "Idle -> { input -> { input -> (-> Null ->) -> output } -> output } -> Discard",
  ),
  flat("a range of ports", "t :: Tee(3); Idle -> t; t [0-2] => a :: Discard, b :: Discard, c :: Discard"),
  flat("an open port list", "t :: Tee(3); Idle -> t; t [0,] => a :: Discard, b :: Discard, c :: Discard"),
  flat("an empty port list", "t :: Tee(3); Idle -> t; t [] => a :: Discard, b :: Discard, c :: Discard"),
  flat(
    "an open port list that starts late",
    "t :: Tee(3); Idle -> t; t -> Discard; t [1,] => b :: Discard, c :: Discard",
  ),
  flat(
    "two open sides",
    "t :: Tee(2); Idle -> t; r :: RoundRobinSched; q :: Queue; t [] => [] s :: Strip(1) -> Discard",
  ),
  flat("a mismatch with an open side", "t :: Tee(2); Idle -> t; t [0,1,] => a :: Discard"),
  flat(
    "ports in hexadecimal and octal",
    "t :: Tee(10); Idle -> t; t [0x0] -> Discard; t [010] -> Discard; t[1-7] => Discard, Discard, Discard, Discard, Discard, Discard, Discard; t[0b1001] -> Discard",
  ),
  flat(
    "a pull output may feed several",
    "Idle -> q :: Queue; q -> a :: Unqueue -> Discard; q -> b :: Unqueue -> Discard",
  ),
  flat("input and output at top level", "input :: Idle; output :: Discard; input -> output"),
  flat("input ports at the start of a chain", "a :: Idle; b :: Discard; [1] a -> b"),
  flat("output ports at the end of a chain", "a :: Idle; b :: Discard; a -> b [1]"),
  flat("output ports at the end of a chain, lines before the next", "a :: Idle; b :: Discard; a -> b [1]\n\n\na -> b"),
  flat("many to many with a single arrow", "a, b :: Idle; c, d :: Discard; a, b -> c, d"),
  flat(
    "many ports to many with a single arrow",
    "t :: Tee(2); Idle -> t; s :: Strip(1); t [0,1] -> [0,1] s -> Discard",
  ),
  flat("several to one", "a, b :: Idle; c :: Discard; a, b -> c"),
  flat("one to several", "a :: Idle; c, d :: Discard; a -> c, d"),
  flat("a double arrow, port by port", "t :: Tee(2); Idle -> t; t => c :: Discard, d :: Discard"),
  flat("a list is no declaration in a chain", "a, b :: Idle -> Discard"),
  flat("a list declaration", "a, b :: Queue(5); Idle -> a -> b -> Discard"),
  flat("a list of classes", "Idle, Idle -> Discard"),
  flat("a list that ends in a comma", "a, b, :: Idle;"),
  flat("a group with a name", "x :: (input -> Null -> output); Idle -> x -> Discard"),
  flat("a group with a configuration", "Idle -> (input -> Null -> output)(5) -> Discard"),
  flat("a group with a class", "Idle -> (input -> Null -> output) :: Null -> Discard"),
  flat("a group at the start of a chain", "(input -> Null -> output) -> Discard"),
  flat("a group at the end of a chain", "Idle -> (input -> Null -> output)"),
  flat("a group with ports left out", "Idle -> (-> Null ->) -> Discard"),
  flat(
    "a group with two ports",
    "a, b :: Idle; a, b => (input -> Null -> output; input[1] -> Null -> [1] output) => Discard, Discard",
  ),
  flat("a group whose port 0 is missing", "Idle -> (input[1] -> Discard)"),
  flat("a group with written ports", "i :: Idle; i -> [0] (input -> output) [0] -> Discard"),
  flat(
    "a target in a compound has its ports before it",
    "elementclass A { input -> Null -> output [0] } Idle -> A -> Discard",
  ),
  flat(
    "a source in a compound has its ports after it",
    "elementclass A { [0] input -> Null -> output } Idle -> A -> Discard",
  ),
  flat(
    "the second output of a compound",
    "elementclass A { input -> t :: Tee -> output; t [1] -> [1] output } a :: A; Idle -> a -> Discard; a [1] -> Discard",
  ),
  flat("a name that starts with a slash", "/a :: Idle; /a -> Discard"),
  flat("a name that ends in a slash", "a/ :: Idle; a -> Discard"),
  flat("a name with a numeric component", "a/5 :: Idle -> Discard"),
  flat("a numeric name", "5 :: Idle -> Discard"),
  flat("a numeric name in a compound", "elementclass A { 5 :: Idle -> Discard } A; A"),
  flat("names with at signs", "a@b :: Idle -> _x@1 :: Discard"),
  flat("define as a name", "define :: Idle; define -> Discard"),
  flat("require as a name", "require :: Idle"),
  flat("a provide statement", "provide(foo); Idle -> Discard"),
  flat("provide and a name", "provide x; Idle -> Discard"),
  flat("a variable as a class", "define($x Null) a :: Idle -> $x -> Discard"),
  flat("a variable as a declared class", "define($x Null) a :: $x; Idle -> a -> Discard"),
  flat(
    "a variable as a class in a compound",
    "elementclass A { $x | input -> $x -> output } Idle -> A(Null) -> Discard",
  ),
  flat("a variable at the start of a statement", "$x -> Discard"),
  flat("a configuration for an element", "a :: Queue; Idle -> a(5) -> Discard"),
  flat("a class as an element name", "Idle :: Discard"),
  flat("a class in a list of names", "a, Idle :: Discard"),
  flat("a class as the first of a list of names", "Idle, a :: Discard"),
  flat(
    "parameters out of order",
    "elementclass A { FOO $a, $b | input -> Print($a) -> output } Idle -> A(1, FOO 2) -> Discard",
  ),
  flat(
    "a parameter after the rest",
    "elementclass A { __REST__ $a, FOO $b | input -> Print($a) -> output } Idle -> A(1, FOO 2) -> Discard",
  ),
  flat("a parameter used twice", "elementclass A { $b, $b | input -> Print($b) -> output } Idle -> A(1) -> Discard"),
  flat(
    "a keyword used twice",
    "elementclass A { FOO $a, FOO $b | input -> Print($b) -> output } Idle -> A(FOO 1) -> Discard",
  ),
  flat(
    "a define of a parameter",
    "elementclass A { $b | define($b 5) input -> Print($b) -> output } Idle -> A(1) -> Discard",
  ),
  flat("a variable defined twice", "define($a 1) define($a 2) Idle -> Print($a) -> Discard"),
  flat(
    "a keyword given twice",
    "elementclass A { FOO $a | input -> Print($a) -> output } Idle -> A(FOO 4, FOO 5) -> Discard",
  ),
  flat("define with braces", "define(${x} 5) Idle -> Discard"),
  flat("define without a dollar", "define(x 5) Idle -> Discard"),
  flat("define of several", "define($x 5, $y 6,, $z) Idle -> Print($x$y$z) -> Discard"),
  flat("define without parentheses", "define $x 5; Idle -> Discard"),
  flat(
    "an extension of an unknown class",
    "elementclass Foo { input -> Null -> output || ... } Idle -> Foo -> Discard",
  ),
  flat(
    "an extension that is not last",
    "elementclass Null { ... || $x | input -> Print($x) -> output } Idle -> Null(1) -> Discard",
  ),
  flat(
    "an extension falls back",
    "elementclass Print { $a, $b, $c | input -> Null -> output || ... } a :: Idle -> Print(1, 2, 3) -> Print(x) -> b :: Discard",
  ),
  flat(
    "a compound whose input 0 is missing",
    "elementclass Foo { input[1] -> Null -> output } f :: Foo; Idle -> f -> Discard",
  ),
  flat("a compound that lacks an output", "elementclass X { input -> Discard } x :: X; Idle -> x -> Discard"),
  flat("a compound with an unused input", "elementclass X { input -> Null -> Discard } x :: X; Idle -> Discard"),
  flat("a compound with an unused output", "elementclass X { Idle -> output } x :: X; Idle -> Discard"),
  flat("a compound that lacks an input", "elementclass X { Idle -> output } x :: X; Idle -> x -> Discard"),
  flat("an input as a target", "elementclass Foo { Idle -> input; input -> Discard } Idle -> Foo"),
  flat("an output as a source", "elementclass Foo { output -> Discard; Idle -> output } Foo -> Discard"),
  flat("49 levels of compounds", nested("{", "}", 49)),
  flat("50 levels of compounds", nested("{", "}", 50)),
  flat("50 levels of groups", nested("(", ")", 50)),
  flat("an unclosed comment", "Idle -> Discard; /* abc\n a -> b"),
  flat("an unclosed configuration", "Idle -> Print(a -> Discard"),
  flat("an unclosed string in a configuration", 'Idle -> Print("a) -> Discard'),
  flat("a scheduler without inputs", "PrioSched -> Discard"),
  flat("a round robin without inputs", "RoundRobinSched -> Unqueue -> Discard"),
  flat("a time sorted scheduler without inputs", "TimeSortedSched -> Unqueue -> Discard"),
  flat("a pull switch without inputs", "PullSwitch -> Unqueue -> Discard"),
  flat("a static pull switch without inputs", "StaticPullSwitch(0) -> Unqueue -> Discard"),
  flat("a paint switch without outputs", "Idle -> PaintSwitch"),
  flat("a static switch without outputs", "Idle -> StaticSwitch(0)"),
  flat("a circle of pass-throughs", "elementclass W { input -> output } a :: W; b :: W; a -> b -> a; Idle -> Discard"),
  flat("a hub with more outputs than inputs", "h :: Hub; Idle -> h; h[0] -> Discard; h[1] -> Discard"),
  {
    name: "a null character ends the text",
    files: { "a.click": "Idle -> Discard;\0 foo bar" },
    args: ["-q", "-h", "flatconfig", "a.click"],
  },
  {
    name: "a null character is like a semicolon after a chain",
    files: { "a.click": "Idle -> Discard \0 a :: Idle; a -> Discard" },
    args: ["-q", "-h", "flatconfig", "a.click"],
  },
  flat("numbers of groups", "Idle -> (input -> Null -> output) -> Discard"),
  flat("connections are sorted", "a :: Idle; b :: Idle; d :: Discard; b -> d; a -> d"),
  flat("a circle in the flat configuration", "a :: Null; b :: Null; a -> b -> a"),
  flat(
    "chains of the flat configuration",
    "a :: Tee(3); b :: Tee(2); Idle -> a; a[2] -> Discard; a[1] -> b -> Discard; a -> [0] c :: Null -> Discard; b[1] -> Null -> c",
  ),
  flat(
    "chains stand by their targets",
    "elementclass X { input -> t :: Tee(2) -> output; t[1] -> Discard; } Idle -> x :: X -> Discard",
  ),
  flat(
    "configurations are kept as they are",
    "Idle -> Print( ) -> Print(a, 5 ) -> Print(  b , \n 5 // d\n) -> Print(\tc /* x */ d) -> Discard",
  ),
  flat(
    "an empty rest",
    "elementclass A { $a, __REST__ $r | input -> Print($a, $r) -> output } Idle -> A(5) -> Discard",
  ),
  flat("parameters without a bar", "elementclass A { $x input -> Null -> output } Idle -> A(1) -> Discard"),
  flat("a line marker in a configuration", 'Idle -> Print(a\n# 40 "z"\n) -> Discard; foo -> bar'),
  flat("a line marker with an empty name", '# 4 "x"\nfoo -> Discard;\n# 4 ""\nbar -> Discard'),
  flat("line markers", '#line 20 "elsewhere"\nfoo -> Discard;\n# 7\nbar -> Discard; # 8 "y"\n'),
  flat("a name that ends in a colon", '# 4 "x:"\nfoo -> Discard;\n# 4 "x "\nbar -> Discard;'),
  flat("an unknown directive", "#define x\nIdle -> Discard"),
  flat("lone carriage returns end lines", "\r\r\r\nfoo -> Discard"),
  flat("a backslash does not protect a parenthesis", "Idle -> Print(a\\)b) -> Discard"),
  flat("an anonymous compound", "Idle -> { input -> Null -> output } -> Discard"),
  flat("a compound with a configuration", "Idle -> { $x | input -> Print($x) -> output } (5) -> Discard"),
  flat("a declared compound", "c :: { $x | input -> Print($x) -> output } (5); Idle -> c -> Discard"),
  flat("an anonymous compound with a class", "Idle -> { input -> Null -> output } :: Null -> Discard"),
  flat(
    "alternatives by ports",
    "elementclass C { input -> Null -> output || input -> Discard } Idle -> C -> Discard; Idle -> x :: C",
  ),
  flat("anonymous numbers avoid names", "Idle@2 :: Idle; Idle -> Discard; Idle@2 -> Discard"),
  flat("a number before an anonymous element takes it", "Idle -> Discard; Idle@1 :: Idle; Idle@1 -> Discard"),
  flat(
    "a compound inside a compound that is defined there",
    "elementclass Out { elementclass In { input -> Null -> output } input -> In -> output } Idle -> Out -> Discard; a :: In",
  ),
  flat("a class in a group is everyone's", "(elementclass In { input -> Null -> output }) Idle -> In -> Discard"),
  flat("an input that goes to several", "elementclass F { input -> Discard; input -> Discard } Idle -> F"),
  flat("several outputs into one", "elementclass F { a :: Idle; b :: Idle; a -> output; b -> output } F -> Discard"),
  flat("connections that are written twice", "a :: Idle; b :: Discard; a -> b; a -> b"),
  flat("an unused group input", "Idle -> (input -> Discard; Idle -> output) -> Discard"),
  flat("an empty text", ""),
  flat("semicolons alone", ";;;"),
  flat(
    "an element of a compound from outside",
    "elementclass X { input -> n :: Null -> output } x :: X; Idle -> x -> Discard; x/n -> Discard",
  ),
  flat(
    "a name that a compound makes",
    "elementclass X { input -> n :: Null -> output } x :: X; x/n :: Idle; Idle -> x -> Discard",
  ),
  flat(
    "a declaration of a name that a compound makes",
    "x/n :: Idle -> Discard; elementclass X { input -> n :: Null -> output } x :: X; Idle -> x -> Discard",
  ),
  flat(
    "a class with the name that a compound makes",
    "elementclass x/n { input -> output } elementclass X { input -> n :: Null -> output } x :: X; Idle -> x -> Discard",
  ),
];

/** Where ours is meant to be different, and why. */
const differences = new Map([
  ["a pull switch without inputs", "the flat configuration has arguments as they were given"],
]);

/** @type {import("../probe.mjs").Probe[]} */
export const probes = all.map((probe) =>
  differences.has(probe.name) ? { ...probe, differs: differences.get(probe.name) } : probe,
);
