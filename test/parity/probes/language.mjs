// The language: statements, names, connections, compounds and groups.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configurations look like this

/** Shows the flat configuration, or what is wrong. */
const flat = (name, config, more = {}) => ({ name, config, args: ["-q", "-h", "flatconfig"], ...more });

const nested = (open, close, levels, inside = "Idle -> Discard") => open.repeat(levels) + inside + close.repeat(levels);

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  flat("statements need no semicolons", "a :: Idle b :: Discard a -> b"),
  flat("a class and an alias without semicolons", "elementclass B Null elementclass A B Idle -> A -> Discard"),
  flat("a compound after a complete chain", "Idle -> Discard {Idle -> Discard}"),
  flat("a class in terms of its old meaning", "elementclass Null { input -> Null -> output } Idle -> Null -> Discard"),
  flat(
    "a class defined again counts from there on",
    "elementclass C { input -> Null -> output } Idle -> C -> Discard; elementclass C { input -> Counter -> output } Idle -> C -> Discard",
  ),
  flat(
    "the third alternative sees the second",
    "elementclass A { input -> Null -> output || $x | input -> Print($x) -> output || $x, $y | input -> A($x) -> A($y) -> output } Idle -> A(1, 2) -> Discard",
  ),
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
    "ports in hexadecimal and octal",
    "t :: Tee(10); Idle -> t; t [0x0] -> Discard; t [010] -> Discard; t[1-7] => Discard, Discard, Discard, Discard, Discard, Discard, Discard; t[0b1001] -> Discard",
  ),
  flat("input and output at top level", "input :: Idle; output :: Discard; input -> output"),
  flat("several to one", "a, b :: Idle; c :: Discard; a, b -> c"),
  flat("a double arrow, port by port", "t :: Tee(2); Idle -> t; t => c :: Discard, d :: Discard"),
  flat("a list of classes", "Idle, Idle -> Discard"),
  flat("a group with ports left out", "Idle -> (-> Null ->) -> Discard"),
  flat(
    "a group with two ports",
    "a, b :: Idle; a, b => (input -> Null -> output; input[1] -> Null -> [1] output) => Discard, Discard",
  ),
  flat("a group with written ports", "i :: Idle; i -> [0] (input -> output) [0] -> Discard"),
  flat(
    "the second output of a compound",
    "elementclass A { input -> t :: Tee -> output; t [1] -> [1] output } a :: A; Idle -> a -> Discard; a [1] -> Discard",
  ),
  flat("names with at signs", "a@b :: Idle -> _x@1 :: Discard"),
  flat(
    "a keyword given twice",
    "elementclass A { FOO $a | input -> Print($a) -> output } Idle -> A(FOO 4, FOO 5) -> Discard",
  ),
  flat("define of several", "define($x 5, $y 6,, $z) Idle -> Print($x$y$z) -> Discard"),
  flat(
    "an extension falls back",
    "elementclass Print { $a, $b, $c | input -> Null -> output || ... } a :: Idle -> Print(1, 2, 3) -> Print(x) -> b :: Discard",
  ),
  flat("49 levels of compounds", nested("{", "}", 49)),
  flat("an unclosed comment", "Idle -> Discard; /* abc\n a -> b"),
  flat("a time sorted scheduler without inputs", "TimeSortedSched -> Unqueue -> Discard"),
  flat("a static pull switch without inputs", "StaticPullSwitch(0) -> Unqueue -> Discard"),
  flat("a paint switch without outputs", "Idle -> PaintSwitch"),
  flat("a static switch without outputs", "Idle -> StaticSwitch(0)"),
  flat("a circle of pass-throughs", "elementclass W { input -> output } a :: W; b :: W; a -> b -> a; Idle -> Discard"),
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
    "an empty rest",
    "elementclass A { $a, __REST__ $r | input -> Print($a, $r) -> output } Idle -> A(5) -> Discard",
  ),
  flat("an anonymous compound", "Idle -> { input -> Null -> output } -> Discard"),
  flat("a compound with a configuration", "Idle -> { $x | input -> Print($x) -> output } (5) -> Discard"),
  flat("a declared compound", "c :: { $x | input -> Print($x) -> output } (5); Idle -> c -> Discard"),
  flat(
    "alternatives by ports",
    "elementclass C { input -> Null -> output || input -> Discard } Idle -> C -> Discard; Idle -> x :: C",
  ),
  flat("anonymous numbers avoid names", "Idle@2 :: Idle; Idle -> Discard; Idle@2 -> Discard"),
  flat("a number before an anonymous element takes it", "Idle -> Discard; Idle@1 :: Idle; Idle@1 -> Discard"),
  flat("a class in a group is everyone's", "(elementclass In { input -> Null -> output }) Idle -> In -> Discard"),
  flat("several outputs into one", "elementclass F { a :: Idle; b :: Idle; a -> output; b -> output } F -> Discard"),
  flat("connections that are written twice", "a :: Idle; b :: Discard; a -> b; a -> b"),
  flat("an unused group input", "Idle -> (input -> Discard; Idle -> output) -> Discard"),
  flat("an empty text", ""),
  flat("semicolons alone", ";;;"),
];
