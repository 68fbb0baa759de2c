/** Well-behaved Click VMs beside the hostile ones: every frame that is sent through them must come out, unchanged. */
import { linkImage } from "@clickos/minios";
import { createSwitch, patch } from "@clickos/vale";

const outstanding = 200;

export async function neighbour(xl, elements, name, config, pcpu) {
  const bridges = [0, 1].map((i) => createSwitch({ name: `${name}${i}`, lookup: patch() }));
  const ports = bridges.map((bridge) => bridge.attach("outside"));
  const image = await linkImage({ file: `${name}.click`, text: config }, { elements, name });
  const vm = await xl.create({ name, image, pcpu, vif: bridges.map((bridge) => ({ bridge })) });
  const n = { name, vm, sent: 0, received: 0, wrong: 0 };
  const frameOf = (k) => Uint8Array.from({ length: 60 + (k % 400) }, (_, i) => (i < 4 ? k >>> (i * 8) : i * k) & 255);
  return Object.assign(n, {
    /** Sends some, moves everything once, and checks what came. */
    turn(send) {
      if (send && n.sent - n.received < outstanding) {
        const frames = Array.from({ length: 8 }, (_, i) => frameOf(n.sent + i));
        n.sent += ports[0].send(frames);
      }
      for (const bridge of bridges) bridge.forward();
      for (const frame of ports[1].receive()) {
        const expected = frameOf(n.received);
        if (frame.length !== expected.length || frame.some((b, i) => b !== expected[i])) n.wrong++;
        n.received++;
      }
    },
    get lost() {
      return n.sent - n.received + n.wrong;
    },
  });
}
