/** A front end for interface 0 of a guest in TypeScript, as a well-behaved kernel has it; what is hostile comes after. */
import { openNetFront, runFrontend } from "@clickos/netfront";

/** Spawns the handshake; `connected` gets the front end each time the back end is there. */
export function spawnFrontEnd(os, domain, options, connected) {
  os.spawn(
    runFrontend(os.xenbus, {
      path: "device/vif/0",
      open(backend) {
        const port = os.openChannel(backend, () => {});
        const notify = () => os.send(port);
        const parts = {
          memory: domain.memory,
          grants: os.grants,
          allocateFrame: () => os.allocateFrame(),
          freeFrame: (frame) => os.freeFrame(frame),
          backend,
          notifyTx: notify,
          notifyRx: notify,
        };
        const front = openNetFront(parts, options());
        return { front, eventChannelTx: port, eventChannelRx: port, closed: () => os.closeChannel(port) };
      },
      connected: ({ front }) => connected(front),
    }),
  );
}
