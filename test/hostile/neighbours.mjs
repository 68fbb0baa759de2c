/** Well-behaved Click VMs beside the hostile ones: every frame that is sent through them must come out, unchanged. */
import { linkImage } from "@clickos/click-image";
import { createSwitch, patch } from "@clickos/vale";

/** Frames on the way at most: a ring holds more, and where it is shared with others there is room for what they send. */
const outstanding = { alone: 200, shared: 100 };

/** Numbered frames, and what is known of those that came back. */
function traffic(name, vm, { addresses = [], limit }) {
  const frameOf = (k) => {
    const frame = Uint8Array.from({ length: 60 + (k % 400) }, (_, i) => (i < 18 ? k >>> ((i & 3) * 8) : i * k) & 255);
    frame.set(addresses);
    return frame;
  };
  const n = { name, vm, sent: 0, received: 0, wrong: 0 };
  return Object.assign(n, {
    next() {
      if (n.sent - n.received >= limit) return [];
      return Array.from({ length: 8 }, (_, i) => frameOf(n.sent + i));
    },
    /** A frame that should be the next one. */
    check(frame, expected = frameOf(n.received)) {
      if (frame.length !== expected.length || frame.some((b, i) => b !== expected[i])) n.wrong++;
      n.received++;
    },
    get lost() {
      return n.sent - n.received + n.wrong;
    },
  });
}

export async function neighbour(xl, elements, name, config, pcpu) {
  const bridges = [0, 1].map((i) => createSwitch({ name: `${name}${i}`, lookup: patch() }));
  const ports = bridges.map((bridge) => bridge.attach("outside"));
  const image = await linkImage({ file: `${name}.click`, text: config }, { elements, name });
  const vm = await xl.create({ name, image, pcpu, vif: bridges.map((bridge) => ({ bridge })) });
  const n = traffic(name, vm, { limit: outstanding.alone });
  return Object.assign(n, {
    /** Sends some, moves everything once, and checks what came. */
    turn(send) {
      if (send) n.sent += ports[0].send(n.next());
      for (const bridge of bridges) bridge.forward();
      for (const frame of ports[1].receive()) n.check(frame);
    },
  });
}

const mirror = [2, 0, 0, 0, 1, 1];
const station = [2, 0, 0, 0, 1, 2];
const etherType = [0x88, 0xb5];
const is = (frame, at, bytes) => bytes.every((b, i) => frame[at + i] === b);

/** Whether a frame is one of those that a neighbour and its station send to each other, and nobody else is to get. */
export function isOfNeighbour(frame) {
  const [to, from] = [mirror, station];
  const between = (is(frame, 0, to) && is(frame, 6, from)) || (is(frame, 0, from) && is(frame, 6, to));
  return between && is(frame, 12, etherType);
}

/** One that shares its switch with the hostile guests: a mirror behind an address, and a station that talks to it. */
export async function neighbourOn(bridge, xl, elements, name) {
  const port = bridge.attach("station");
  const text = "FromDevice(0) -> Queue(400) -> Unqueue -> EtherMirror -> ToDevice(0)";
  const image = await linkImage({ file: `${name}.click`, text }, { elements, name });
  const vm = await xl.create({ name, image, pcpu: 0, vif: [{ bridge, mac: "02:00:00:00:01:01" }] });
  const n = traffic(name, vm, { addresses: [...mirror, ...station, ...etherType], limit: outstanding.shared });
  const swapped = (frame) => {
    const back = frame.slice();
    back.set(frame.subarray(6, 12), 0);
    back.set(frame.subarray(0, 6), 6);
    return back;
  };
  return Object.assign(n, {
    turn(send) {
      if (send) n.sent += port.send(n.next());
      // Others send to this address too, or to all: what counts comes from the mirror, and is ours.
      for (const frame of port.receive())
        if (is(frame, 0, station) && is(frame, 6, mirror) && is(frame, 12, etherType)) n.check(swapped(frame));
    },
  });
}
