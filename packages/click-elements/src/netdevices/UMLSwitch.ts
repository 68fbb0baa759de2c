/**
 * UMLSwitch([PATH]) — packets to and from the switch of User Mode Linux: its argument is checked, and it fails when it is to be opened.
 *
 * PATH is the switch's control socket, `/tmp/uml.ctl` by default. The switch's packets are UNIX datagrams, which Node.js does not
 * have. A configuration with one can be checked and drawn, but not run; McastSocket reaches virtual machines of QEMU.
 *
 *   ... -> Queue -> UMLSwitch -> ...
 */
import { connect } from "node:net";
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { systemReason } from "@clickos/pcap/node";

const defaultPath = "/tmp/uml.ctl";

export const UMLSwitch: ElementClass = element({
  name: "UMLSwitch",
  ports: "0-1/0-1",
  processing: "l/h",
  flow: "x/y",
  config: { PATH: positional(arg.filename, defaultPath) },
  service: ({ config: { PATH } }) => ({
    open: () =>
      new Promise((_, reject) => {
        const control = connect({ path: PATH });
        control.once("error", (e) => reject(`could not connect to control socket ${PATH}: ${systemReason(e)}`));
        control.once("connect", () => {
          control.destroy();
          reject("socket: Node.js has no UNIX datagrams; use McastSocket, or Socket");
        });
      }),
  }),
  task: (c) => c.i32(0),
  push: (_c, _port, packet) => packet.kill(),
});
