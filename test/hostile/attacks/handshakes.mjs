/** A guest that takes its device through all states in any order, with keys that are right, wrong and missing. */
import { frameSize, GTF } from "@clickos/grant-table";
import { domainFrames } from "@clickos/hypervisor";
import { miniOs } from "@clickos/minios";
import { edges } from "../random.mjs";

const keys = ["tx-ring-ref", "rx-ring-ref", "event-channel", "event-channel-tx", "event-channel-rx", "buffer-ref"];
const features = ["feature-netmap", "feature-persistent"];

export const handshakes = {
  name: "handshakes",
  async start(world) {
    const { r } = world;
    let tried = 0;
    const kernel = miniOs((os) => {
      const grants = Array.from({ length: 8 }, () => os.grants.grant(os.allocateFrame(), { to: 0 }));
      const entries = new Int32Array(os.domain.memory.buffer, domainFrames.grantTable * frameSize, 64);
      function* run() {
        const ports = [os.openChannel(0, () => {}), os.openChannel(0, () => {})];
        for (;;) {
          const path = "device/vif/0";
          for (const key of keys) {
            const right = key.startsWith("event") ? r.pick(ports) : r.pick(grants);
            yield* os.xenbus.write(`${path}/${key}`, String(r.once(4) ? r.pick(edges) : right));
          }
          for (const key of features) yield* os.xenbus.write(`${path}/${key}`, r.pick(["0", "1", "x"]));
          yield* os.xenbus.write(`${path}/buffer-frames`, String(r.pick([0, 1, 2, 65536, 4294967295])));
          yield* os.xenbus.write(`${path}/buffer-count`, String(r.pick([0, 1, 4, 131072])));
          for (const state of r.pick([
            [1, 3],
            [1, 3, 4, 5, 6],
            [1, 2, 3, 5],
            [3, 1, 3],
            ["x", "", 99, 1, 3],
          ])) {
            // A grant that goes away between being looked at and being mapped.
            if (r.once(3)) entries[r.pick(grants) * 2] ^= GTF.permitAccess;
            yield* os.xenbus.write(`${path}/state`, String(state));
          }
          tried++;
          world.count("handshake");
          os.again();
          yield;
        }
      }
      os.spawn(run());
    });
    const guest = await world.guest({ name: "handshakes", kernel, vif: { mode: world.r.pick(["+vale", "baseline"]) } });
    let rounds = 0;
    return {
      turn() {
        rounds++;
        guest.look();
      },
      over: () => tried > 60 || rounds > (world.short ? 80 : 1500) || guest.domain.state !== "running",
      end: () => guest.end(),
    };
  },
};
