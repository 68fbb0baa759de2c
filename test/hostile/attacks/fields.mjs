/**
 * Random fields: a program on MiniOS that sets its interface up as it should be, so that there is something to break,
 * and then breaks it: fields of everything it shares, hypercalls, the store.
 */
import { frameSize } from "@clickos/grant-table";
import { domainFrames, EVTCHNOP, startInfo } from "@clickos/hypervisor";
import { miniOs } from "@clickos/minios";
import { createRingEnds, encodeMessage, MessageType } from "@clickos/xenstore";
import { spawnFrontEnd } from "../front-end.mjs";
import { edges, random } from "../random.mjs";
import { domainTargets, netifTargets, netmapTargets } from "../targets.mjs";

/** Mutations of one slice. */
const perSlice = 40;
/** A guest is replaced after so many: what it broke is whole again, to be broken otherwise. */
const lifetime = 3000;

/**
 * @param {{ mode: "standard" | "netmap", seed: number, count: (kind: string) => void }} options
 */
function hostileScript({ mode, seed, count }) {
  const r = random(seed);
  return miniOs((os) => {
    const { domain } = os;
    const data = new DataView(domain.memory.buffer);
    let targets = domainTargets();
    let front;
    const value = () => (r.once(2) ? r.pick(edges) : r.next());

    const write = ({ kind, address, width }) => {
      const v = value();
      if (width === 1) data.setUint8(address, v & 255);
      else if (width === 2) data.setUint16(address, v & 65535, true);
      else data.setUint32(address, v >>> 0, true);
      count(kind.split(".")[0].split("(")[0]);
    };
    const hypercall = () => {
      const commands = Object.values(EVTCHNOP).filter((c) => c !== EVTCHNOP.reset || r.once(50));
      const command = r.pick([...commands, value()]);
      domain.eventOp(command, r.once(2) ? r.below(40) : value(), r.once(2) ? r.below(40) : value());
      count("event_channel_op");
    };
    const flood = () => {
      for (let i = 0; i < 20; i++) domain.eventSend(r.once(2) ? r.below(40) : value());
      count("notification flood");
    };
    const frames = () => {
      // Real traffic in between, so that the back end is in the middle of something.
      try {
        for (let i = 0; i < 8; i++) front?.send(new Uint8Array(60 + r.below(r.once(3) ? 9100 : 1400)).fill(r.next()));
        front?.flush();
        front?.receive();
      } catch {
        // What it reads is what it broke itself.
      }
      count("frames");
    };
    const paths = [
      "data/x",
      "device/vif/0/state",
      "device/vif/0/tx-ring-ref",
      "name",
      "/local/domain/0/x",
      "/",
      "@releaseDomain",
      "..",
      "data//y",
    ];
    // Past the client: parts of messages, too, when the ring is full.
    const ring = createRingEnds(domain.memory.buffer, domainFrames.store * frameSize).domain;
    const { storeEvtchn } = startInfo.view(domain.memory.buffer, domainFrames.startInfo * frameSize);
    const ask = (type, payload, transactionId = 0) => {
      ring.write(encodeMessage({ type, requestId: r.next() | 0x40000000, transactionId, payload: String(payload) }));
      domain.eventSend(storeEvtchn);
    };
    const store = () => {
      const path = r.once(3) ? `data/${r.below(100_000)}` : r.pick(paths);
      switch (r.below(9)) {
        case 0:
          ask(MessageType.WRITE, `${path}\0${"x".repeat(r.below(3000))}`);
          break;
        case 1:
          ask(MessageType.WATCH, `${path}\0${r.below(500)}\0`);
          break;
        case 2:
          ask(MessageType.TRANSACTION_START, "\0");
          break;
        case 3:
          ask(MessageType.TRANSACTION_END, r.pick(["T\0", "F\0", "?"]), r.below(20));
          break;
        case 4:
          ask(MessageType.SET_PERMS, `${path}\0${r.pick(["n0", "b1", "zzz", "n99999999"])}\0`);
          break;
        case 5:
          ask(r.below(200), r.pick(["", "\0", `${path}\0`, "\xff".repeat(50)]), r.next() | 0);
          break;
        case 6:
          ask(
            MessageType.WRITE,
            `device/vif/0/state\0${r.pick(["0", "1", "2", "3", "4", "5", "6", "7", "x", "", "4294967296"])}`,
          );
          break;
        case 7:
          ask(
            MessageType.WRITE,
            `device/vif/0/${r.pick(["tx-ring-ref", "rx-ring-ref", "event-channel-tx", "buffer-ref", "buffer-frames", "buffer-count", "feature-netmap"])}\0${r.pick(edges)}`,
          );
          break;
        default:
          ask(r.pick([MessageType.RM, MessageType.READ, MessageType.DIRECTORY, MessageType.MKDIR]), `${path}\0`);
      }
      count("store");
    };
    const timers = () => {
      domain.setTimer(BigInt(value()));
      domain.consoleWrite(new Uint8Array(r.below(3000)).fill(r.next()));
      count("timers and console");
    };

    function* attack() {
      for (;;) {
        for (let i = 0; i < perSlice; i++) {
          const what = r.below(20);
          if (what < 14) write(r.pick(targets));
          else if (what === 14) hypercall();
          else if (what === 15) flood();
          else if (what === 16) frames();
          else if (what < 19) store();
          else timers();
        }
        os.again();
        yield;
      }
    }
    spawnFrontEnd(
      os,
      domain,
      () => ({ mode, persistent: r.once(2) }),
      (opened) => {
        front = opened;
        const page = (key) => {
          // The frame of a reference, from the grant table as it was written.
          const ref = Number(front.keys[key]);
          return data.getUint32(domainFrames.grantTable * frameSize + ref * 8 + 4, true) * frameSize;
        };
        const make = mode === "netmap" ? netmapTargets : netifTargets;
        const rings = [...make("tx", page("tx-ring-ref")), ...make("rx", page("rx-ring-ref"))];
        // Rings weigh as much as all the rest.
        targets = [...domainTargets(), ...rings, ...rings];
        os.spawn(attack());
      },
    );
  });
}

export const fields = [
  ["netmap", "+vale"],
  ["standard", "baseline"],
  ["standard", "+grants"],
].map(([mode, vifMode]) => ({
  name: `random fields (${vifMode})`,
  async start(world) {
    const { r } = world;
    let made = 0;
    const count = (kind) => {
      world.count(kind);
      world.mutated("script");
      made++;
    };
    const guest = await world.guest({
      name: "fields",
      kernel: hostileScript({ mode, seed: r.next(), count }),
      // Half of them may send from any address, so that what is beside them is attacked that way too.
      vif: { mode: vifMode, rate: "3000,10000", antiSpoof: r.once(2), mtu: r.pick([undefined, 1500, 9000]) },
    });
    return {
      turn: () => guest.look(),
      over: () => made > lifetime || guest.domain.state !== "running",
      end: () => guest.end(),
    };
  },
}));
