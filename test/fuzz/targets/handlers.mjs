/** Handlers: a line each, `r PATH PARAMETER` or `w PATH VALUE`, of a router with elements of many classes. */
import { bytesOf, mutateText, numbers, textOf } from "../mutate.mjs";
import { compiled } from "../router.mjs";

const configuration = `
  src :: RatedSource(RATE 1000, LIMIT 20) -> c :: Counter -> p :: Paint(1) -> t :: Tee;
  t [0] -> q :: Queue(10) -> u :: Unqueue -> sw :: Switch(0) -> d :: Discard; sw [1] -> Discard;
  t [1] -> sh :: SimpleQueue(5) -> b :: BandwidthShaper(1Mbps) -> dq :: DelayUnqueue(1ms) -> rr :: RoundRobinSwitch -> Discard;
  rr [1] -> Queue -> s0 :: Strip(4) -> tr :: Truncate(60) -> ts :: TimedSink(1s);
  inf :: InfiniteSource(LIMIT 3, ACTIVE false) -> pr :: Print(x, ACTIVE false) -> mh :: MarkIPHeader(0) -> ck :: CheckIPHeader -> f :: IPFilter(allow udp, deny all)
    -> rt :: RadixIPLookup(0.0.0.0/0 0) -> ttl :: DecIPTTL -> rw :: IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 0) -> Discard;
  tsrc :: TimedSource(10s) -> nq :: NotifierQueue -> ps :: PullSwitch(0) -> ru :: RatedUnqueue(5) -> pt :: PaintSwitch -> Discard;
  Idle -> [0] arp :: ARPQuerier(1.0.0.1, 02:00:00:00:00:01); Idle -> [1] arp; arp -> Discard;
  s :: Script(TYPE PASSIVE, return "$args"); x :: Script(TYPE PROXY, return $0);
  poke :: PokeHandlers(wait 1s, write q.reset); m :: Message(hello); pb :: ProgressBar(c.count, FIXED_SIZE 10, ACTIVE false);
  ai :: AddressInfo(host 1.2.3.4); px :: HandlerProxy; st :: StaticThreadSched(src 0);
`;
const perRouter = 400;
let current;
let used = perRouter;

/** A router that few others' inputs have touched: what they leave may matter. */
function router() {
  if (used++ < perRouter && current) return current;
  current?.router.close();
  current = compiled(configuration, { reconfigurable: true });
  used = 0;
  return current;
}

const paths = (() => {
  const { router } = compiled(configuration, { reconfigurable: true });
  const list = router
    .list("*.*")
    // A configuration is compiled for each: that takes longest.
    .filter((p) => !p.endsWith(".config") || /^(?:f|sw|pr)\./.test(p));
  list.push("list", "version", "classes", "config", "flatconfig", "requirements", "packages", "handlers", "stop");
  router.close();
  return list;
})();
const values = [
  ...numbers,
  "true",
  "false",
  "1s",
  "10Mbps",
  "1.2.3.4",
  "a b c",
  '"',
  "\\",
  "$x",
  "",
  "c.count",
  "x.y",
  "\0",
  "-",
  "all",
  "0 1 2",
  "10.0.0.0/8 0",
  "0/0 1.2.3.4 0",
];
const words = [...paths, ...values, "r ", "w ", ".", "*", "\n", "..", "constructor", "__proto__", "toString"];

export const target = {
  name: "handlers",
  errors: [],
  seeds: () =>
    [
      "w s.step 4294967295",
      "w x.step 4294967295\nw x.goto begin",
      "r s.run 1 2 3\nw s.set a b\nr s.get a",
      "w q.capacity 4294967295\nw src.limit 4294967295\nw q.reset",
      "w sw.config 1\nr sw.config",
      "w f.config allow tcp, drop all\nw f.config (",
      "w rt.add 10.0.0.0/8 1.2.3.4 0\nr rt.lookup 10.0.0.1\nw rt.remove 10/8\nr rt.table",
      "w rt.set 0.0.0.0/0 0\nw rt.ctrl remove 0/0\nw rt.flush\nw rt.ctrl add x",
      "r constructor\nr c.constructor\nr __proto__.x\nw stop 5",
    ].map(bytesOf),
  heavy: () =>
    [`r s.run ${"x ".repeat(20_000)}`, `r ${"a/".repeat(20_000)}.b`, `w src.rate ${"9".repeat(100_000)}`].map(bytesOf),
  generate: (r) =>
    bytesOf(
      Array.from(
        { length: 1 + r.below(3) },
        () => `${r.pick(["r", "w"])} ${r.pick(r.once(20) ? words : paths)} ${r.pick(values)}`,
      ).join("\n"),
    ),
  mutate: (input, r) => mutateText(input, r, words),
  run(input) {
    const { router: it, run } = router();
    let refused = 0;
    for (const line of textOf(input).split("\n").slice(0, 50)) {
      const [, which, path, value] = /^(\w)?\s*(\S*)\s?(.*)$/s.exec(line) ?? [];
      try {
        if (which === "w") it.write(path, value);
        else it.read(path, value);
      } catch (e) {
        if (e?.name !== "HandlerError") throw e;
        refused++;
      }
    }
    run(20);
    return refused > 0 ? "refused" : "done";
  },
};
