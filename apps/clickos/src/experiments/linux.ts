/** A Linux guest beside a ClickOS VM. */
import { type Experiment, SkippedError } from "./experiment.ts";

export const linux: Experiment = {
  name: "linux",
  title: "a Linux guest on the same switch",
  paper: {
    measured: "What a Linux guest gains from the same changes to the network path.",
    found: "We have no figure from a source that we could cite.",
    figures: [],
  },
  setup: "Not set up: it takes a QEMU guest on the switch through a socket, with a kernel of a distribution.",
  differs: "It is not measured.",
  reading: "There is no picture.",
  run: async () => {
    throw new SkippedError(
      "this program brings no Linux guest; docs/running-vms.md says how to put one on the switch by hand (qemu:PATH)",
    );
  },
};
