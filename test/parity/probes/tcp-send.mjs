// TCPIPSend, which makes packets when a handler is written, and QuitWatcher, which looks at handlers.
import { readsOf, refusals } from "../packets.mjs";

const send = (name, instructions) => ({
  name: `TCPIPSend ${name}`,
  config: `t :: TCPIPSend -> Print(MAXLENGTH 60, PRINTANNO true) -> c :: Counter -> Discard; Script(${instructions}, stop)`,
  args: readsOf("t", "handlers").concat(readsOf("c", "count")),
});
const quit = (name, config) => ({
  name: `QuitWatcher ${name}`,
  config,
  args: ["--simtime"],
});

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  send("makes a packet", "write t.send 16777226 5 33554442 80 1 2 18"),
  send("makes several", "write t.send 1 2 3 4 5 6 7 3, write t.send 1 2 3 4 5 6 7 0, read c.count"),
  send("stops the driver", "write t.send 1 2 3 4 5 6 7 2 true, wait 1, print late"),
  send("stops the driver without a packet", "write t.send 1 2 3 4 5 6 7 0 true, wait 1, print late"),
  send("knows ports by name", "write t.send 1 domain 3 http 5 6 7"),
  send(
    "is told wrongly",
    "write t.send 1.2.3.4 5 1.2.3.5 80 1 2 18, write t.send 1 2, write t.send, write t.send 1 2 3 4 5 6 300",
  ),
  send(
    "is told wrongly at the end",
    "write t.send 1 2 3 4 5 6 7 2 x, write t.send 1 2 3 4 5 6 7 x, write t.send 1 2 3 4 5 6 7 2 true 5, write t.send x nosuch 3 4 y 6 7",
  ),
  ...refusals("TCPIPSend", ["", "1"], { before: "" }),
  quit(
    "stops when a source is at its end",
    "a :: TimedSource(0.01, LIMIT 3) -> Queue -> u :: Unqueue -> Discard; QuitWatcher(u); Script(wait 1, print late, stop)",
  ),
  quit(
    "goes on while tasks are scheduled",
    "a :: InfiniteSource(LIMIT -1) -> Discard; QuitWatcher(a); Script(wait 0.05, print late, stop)",
  ),
  quit(
    "watches several",
    "a :: InfiniteSource(LIMIT -1) -> Discard; b :: InfiniteSource(LIMIT 3) -> Discard; QuitWatcher(a, b); Script(wait 1, print late, stop)",
  ),
  quit("watches nothing", "QuitWatcher; Script(wait 0.1, print late, stop)"),
  quit("of an element that is not there", "QuitWatcher(x)"),
  quit("of elements that are not there", "QuitWatcher(x, y)"),
  quit("of an element without a task", "Idle -> d :: Discard; QuitWatcher(d)"),
];
