// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of scripts
// Script and DriverManager: types, instructions, labels, variables, waits, handlers, errors.
/** @typedef {import("../probe.mjs").Probe} Probe */

/** A script that runs from the start. */
const active = (name, text, more = {}) => ({
  name,
  config: `c :: Counter; Idle -> c -> Discard; s :: Script(${text})`,
  ...more,
});
/** A configuration that is only read. */
const read = (name, config, ...handlers) => ({ name, config, args: ["-q", ...handlers.flatMap((h) => ["-h", h])] });
/** The same with a script that is called. */
const passive = (name, text, ...handlers) =>
  read(name, `s :: Script(TYPE PASSIVE, ${text})`, ...(handlers.length > 0 ? handlers : ["s.run"]));

/** @type {Probe[]} */
const types = [
  {
    name: "a script with inputs is a PACKET script",
    config: 'Idle -> Script(return 0) -> Discard; Script(print "ok", stop)',
  },
  { name: "TYPE PUSH", config: "InfiniteSource(LIMIT 3, STOP true) -> Script(TYPE PUSH, print $input) -> Discard" },
  {
    name: "PACKET: the output is what is returned",
    config:
      "InfiniteSource(LIMIT 6, STOP true) -> s :: Script(set n $(add $n 1), return $(mod $n 3)) -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard; s[2] -> c :: Counter -> Discard; DriverManager(init x 1, pause, print a.count, print b.count, print c.count)",
  },
  {
    name: "PACKET: input numbers",
    config:
      'InfiniteSource(LIMIT 1) -> s :: Script(print "in $input") -> Discard; InfiniteSource(LIMIT 1) -> [1] s; Script(wait 0.05, stop)',
    mask: (text) => text.split("\n").sort().join("\n"),
  },
  {
    name: "PACKET: the end sends to output 0, exit and odd values drop",
    config:
      "s :: Script(set n $(add $n 1), goto a $(eq $n 1), goto b $(eq $n 2), goto d $(eq $n 3), goto e $(eq $n 4), goto f $(eq $n 5), end, label a, exit, label b, return 7, label d, return -1, label e, return x, label f, return); InfiniteSource(LIMIT 8, STOP true) -> s -> c :: Counter -> Discard; DriverManager(pause, print c.count)",
  },
  {
    name: "PACKET: between pull ports",
    config:
      "InfiniteSource(LIMIT 4) -> Queue -> s :: Script(set n $(add $n 1), return $(mod $n 2)) -> Unqueue -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard; Script(wait 0.05, print a.count, print b.count, stop)",
  },
  {
    name: "PACKET: between pull ports, dropping",
    config:
      "InfiniteSource(LIMIT 4) -> Queue -> s :: Script(return 3) -> Unqueue -> a :: Counter -> Discard; Script(wait 0.05, print a.count, stop)",
  },
  {
    name: "PACKET: handlers run it too",
    config: 'Idle -> s :: Script(print "$args $input", return 3) -> Discard',
    args: ["-q", "-h", "s.run"],
  },
  { name: "TYPE at the end", config: "Script(print a, stop, TYPE DRIVER)" },
  {
    name: "a DriverManager of another type",
    config: "d :: DriverManager(TYPE PASSIVE, return 5); Script(print d.run, stop)",
  },
  {
    name: "signals by name and by number",
    config:
      'Script(TYPE SIGNAL USR1 12, print "got", end); s :: Script(set x $(kill USR1 $$), wait 0.05, set x $(kill 12 $$), wait 0.05, stop)',
  },
  {
    name: "a signal script is there again after end, and not after exit",
    config:
      'Script(TYPE SIGNAL USR1, set n $(add $n 1), print $n, goto exit $(eq $n 2)); s :: Script(set x $(kill USR1 $$), wait 0.05, set x $(kill USR1 $$), wait 0.05, set x $(kill USR1 $$), wait 0.05, print "here", stop)',
  },
  {
    name: "two scripts at one signal",
    config:
      'Script(TYPE SIGNAL USR1, print "a"); Script(TYPE SIGNAL USR1, print "b"); Script(set x $(kill USR1 $$), wait 0.05, stop)',
    mask: (text) => text.split("\n").sort().join("\n"),
  },
  { name: "SIGNAL INT of its own", config: 'Script(TYPE SIGNAL INT, print "int", stop); Script(set x $(kill INT $$))' },
];

/** @type {Probe[]} */
const running = [
  {
    name: "jumps are limited",
    config: "s :: Script(label a, set x $(add $x 1), goto a, print no); Script(wait 0.05, stop)",
  },
  {
    name: "jumps are limited, and counted",
    args: ["--simtime"],
    config:
      "s :: Script(set x 0, label a, set x $(add $x 1), goto a $(lt $x 2000), print no); Script(wait 1, print $(s.get x), stop)",
  },
  {
    name: "loop is limited",
    config: "s :: Script(set x $(add $x 1), loop); Script(wait 0.05, print $(s.get x), stop)",
  },
  {
    name: "waits begin a new count of jumps",
    args: ["--simtime"],
    config: "s :: Script(set x $(add $x 1), wait 0.001, goto begin $(lt $x 1500), print $x, stop)",
  },
  {
    name: "goto without a label",
    config: "s :: Script(set x $(add $x 1), goto); Script(wait 0.05, print $(s.get x), stop)",
  },
  {
    name: "too many jumps in a passive script",
    config: "s :: Script(TYPE PASSIVE, set x $(add $x 1), loop); Script(print s.run, print $(s.get x), stop)",
  },
  {
    name: "run of an active script is read",
    args: ["--simtime"],
    config:
      "s :: Script(set n $(add $n 1), wait 1, return $n); Script(wait 0.5, print s.run, wait 3, print $(s.get n), stop)",
  },
  {
    name: "run is readable and writable",
    config:
      "a :: Script(TYPE ACTIVE, end); p :: Script(TYPE PASSIVE, end); d :: DriverManager(wait 0.05, stop); Script(print $(readable a.run p.run d.run), print $(writable a.run p.run d.run))",
  },
  {
    name: "run of an active script starts it again",
    config: 's :: Script(print "a $args", wait 5, print no, stop); Script(wait 0.02, write s.run 1 2, wait 0.02, stop)',
  },
  {
    name: "a script calls itself",
    config:
      's :: Script(TYPE PASSIVE, print "a $args", goto end $(ge $args 3), set x $(s.run $(add $args 1)), print "b $args $x"); Script(write s.run 1, stop)',
  },
  {
    name: "a script calls itself through another",
    config:
      's :: Script(TYPE PASSIVE, print "a $args", goto end $(ge $args 3), set x $(t.run $(add $args 1)), print "b $args $x", return $args); t :: Script(TYPE PASSIVE, return <$(s.run $args)>); Script(print s.run 1, stop)',
  },
  {
    name: "an active script calls itself",
    config:
      's :: Script(goto e $(gt $# 0), print "a", set x $(s.run 1), print "x $x", stop, label e, print "in", return 5); Script(wait 0.05, stop)',
  },
  {
    name: "a passive script waits",
    config:
      's :: Script(TYPE PASSIVE, print "a $args", wait 0.05, print "b $args", return 5); Script(print s.run, print $(s.run 7), wait 0.2, stop)',
  },
  {
    name: "a proxy waits",
    config:
      's :: Script(TYPE PROXY, print "a $0", wait 0.05, print "b $0", return 5); Script(print s.foo, wait 0.2, stop)',
  },
  {
    name: "a packet script waits",
    config:
      'InfiniteSource(LIMIT 1) -> s :: Script(print "a", wait 0.02, print "b") -> c :: Counter -> Discard; Script(wait 0.1, print c.count, stop)',
  },
  {
    name: "a passive script pauses",
    config:
      's :: Script(TYPE PASSIVE, print "a", pause, print "b", return 3); Script(print s.run, write s.step, write s.step, stop)',
  },
  {
    name: "exported variables",
    config:
      's :: Script(TYPE PASSIVE, export x 1, exportq y "a b", export z, set x $(add $x 1)); Script(print s.x, print s.y, print s.z, print s.run, print s.x, stop)',
  },
  active("init happens once", "label a, init x 5, print $x, set x $(add $x 1), goto a $(lt $x 7), stop"),
  active("initq and init keep or take quotes", 'init x "a b", initq y "a b", print "$x $y", stop'),
  active("errors of init", 'init x $(add a), print "[$x]", stop'),
  {
    name: "special variables",
    config:
      's :: Script(TYPE PASSIVE, print "[$?] [$0] [$#] [$1] [$2] [$3] [$args] [$write]"); Script(print s.run, write s.run 1 "2 3" , stop)',
  },
  {
    name: "what became of writes",
    config:
      'i :: InfiniteSource(LIMIT 5, ACTIVE false) -> q :: Queue(10) -> u :: Unqueue -> c :: Counter -> d :: Discard; Script(print "$?", write q.capacity 3, print "$?", write q.capacity x, print "$?", write nosuch.x, print "$?", write c.count 3, print "$?", write nosuch 3, write stop x, print "$?", write c.reset, print "$?", writeq q.capacity "7", print "$?", write i.active x, print "$?", write i.config FOO 3, print "$?", write u.tickets 99999, print "$?", write d.config x, print "$?", stop)',
  },
  active("special variables of an active script", 'print "[$?] [$0] [$#] [$1] [$args] [$write]", stop'),
  active("the process id", "print $(gt $$ 1), stop"),
  {
    name: "special variables of a proxy",
    config:
      's :: Script(TYPE PROXY, print "[$0] [$#] [$1] [$args] [$write]", return "v"); Script(print s.foo, print s.foo.bar x y, write s.q 1 2, stop)',
  },
  active(
    "status of a write",
    "print $?, write c.reset, print $?, write s.goto nosuch, print $?, write c.nosuch, print $?, write c.reset, print $?, stop",
  ),
  {
    name: "status of a write to a script",
    config:
      "a :: Script(TYPE PASSIVE, error); b :: Script(TYPE PASSIVE, return 7); Script(write a.run, print $?, write b.run, print $?, stop)",
  },
  {
    name: "status of a write to a script that stops",
    config: "a :: Script(TYPE PASSIVE, stop); Script(write a.run, print $?, wait 1, print no)",
  },
  active("a variable args hides the arguments", 'set args 5, print "$args $1", stop'),
  active("the first of two labels", "goto a, label a, print 1, goto b, label a, print 2, label b, stop"),
  active("goto begin and goto loop", "set x $(add $x 1), print $x, goto begin $(lt $x 2), goto loop $(lt $x 4), stop"),
  {
    name: "goto end, exit, stop, error",
    config:
      "Script(print 1, goto end, print no); Script(print 2, goto exit, print no); Script(print 3, goto error, print no); Script(print 4, goto stop, print no); Script(wait 0.05, print end, stop)",
  },
  active("goto stop when the label is declared", "goto stop, print no, label stop, print yes, stop"),
  {
    name: "goto stop in a driver",
    config: "DriverManager(print a, goto stop, print no); Script(wait 0.05, print b, wait 0.05, stop)",
  },
  active(
    "conditions",
    'goto a "true", print 1, goto a TRUE, print 2, goto a 0, print 3, goto a "", print 4, goto a x y, print 5, goto a yes, print no, label a, stop',
  ),
  active("an empty condition from a variable", "set x $(nosuch), goto a $x, print 1, label a, stop"),
  active("a condition that cannot be read", "goto a $(lt a), print 1, label a, stop"),
];

/** @type {Probe[]} */
const instructions = [
  active("empty instructions", ", print a, , stop"),
  active(
    "print and quotes",
    'print "a b", print a, print \'$x\', print "a" "b", print 5 6, print "a\\nb", print, printn "x", printn y, print "", stop',
  ),
  active(
    "print of handlers",
    'print c.count, printn c.count, printq c.count, printnq c.count, print s.add 1 2, printq s.length "abc", print s.length "abc", print add 1 2, print nosuch, print c.nosuch, print b.c, stop',
  ),
  active(
    "print of text with references",
    'set x 5, print $x, print "$x", print x$x, print $x$x, print $x y, print "a"$x, print \'a\'$x, print $(c.count), print $(add 1 2)z, stop',
  ),
  active("print of an empty value", 'set x $(nosuch), print "[$x]", print $x, print $(nosuch), stop'),
  active(
    "print of a value with quotes",
    'set x "a  b", print $x, setq y "a  b", print $y, print "$x", print "$y", stop',
  ),
  {
    name: "print into files",
    config:
      'Script(set n f3, print >f1 "a b", print >>f1 "c", print >f2, printn >f2 c, print >"f g" "a", print >$n "v", print >- "out", print > f5 x, stop)',
    outputs: ["f1", "f2", "f3", "f5", '"f g"', "$n"],
  },
  {
    name: "save and append",
    config:
      'c :: Counter; Idle -> c -> Discard; i :: InfiniteSource(LIMIT 0, DATA "x y") -> Discard; s :: Script(save c.count f1, append c.count f1, save i.data f2, save i.data, append c.count -, save nosuch f3, save c.count f1 f2, save, save c.config "f 4", stop)',
    outputs: ["f1", "f2", "f3", "f4", '"f 4"'],
  },
  {
    name: "save in a loop",
    differs: "Click saves the value the first time only, and then text that it made of the instruction",
    config: "s :: Script(export n 0, label a, set n $(add $n 1), save s.n f, save s.n, goto a $(lt $n 3), stop)",
    outputs: ["f"],
  },
  active(
    "read",
    'read c.count, read s.add 1 2, readq s.length "abc", read s.length "abc", read add 1 1, read, read nosuch, read c.config, read version, stop',
  ),
  active(
    "read of values with newlines",
    'setq x "a\\n\\n", setq y "\\n", setq z "a\\n  b \\n", read s.get x, read s.get y, read s.get z, readq s.unquote "a\\n", stop',
  ),
  active("read of several lines", "read c.handlers, read list, stop", { mask: (t) => t.replace(/.*\t.*\n/g, "") }),
  {
    name: "write and writeq",
    config:
      's :: Script(TYPE PASSIVE, print "<$args> $#"); Script(write s.run "a b", writeq s.run "a b", write s.run a  "b c"  d, writeq s.run a "b c" d, write s.run, write s.run \'x\', write "s.run" 1, writeq s.run \\<4142>, stop)',
  },
  active("write without a handler", "write, write nosuch, write c.count 5, write stop.x, stop"),
  active(
    "set, setq and names",
    'set x "1 2", print "$x", setq x "1 2", print "$x", set $x 5, print "[$x]", print "${$x}", set x.y 7, print "${x.y} $x.y", set "q r" 8, print "${"q r"}", stop',
  ),
  active("set of an empty value", 'set x $(nosuch), set y "$x", print "[$x] [$y]", set z "", print "[$z]", stop'),
  active(
    "references that are left",
    'print "$nosuch ${nosuch} ${a b} $(", print $nosuch, print \'$x\', print "\\$x", print "a$", print $, set x 5, print "${x-3} ${y-3} ${x:-3}", stop',
  ),
  active(
    "references in references",
    'set a b, set b 5, print "${$a}", print $(add $(add 1 2) ${b}), print $(add "1" 2), print $(first "a b" c), stop',
  ),
  active(
    "failing calls",
    'print $(add a b), print "x$(add a b)y", print "$(nosuch)", print x$(c.nosuch)y, print $($a), print $(no.such 5), print "[$(c.nosuch $x)]", stop',
  ),
  passive("return", "return $(add a b)"),
  passive("return keeps quotes", 'return "a b"'),
  passive("returnq", 'returnq "a b"'),
  passive("return without a value", "return"),
  passive("a value of an earlier return", "goto l $(eq $n 1), set n 1, return 5, label l, return", "s.run", "s.run"),
  passive("the end gives nothing", "set x 5", "s.run"),
  {
    name: "error and errorq",
    config:
      'Script(error foo "a b"); Script(errorq "a b"); Script(error); Script(set x 5, error "$x" $x); Script(wait 0.05, stop)',
  },
  active("comments", 'print /* x */ "a", print "b" // c\n, stop'),
  active("deep references", `print ${"$(add 1 ".repeat(12)}0${")".repeat(12)}, stop`),
];

/** @type {Probe[]} */
const waits = [
  {
    name: "waits and timers in the order of their times",
    args: ["--simtime"],
    config:
      "Script(wait 1, print c.count, wait 1, print c.count, wait 1, print c.count, stop); TimedSource(1) -> c :: Counter -> Discard",
  },
  {
    name: "wait with a bad time stays",
    args: ["--simtime"],
    config: 'Script(print "a", wait x, print no, stop); Script(wait 1, print "b", stop)',
  },
  {
    name: "wait with a negative time stays",
    args: ["--simtime"],
    config: 's :: Script(wait -1, print no, stop); Script(wait 1, print "b", stop)',
  },
  {
    name: "wait with a bad time in a driver",
    args: ["--simtime"],
    config: 's :: DriverManager(print "a", wait x, print "b"); Script(wait 1, write stop, wait 1, print no)',
  },
  {
    name: "times",
    args: ["--simtime"],
    config:
      'Script(set t $(now), wait 1.5, print $(sub $(now) $t), wait 10ms, wait 1m, print $(idiv $(sub $(now) $t) 1), wait_for 1, wait_time 0.5s, print $(idiv $(sub $(now) $t) 1), wait 1e-1, wait 0, wait 1 s, print "z", stop)',
    mask: (t) => t.replace(/^(\d+\.\d)\d*$/gm, "$1"),
  },
  {
    name: "wait and steps",
    args: ["--simtime"],
    config:
      's :: Script(wait 10, print "a", wait 10, print "b", pause, print "c", pause 2, print "d", wait_stop, print "e", wait_step 0, print "f", wait, print "g"); Script(wait 1, write s.step, wait 1, write s.step 2, wait 1, write s.step, wait 1, write s.step 3, wait 1, write s.step x, write s.step, stop)',
  },
  {
    name: "step when nothing waits",
    config:
      's :: Script(TYPE PASSIVE, print "a", pause, print "b"); Script(write s.step, write s.step, write s.step, stop)',
  },
  {
    name: "write goto",
    args: ["--simtime"],
    config:
      's :: Script(print "a", pause, print "b", label x, print "c", pause, print "d"); Script(wait 1, write s.goto x, write s.goto nosuch, write s.goto end, write s.goto stop, write s.goto loop, write s.goto begin, write s.step, stop)',
  },
  {
    name: "write goto in itself",
    config: 's :: Script(print "a", write s.goto x, print no, label x, print "b", stop)',
  },
  {
    name: "run cancels a wait",
    args: ["--simtime"],
    config:
      's :: Script(TYPE PASSIVE, print "a $args", wait 5, print "b $args"); Script(write s.run 1, wait 1, write s.run 2, wait 10, stop)',
  },
  {
    name: "a driver runs before any task",
    config:
      "InfiniteSource(LIMIT 10, STOP true) -> c :: Counter -> Discard; DriverManager(print c.count, pause, print c.count)",
  },
  {
    name: "a driver that stops",
    config: "InfiniteSource(LIMIT 10) -> c :: Counter -> Discard; DriverManager(stop)",
    args: ["-h", "c.count"],
  },
  {
    name: "an empty driver",
    config: "InfiniteSource(LIMIT 10, STOP true) -> c :: Counter -> Discard; DriverManager()",
    args: ["-h", "c.count"],
  },
  {
    name: "a driver waits for two stops",
    config:
      'DriverManager(pause 2, print "b"); Script(print "a", write stop, wait 0.02, print "c", write stop, wait 0.02, print no)',
  },
  {
    name: "a stop ends a driver's wait",
    args: ["--simtime"],
    config:
      'DriverManager(wait 10, print "a", wait 10, print "b", pause, print "c"); Script(wait 1, write stop, wait 1, print "x", write stop, wait 1, print "y", write stop, wait 1, print no)',
  },
  { name: "a driver ends by its wait", args: ["--simtime"], config: 'DriverManager(wait 1, print "a")' },
  {
    name: "a driver that only ends",
    args: ["--simtime"],
    config: 'DriverManager(print "a", end, print no); Script(wait 1, print "b", write stop, wait 1, print no)',
  },
  {
    name: "a driver that exits after a wait",
    args: ["--simtime"],
    config: 'DriverManager(wait 1, print "a", exit, print no); Script(wait 2, print "b", write stop, wait 1, print no)',
  },
  {
    name: "a driver that has an error",
    args: ["--simtime"],
    config:
      'DriverManager(wait 1, print nosuch, pause, print nosuch, error foo, print no); Script(wait 2, print "b", write stop, wait 1, print no)',
  },
  {
    name: "a driver is stepped",
    args: ["--simtime"],
    config:
      'd :: DriverManager(pause, print "a", pause, print "b"); Script(wait 1, write d.step, print "x", write d.step, wait 1, print no)',
  },
  {
    name: "a driver loops",
    config: "DriverManager(set n $(add $n 1), goto begin $(lt $n 5000), print no); Script(wait 0.05, write stop)",
    seconds: 1,
  },
  {
    name: "stop takes any text",
    args: ["--simtime"],
    config:
      'DriverManager(pause, print "a", pause, print "b", pause); Script(write stop foo, wait 1, write stop -1, wait 1, write stop 1, wait 1, write stop 0, wait 1, print "c", write stop 3, wait 1, print no)',
  },
  {
    name: "a negative stop counts against later ones",
    args: ["--simtime"],
    config: 'Script(write stop -2, wait 1, write stop, wait 1, write stop 0x1, wait 1, print "c", stop)',
  },
  {
    name: "stop from a source and a pause",
    config:
      'InfiniteSource(LIMIT 5, STOP true) -> c :: Counter -> Discard; DriverManager(pause, print "$(c.count)", wait 0.01, print "b", stop)',
  },
  {
    name: "waits and timers in the order of their times, the other way",
    args: ["--simtime"],
    config:
      "TimedSource(1) -> c :: Counter -> Discard; Script(wait 1, print c.count, wait 1, print c.count, wait 1, print c.count, stop)",
  },
  {
    name: "two scripts that wait",
    args: ["--simtime"],
    config:
      'Script(wait 1, print "a", wait 1, print "a2", wait 1, stop); Script(wait 1, print "b", wait 0.5, print "b1", wait 0.5, print "b2")',
  },
];

/** @type {Probe[]} */
const handlers = [
  active(
    "get and set",
    'set x "a b", print s.get x, print s.get args, print s.get nosuch, print s.get x y, print s.get, write s.set y "c d", print "$y", write s.set y, print "[$y]", write s.set, write s.set args 5 6, print "$1 $args", print $(get $x), stop',
  ),
  active(
    "shift",
    'set x "a b" c d, print $(shift x), print "$x", print $(shift x) $(shift x) [$(shift x)], print $(shift nosuch), print $(shift x y), stop',
  ),
  {
    name: "shift of the arguments",
    config: 's :: Script(TYPE PASSIVE, print "$(shift) $(shift args) $# $args"); Script(write s.run a b c d, stop)',
  },
  active(
    "readable and writable",
    "print $(readable add), print $(readable c.count c.nosuch), print $(readable), print $(writable c.reset), print $(writable c.count), print $(writable step goto run set), print $(readable version), print $(readable b.c), print $(readable s.x), export x 1, stop",
  ),
  read(
    "handlers of functions without arguments",
    "s :: Script(TYPE PASSIVE, end)",
    "s.le",
    "s.add",
    "s.mod",
    "s.sprintf",
    "s.not",
    "s.length",
    "s.first",
    "s.in",
    "s.get",
  ),
  read("a passive script with errors", 's :: Script(TYPE PASSIVE, print nosuch, print "a", return 5)', "s.run"),
  read("a passive script that ends with an error", "s :: Script(TYPE PASSIVE, return 5, error foo)", "s.run"),
  read("a passive script that ends with error", "s :: Script(TYPE PASSIVE, error foo)", "s.run"),
  { name: "-x of a script", config: "s :: Script(TYPE PASSIVE, return 7)", args: ["-q", "-x", "s.run"] },
  {
    name: "functions that are not there",
    config: "s :: Script(TYPE PASSIVE, end); Script(print $(s.last a b), print $(readable s.last), stop)",
  },
  {
    name: "reading the handlers of a packet script",
    config: "Idle -> s :: Script(return $(add 1 2)) -> Discard; Script(print s.run, stop)",
  },
  {
    name: "cat and catq",
    config:
      'Script(print $(cat f), print $(catq f), print "[$(cat "f")]", print $(cat), print $(length $(cat f)), stop)',
    files: { f: 'a "b"\n$x\n' },
  },
  {
    name: "kill",
    config:
      'Script(TYPE SIGNAL USR2, print "got"); Script(print [$(kill USR2 $$)], print $(kill), print $(kill FOO 1), print $(kill USR2 x), print $(kill USR2 99999999), wait 0.05, stop)',
  },
];

/** @type {Probe[]} */
const errors = [
  {
    name: "one heading for one activation",
    args: ["--simtime"],
    config:
      "c :: Counter; Idle -> c -> Discard; s :: Script(print nosuch, print c.nosuch, write b.c, error foo, print no); t :: Script(print nosuch, wait 1, print nosuch2, print nosuch3, stop)",
  },
  {
    name: "errors of a script that is called",
    config:
      "a :: Script(TYPE PASSIVE, print nosuch, print b.run 1, error foo); b :: Script(TYPE PASSIVE, print nosuch2, return 5); s :: Script(print a.run, print $(a.run), write a.run x, stop)",
  },
  {
    name: "a value with an error has no newline",
    config:
      'b :: Script(TYPE PASSIVE, print nosuch, return 5); s :: Script(print b.run, print "x", print s.add a, print "y", stop)',
  },
  {
    name: "errors of a driver have no heading",
    config: "DriverManager(print nosuch, write b.c, error foo, print no); Script(wait 0.05, write stop)",
  },
  {
    name: "errors of a driver after a wait",
    config: "d :: DriverManager(wait 0.01, print nosuch, error foo); Script(wait 0.05, write stop)",
  },
  {
    name: "errors of a packet script",
    config: "InfiniteSource(LIMIT 2, STOP true) -> s :: Script(print nosuch, print no2) -> Discard",
  },
  {
    name: "errors of a signal script",
    config: "s :: Script(TYPE SIGNAL USR1, print nosuch, error foo); Script(set x $(kill USR1 $$), wait 0.05, stop)",
  },
  { name: "errors with several lines", config: 's :: Script(errorq "a\\nb", wait 1); Script(wait 0.05, stop)' },
  {
    name: "a script in a compound",
    config:
      "x :: { s :: Script(print nosuch, print t.run, print c.count); t :: Script(TYPE PASSIVE, error foo); Idle -> c :: Counter -> Discard; }; Script(print x/c.count, wait 0.02, stop)",
  },
  {
    name: "handler names",
    config:
      'c :: Counter; Idle -> c -> Discard; s :: Script(print .version, print c., print .c, print "c.count", print a.b.c, print @x, print _x, print s.c.count, stop)',
  },
  {
    name: "names in compounds",
    config:
      "c :: Counter; Idle -> c -> Discard; x :: { s :: Script(print c.count, print d.count, print x/d.count); d :: Counter; Idle -> d -> Discard }; Script(wait 0.02, stop)",
  },
  {
    name: "texts of errors",
    config:
      's :: Script(print $(eq 1), print $(mod 1), print $(neg a), print $(add a), print $(random 1), print $(random 5 3), print $(random 1 2 3), print $(get nosuch), print $(get x y), print $(not x), print $(if x), print $(cat), print $(kill), print $(htons x), print $(sprintf), print $(sprintf "%d"), read, write, stop)',
  },
];

/** @type {Probe[]} */
const together = [
  {
    name: "a script steps itself",
    args: ["--simtime"],
    config:
      's :: Script(print "a", write s.step, print "b", pause, print "c", write s.step, pause, print "d", pause, print "e"); Script(wait 1, write s.step, print "-", write s.step, print "-", write s.step, stop)',
  },
  {
    name: "a called script steps itself",
    config:
      's :: Script(TYPE PASSIVE, print "a", write s.step 2, print "b", pause, print "c", pause, print "d", pause, print "e"); Script(print s.run, write s.step, stop)',
  },
  {
    name: "a script runs itself by writing",
    config:
      's :: Script(TYPE PASSIVE, print "$args", goto end $(eq $args x), write s.run x, print no); Script(write s.run 1, stop)',
  },
  {
    name: "a packet script stops",
    config: "InfiniteSource(LIMIT 5) -> s :: Script(print $input, stop) -> c :: Counter -> Discard",
    args: ["-h", "c.count"],
  },
  {
    name: "a packet script that errs drops",
    config: "InfiniteSource(LIMIT 2, STOP true) -> s :: Script(error x) -> c :: Counter -> Discard",
    args: ["-h", "c.count"],
  },
  {
    name: "a packet script writes",
    config:
      "InfiniteSource(LIMIT 4, STOP true) -> s :: Script(write sw.switch $(mod $n 2), set n $(add $n 1)) -> sw :: Switch; sw[0] -> a :: Counter -> Discard; sw[1] -> b :: Counter -> Discard; DriverManager(pause, print a.count, print b.count)",
  },
  {
    name: "a packet script in the middle of pulls and pushes",
    config:
      "InfiniteSource(LIMIT 6) -> s :: Script(set n $(add $n 1), return $(mod $n 2)); s[0] -> Queue -> t :: Script(return 0) -> Unqueue -> a :: Counter -> Discard; s[1] -> b :: Counter -> Discard; Script(wait 0.05, print a.count, print b.count, stop)",
  },
  {
    name: "a packet script pulls from a source",
    config:
      'i :: InfiniteSource(LIMIT 5) -> s :: Script(print "x", return 0) -> u :: Unqueue -> c :: Counter -> Discard; Script(wait 0.1, print c.count, print s.ports, stop)',
  },
  {
    name: "a driver comes with another configuration",
    args: ["-R"],
    differs:
      "Click looks at the driver's script of a new configuration only when somebody asks to stop; ours runs it at once, as that of the first",
    config:
      'Script(print "a", wait 0.02, writeq hotconfig "DriverManager(print \\"b\\", pause, print \\"c\\"); Script(wait 0.02, print \\"d\\", write stop, wait 0.02, print no)", print "e")',
  },
  {
    name: "a driver goes with its configuration",
    args: ["-R"],
    config:
      'DriverManager(print "a", pause, print no); Script(wait 0.02, writeq hotconfig "Script(wait 0.02, print \\"d\\", write stop, wait 0.02, print no)", print "e")',
  },
  {
    name: "a driver is run",
    args: ["--simtime"],
    config:
      'd :: DriverManager(print "a $args", pause, print "b"); Script(wait 1, write d.run x, wait 1, print "c", write stop, wait 1, print no)',
  },
  {
    name: "a driver is stepped as by the driver",
    args: ["--simtime"],
    config:
      'd :: DriverManager(pause, print "a", pause, print "b"); Script(wait 1, write d.step router, wait 1, write stop, wait 1, print "c", write stop, wait 1, print no)',
  },
  {
    name: "a driver of TYPE DRIVER",
    config: 'Script(TYPE DRIVER, print "a", pause, print "b"); Script(print "c", stop)',
  },
  {
    name: "an active script stops at once",
    config: "Script(stop); Script(wait 0.05, print no); InfiniteSource(LIMIT 3) -> c :: Counter -> Discard",
    args: ["-h", "c.count"],
  },
  {
    name: "two active scripts, one of which stops",
    config: 'Script(print "a", stop); Script(print "b", stop)',
  },
  {
    name: "handlers of a script",
    config: "s :: Script(TYPE PASSIVE, export x 1, end)",
    args: ["-q", "-h", "s.handlers"],
  },
  {
    name: "handlers of a proxy",
    config: "s :: Script(TYPE PROXY, return 5)",
    args: ["-q", "-h", "s.foo", "-h", "s.class", "-h", "s.config"],
  },
  {
    name: "a proxy has more handlers once they were used",
    config: "s :: Script(TYPE PROXY, return 5); Script(print $(s.foo), print $(readable s.bar), stop)",
    args: ["-h", "s.foo"],
  },
  {
    name: "a script of a compound and its relatives",
    config:
      'x :: { s :: Script(TYPE PASSIVE, return "$(c.count) $(t.run a)"); t :: Script(TYPE PASSIVE, return <$args>); Idle -> c :: Counter -> Discard; }; Script(print x/s.run, stop)',
  },
  {
    name: "parameters that a handler does not take",
    config:
      "c :: Counter; Idle -> c -> Discard; s :: Script(print c.count 5, print $(c.count 5), read c.count 5, stop)",
  },
  {
    name: "print of a handler by a variable",
    config:
      "c :: Counter; Idle -> c -> Discard; s :: Script(set h c.count, print $h, print $($h), read $h, set w c.reset, write $w, stop)",
  },
  {
    name: "nested quotes and escapes",
    config: `Script(set x 'a"b', print "<$x>", print '<$x>', set y "a\\\\b", print "$y", print "\\x41\\101\\n", print <4142>, stop)`,
  },
  {
    name: "-x with several values",
    config: "s :: Script(TYPE PASSIVE, return false)",
    args: ["-q", "-x", "s.run"],
  },
];

/** @type {Probe[]} */
export const probes = [...together, ...types, ...running, ...instructions, ...waits, ...handlers, ...errors];
