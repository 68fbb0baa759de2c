/** A guest that takes all event channels it can get, its own and domain 0's, and gives some back. */
import { EVTCHNOP } from "@clickos/hypervisor";

export const ports = {
  name: "event channels",
  async start(world) {
    const { r, hypervisor } = world;
    const { events } = hypervisor;
    let made = 0;
    let refused = 0;
    const others = world.neighbours.map((n) => n.vm.domain.id);
    const kernel = {
      start: (domain) => ({
        run() {
          for (let i = 0; i < 100; i++) {
            const remote = r.pick([0, domain.id, ...others, r.below(0x7ff0)]);
            const port = r.pick([
              () => domain.eventOp(EVTCHNOP.allocUnbound, remote),
              () => domain.eventOp(EVTCHNOP.bindInterdomain, remote, r.below(4096)),
              () => domain.eventOp(EVTCHNOP.bindVirq, r.below(30)),
              () => domain.eventOp(EVTCHNOP.bindIpi, 0),
            ])();
            if (port > 0) made++;
            else refused++;
            if (r.once(200)) domain.eventOp(EVTCHNOP.reset, 0);
            if (r.once(8)) domain.eventOp(EVTCHNOP.close, r.below(1100));
          }
          return "more";
        },
      }),
    };
    const guest = await world.guest({ name: "ports", kernel });
    const id = guest.domain.id;
    let rounds = 0;
    return {
      turn: () => rounds++,
      over: () => rounds > (world.short ? 40 : 300),
      end() {
        if (refused === 0) world.wrong("a guest was refused no event channel");
        world.count("event channel", made);
        // It can have channels that domain 0 made for it, and no others of domain 0's.
        let bound = 0;
        for (let port = 1; port < 4096; port++) {
          const status = events.status(0, port);
          if (status.state === "interdomain" && status.remote === id) bound++;
        }
        if (bound > 1) world.wrong(`a guest took ${bound} of domain 0's channels`);
        guest.end();
      },
    };
  },
};
