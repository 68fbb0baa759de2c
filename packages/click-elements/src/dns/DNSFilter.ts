/**
 * DNSFilter(NAME, ...) — answers questions for names on a list: there is no such name.
 *
 * Expects marked IP headers. A question over UDP for a NAME, or for a name below it, is turned into the answer NXDOMAIN, from the server that it
 * was for, and leaves on output 1, or is dropped where that is not connected. Everything else leaves on output 0, but for messages to port 53
 * that are no proper question, which are dropped: their names would not be those that a server reads. Questions over TCP pass.
 *
 * NAMEs that are arguments are a table in the router's data: eight bytes a name, and a third more. Handlers add names while the router runs,
 * or let single ones pass that are below one of the list; those take about 32 bytes each of the router's heap. The longest name that is
 * on either list decides. A name is known by 64 bits of it.
 *
 * Handlers: add, allow (write: names, with spaces or line ends between them), remove (write: what was added or allowed is not), clear (write),
 * lookup NAME (read: `blocked`, `allowed`, or `-`), names (read: those of the arguments and those that were added), questions, blocked (read).
 *
 *   ... -> CheckIPHeader(14) -> d :: DNSFilter(ads.example, tracker.example) -> ...; d [1] -> EtherMirror -> ToDevice(0)
 */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  type HostHashTable,
  type HostHeap,
  hashTable,
  type Packet,
  rest,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { array, u8, u16, u32, u64 } from "@clickos/layout";
import { span } from "@clickos/wire";
import { dns, dnsCodes, dnsLimits, dnsPort, dnsQuestion } from "@clickos/wire/dns";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { setHeaderChecksum } from "../lib/ip-header.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";
import { isInTable, keyOfName, keyTable, type NameKey, readName, stagedKey, stageIsIn } from "./domain-name.ts";

const ttl = 64;
/** A label has at least one byte, and its length. */
const mostLabels = Math.floor(dnsLimits.name / 2);
/** What becomes of names that were added by handlers. */
const blocks = 1;
const passes = 2;

interface Plan {
  readonly table: Uint8Array<ArrayBuffer>;
  readonly keys: readonly NameKey[];
}

const state = {
  questions: u64,
  blocked: u64,
  /** By the name's key: what becomes of it. */
  added: hashTable({ keyWords: 2, queues: 0, value: { action: u8 } }),
  /** How many of them block. */
  blocking: u32,
  /** Where the labels of a name begin, from the start of the name. */
  labels: array(u16, mostLabels),
};
type Added = HostHashTable<{ action: typeof u8 }>;
type HostState = { added: Added; blocking: number };

function setNames(text: string, s: HostState, heap: HostHeap, action: number): void {
  for (const name of text.split(/\s+/).filter(Boolean)) {
    const labels = readName(name);
    if (!labels) throw `'${name}' is not a domain name`;
    const key = keyOfName(labels);
    const known = s.added.find(key);
    if (known?.value.action === blocks) s.blocking--;
    if (action === 0) {
      if (known) s.added.remove(heap, known);
      continue;
    }
    const entry = known ?? s.added.findOrAdd(heap, key);
    if (!entry) throw `there is no memory for '${name}'`;
    entry.value.action = action;
    if (action === blocks) s.blocking++;
  }
}

export const DNSFilter: ElementClass = element({
  name: "DNSFilter",
  ports: "1/1-2",
  processing: "a/ah",
  config: { NAME: rest(arg.string) },
  prepare({ config, error }): Plan {
    const keys: NameKey[] = [];
    config.NAME.forEach((name, i) => {
      const labels = readName(name);
      if (labels) keys.push(keyOfName(labels));
      else error(`NAME ${i + 1}: '${name}' is not a domain name`, i);
    });
    return { table: keyTable(keys), keys };
  },
  state,
  handlers: {
    names: { kind: "gauge", unit: "names", read: (s, { plan }) => plan.keys.length + s.blocking },
    questions: { counter: "questions" },
    blocked: { counter: "blocked" },
    lookup: {
      flags: "+",
      read(s, { plan }, text) {
        const labels = readName(text.trim());
        if (!labels) throw `'${text.trim()}' is not a domain name`;
        for (let from = 0; from < labels.length; from++) {
          const key = keyOfName(labels.slice(from));
          const entry = s.added.find(key);
          if (entry) return entry.value.action === blocks ? "blocked" : "allowed";
          if (isInTable(plan.table, key)) return "blocked";
        }
        return "-";
      },
    },
    add: { write: (s: HostState, text, { heap }) => setNames(text, s, heap, blocks) },
    allow: { write: (s: HostState, text, { heap }) => setNames(text, s, heap, passes) },
    remove: { write: (s: HostState, text, { heap }) => setNames(text, s, heap, 0) },
    clear: {
      write(s: HostState, _text, { heap }) {
        for (const entry of [...s.added.entries()]) s.added.remove(heap, entry);
        s.blocking = 0;
      },
    },
  },
  action(c, packet, context) {
    const { state, output } = context;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const pass = (): void => output(0).push(packet);
    const malformed = (): void => packet.drop("malformed question");
    const { ip } = packet;
    c.if(ip.protocol.get().ne(ipProtocols.udp).or(ip.fragmentOffset.get()), pass);
    const body = ip.clip(malformed).payload(malformed);
    const datagram = body.header(udp, malformed);
    c.if(datagram.destinationPort.get().ne(dnsPort), pass);
    const message = body.advance(udp.size, "stated");
    const header = message.header(dns, malformed);
    // Answers to a server's own questions, and other operations, are no matter of names.
    c.if(header.qr.isSet().or(header.opcode.get()), pass);
    c.if(header.questions.get().ne(1), malformed);
    state.questions.inc();
    const name = message.address.add(dns.size);
    const end = message.address.add(message.length);
    const { count, behind } = readLabels(c, context, name, end, malformed);
    c.if(end.sub(behind).ltS(dnsQuestion.size), malformed);
    c.if(isBlocked(c, context, name, count).eqz(), pass);
    state.blocked.inc();
    answer(c, packet, body.address, behind.add(dnsQuestion.size));
    output(1).push(packet, "blocked name");
  },
});

type Context = ElementContext<{ readonly NAME: readonly string[] }, Plan, typeof state>;

/** Walks over a name and notes where its labels begin; how many there are, and the address behind the name. */
function readLabels(
  c: FunctionBuilder,
  { state }: Context,
  name: I32,
  end: I32,
  malformed: () => void,
): { readonly count: I32; readonly behind: I32 } {
  const at = c.var("i32", name, "at");
  const count = c.var("i32", 0, "count");
  const isSound = c.var("i32", 0, "isSound");
  c.loop(() => {
    c.if(at.get().geU(end), () => c.break());
    const length = c.load8(at.get());
    c.if(length.eqz(), () => {
      isSound.set(at.get().sub(name).ltU(dnsLimits.name));
      c.break();
    });
    // In a question there is nothing before the name that it could point to.
    c.if(length.gtU(dnsLimits.label).or(count.get().geU(mostLabels)), () => c.break());
    state.labels.at(count.get()).set(at.get().sub(name));
    count.inc();
    at.set(at.get().add(length).add(1));
  });
  c.if(isSound.get().eqz(), malformed);
  return { count: count.get(), behind: at.get().add(1) };
}

/** Whether a name is to be blocked: from its last label on, the longest that is known decides. */
function isBlocked(c: FunctionBuilder, { state, plan, data }: Context, name: I32, count: I32): I32 {
  const table = plan.keys.length > 0 ? data(plan.table, 8) : undefined;
  const blocked = c.var("i32", 0, "blocked");
  const key = stagedKey(c);
  const left = c.var("i32", count, "left");
  const isAdded = state.added.length();
  c.loop(() => {
    c.if(left.get().eqz(), () => c.break());
    left.inc(-1);
    const label = name.add(state.labels.at(left.get()).get());
    key.take(label.add(1), c.load8(label));
    const words = [key.words[0].get(), key.words[1].get()] as const;
    if (table !== undefined) c.if(stageIsIn(c, table, plan.table.length, words), () => blocked.set(1));
    c.if(isAdded, () => {
      const entry = state.added.find([...words]);
      c.if(entry, () => blocked.set(state.added.value(entry).action.get().eq(blocks)));
    });
  });
  return blocked.get();
}

/** Makes the datagram from an address on to the end of its question the answer that there is no such name, on its way back (RFC 1035 section 4.1.1). */
function answer(c: FunctionBuilder, packet: Packet, from: I32, end: I32): void {
  const { ip } = packet;
  const body = span(c, from, end.sub(from));
  const datagram = body.header(udp, "stated");
  const header = body.advance(udp.size, "stated").header(dns, "stated");
  header.qr.set(1);
  header.aa.set(0);
  header.tc.set(0);
  header.ra.set(1);
  header.z.set(0);
  header.ad.set(0);
  header.rcode.set(dnsCodes.nameError);
  header.answers.set(0);
  header.authorities.set(0);
  header.additional.set(0);
  const [source, destination] = [ip.source.stored.get(), ip.destination.stored.get()];
  ip.source.stored.set(destination);
  ip.destination.stored.set(source);
  ip.ttl.set(ttl);
  ip.totalLength.set(end.sub(packet.network));
  setHeaderChecksum(c, ip);
  const [asker, server] = [datagram.sourcePort.stored.get(), datagram.destinationPort.stored.get()];
  datagram.sourcePort.stored.set(server);
  datagram.destinationPort.stored.set(asker);
  datagram.length.set(body.length);
  datagram.checksum.set(0);
  const sum = transportChecksum(c, { source: destination, destination: source }, ipProtocols.udp, body);
  // 0 says that there is none (RFC 768).
  datagram.checksum.stored.set(c.select(sum, sum, c.i32(0xffff)));
  packet.dstIp.set(ip.destination.get());
  packet.setLength(end.sub(packet.data));
}
