// Arguments, variables, requirements, libraries.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configurations look like this

const flat = (name, config, more = {}) => ({
  name,
  config,
  args: ["-q", "-h", "flatconfig", ...(more.args ?? [])],
  ...more,
  ...(more.args ? { args: ["-q", "-h", "flatconfig", ...more.args] } : {}),
});
const chain = (text) => `Idle -> ${text} -> Discard`;
const wrapped = "elementclass A { $x | input -> Print($x) -> output } ";

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  flat(
    "parentheses do not protect commas",
    "elementclass A { $x, $y | input -> Print($x) -> Print($y) -> output } Idle -> A((a, 5)) -> Discard",
  ),
  flat(
    "braces and brackets do not protect commas",
    "elementclass A { $x, $y, $z | input -> Print($x) -> Print($y) -> Print($z) -> output } Idle -> A({a, [5, 6]}) -> Discard",
  ),
  flat("quotes protect commas", `${wrapped}Idle -> A("a, b") -> A('c, d') -> A(\\<61, 62>) -> Discard`),
  flat("a default", chain("Print(${x-abc})")),
  flat("a default with blanks", chain("Print(${ x - d })")),
  flat("a default of a defined variable", `define($x 5) ${chain("Print(${x-abc})")}`),
  flat("a default of an empty variable", `define($x) ${chain("Print(a${x-abc})")}`),
  flat("a default with variables", `define($z 7) ${chain("Print(${x-$z}, ${x-a${z}b})")}`),
  flat("a colon and a default", `define($y, $z 5) ${chain("Print(${x:-d$z}, 5${y:-e})")}`),
  flat("a word of a value", `define($x a  b "c d" e) ${chain("Print(${x[0]}${x[2]}${ x [ 3] }${x[9]}.)")}`),
  flat("a word by another base", `define($x a b c d e f g h i j) ${chain("Print(${x[0x9]}${x[010]})")}`),
  flat("a variable by its name", `define($x y, $y 5) ${chain("Print(${$x})")}`),
  flat("an unknown variable by its name", `define($x q) ${chain("Print(${$x})")}`),
  flat("values are expanded again", `define($y $x, $x 5) ${chain("Print($y)")}`),
  flat("values that refer to themselves", `define($x a$x) ${chain("Print($x)")}`),
  {
    name: "parameters of the command line",
    config: chain("Print($x)"),
    args: ["-q", "-h", "flatconfig", "x=$y", "y=4"],
  },
  {
    name: "a parameter over a define",
    config: `define($x 1) ${chain("Print($x)")}`,
    args: ["-q", "-h", "flatconfig", "x=4"],
  },
  { name: "a parameter given twice", config: chain("Print($x)"), args: ["-q", "-h", "flatconfig", "x=7", "x=8"] },
  {
    name: "a library beside the file that requires it",
    files: {
      "e/main.click": "require(library l1.click)\nIdle -> L1 -> Discard",
      "e/l1.click": "elementclass L1 { input -> Null -> output }",
    },
    args: ["-q", "-h", "flatconfig", "e/main.click"],
  },
  {
    name: "a library in the path",
    files: {
      "d/l.click": "elementclass L { input -> Print(d) -> output }",
      "d/conf/l.click": "elementclass L { input -> Print(dconf) -> output }",
    },
    config: "require(library l.click) Idle -> L -> Discard",
    args: ["-q", "-h", "flatconfig", "-C", "d"],
  },
  {
    name: "a library in conf/click",
    files: {
      "d/conf/click/l.click": "elementclass L { input -> Print(dclick) -> output }",
      "d/conf/l.click": "elementclass L { input -> Print(dconf) -> output }",
    },
    config: "require(library l.click) Idle -> L -> Discard",
    args: ["-q", "-h", "flatconfig", "-C", "x:d"],
  },
  {
    name: "a path hides what is beside the file",
    files: { "l.click": "elementclass L { input -> Null -> output }", "d/x": "" },
    config: "require(library l.click) Idle -> L -> Discard",
    args: ["-q", "-h", "flatconfig", "-C", "d"],
  },
  {
    name: "an empty folder in the path",
    files: { "l.click": "elementclass L { input -> Null -> output }", "d/x": "" },
    config: "require(library l.click) Idle -> L -> Discard",
    args: ["-q", "-h", "flatconfig", "-C", "d:"],
  },
  flat("a library's name is used as it is", "require(library l) Idle -> L -> Discard", {
    files: { "l.click": "elementclass L { input -> Null -> output }" },
  }),
  flat("a library takes effect where it stands", "Idle -> L -> Discard; require(library l.click)", {
    files: { "l.click": "elementclass L { input -> Null -> output }" },
  }),
  flat("a library is read once", "require(library l.click, library l.click) require(library l.click) Idle -> Discard", {
    files: { "l.click": "Idle -> Discard" },
  }),
  flat("a library that requires itself", "require(library l.click) Idle -> Discard", {
    files: { "l.click": "require(library l.click) Idle -> Discard" },
  }),
  flat("a library of a library", "require(library d/l.click) Idle -> M -> Discard", {
    files: { "d/l.click": "require(library m.click)", "d/m.click": "elementclass M { input -> Null -> output }" },
  }),
  flat("a library in a compound", "elementclass A { require(library l.click) input -> output } Idle -> A -> Discard", {
    files: { "l.click": "" },
  }),
  flat("a library in a group", "(require(library l.click)) Idle -> L -> Discard", {
    files: { "l.click": "elementclass L { input -> Null -> output }" },
  }),
  flat("a library with elements and variables", "require(library l.click) Idle -> Print($x) -> Discard", {
    files: { "l.click": "define($x 5) a :: Idle; a -> Discard" },
  }),
  flat("a library that is not there", "require(library nosuch)\n Idle -> Discard"),
  flat("a library by a path that is not there", "require(library /nosuch/lib) Idle -> Discard"),
  flat("a library with an error", "require(library l.click) Idle -> Discard", {
    files: { "l.click": "\nfoo -> Discard" },
  }),
  {
    name: "compact configurations",
    config: "require(compact_config) Idle   ->  Discard // x",
    args: ["-q", "-h", "config", "-h", "flatconfig", "-h", "requirements"],
  },
  {
    name: "the configuration as written",
    config: "Idle   ->  Discard // x",
    args: ["-q", "-h", "config", "-h", "requirements"],
  },
  flat("packages are not available", "require(userlevel, standard)\nrequire(package ip); Idle -> Discard"),
  flat("packages and errors", "require(userlevel)\nfoo -> Discard;"),
  flat("a requirement of three words", "require(foo bar baz) Idle -> Discard"),
  flat("a requirement without its value", "require(package) require(library) Idle -> Discard"),
  flat("no requirement", "require() require(,) Idle -> Discard"),
  flat("require without parentheses", "require x; Idle -> Discard"),
  flat("a value with parentheses and arrows", `define($v a) -> Null( ) ${chain("Print($v)")}`),
  { name: "a parameter with parentheses and arrows", config: chain("Print($v)"), args: ["-q", "v=a) -> Null("] },
  flat("a value between double quotes", `define($y "a b", $z c$d) ${chain('Print("x $y z $z")')}`),
  flat("a value with a newline between double quotes", `define($y a\nb) ${chain('Print("x $y")')}`),
  flat("a value between single quotes", `define($y 5) ${chain("Print('$y')")}`),
  flat("a backslash before a dollar", `define($x 5) ${chain('Print(\\$x) -> Print("\\$x")')}`),
  flat("a backslash before digits", `define($5 7) ${chain("Print(\\5)")}`),
  flat("variables in comments", `define($x 5) ${chain("Print(a /* $x */, 5 // $x\n, $x)")}`),
  flat(
    "nothing left of a value",
    `define($x, $y 5) ${chain("Print($x) -> Print($x, 5) -> Print($x$y) -> Print($x, $y) -> Print(a$x)")}`,
  ),
  flat("a dollar that is no variable", chain("Print(a$, $-b, $ c)")),
  flat("a brace without an end", `define($x 5) ${chain("Print($x ${x)")}`),
  flat("a parenthesis after a dollar", chain("Print($(x) a)")),
  flat(
    "variables of compounds",
    "elementclass A { $x | define($y $x$x) input -> Print($y) -> output } Idle -> A(5) -> Discard",
  ),
  flat(
    "outer variables in a compound",
    "define($z 9) elementclass A { $x | input -> Print($x$z) -> output } Idle -> A(5) -> Discard",
  ),
  flat("a variable defined after its use", `${chain("Print($x)")}; define($x 5)`),
  flat(
    "a value is expanded twice inside",
    `${wrapped} define($p $q, $q 3) Idle -> A($p) -> A("$p") -> A('$p') -> Discard`,
  ),
  flat(
    "variables of an enclosing use",
    "elementclass A { $x | elementclass B { $y | input -> Print($x$y) -> output } input -> B(2) -> B($x) -> output } Idle -> A(1) -> Discard",
  ),
  flat(
    "an argument that is empty",
    "elementclass A { $x, $y | input -> Print(a$x.$y) -> output } Idle -> A(, 5) -> A(1, ) -> Discard",
  ),
  flat(
    "keywords after a positional argument",
    "elementclass A { $a, FOO $f, BAR $b | input -> Print($a$f$b) -> output } Idle -> A(1, BAR 2, FOO 3) -> A(FOO 4, BAR 2, FOO 3) -> Discard",
  ),
  flat(
    "a keyword without a value",
    "elementclass A { FOO $f | input -> Print(a$f) -> output } Idle -> A(FOO) -> Discard",
  ),
  flat("a keyword that is missing", "elementclass A { FOO $f | input -> Print(a$f) -> output } Idle -> A -> Discard"),
  flat(
    "the rest with keywords",
    "elementclass A { $a, FOO $f, __REST__ $r | input -> Print($a$f, $r) -> output } Idle -> A(1, MAXLENGTH 2, FOO 3, CONTENTS NONE) -> Discard",
  ),
];
