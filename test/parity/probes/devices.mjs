// Elements of devices, where there are none: what is said of their arguments, and of what is missing.
const end = (config) => `${config}; Script(wait 0.02, stop)`;

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...["", "nosuch0", "nosuch0, BURST x", "nosuch0, FOO 5"].map((given) => ({
    name: `FromDevice(${given})`,
    config: end(`FromDevice(${given}) -> Discard`),
  })),
  ...["", "nosuch0", "nosuch0, BURST 5", "nosuch0, BURST x, FOO 1", "nosuch0, 5"].flatMap((given) => [
    { name: `ToDevice(${given})`, config: end(`Idle -> ToDevice(${given})`) },
    { name: `pulling ToDevice(${given})`, config: end(`Idle -> Queue -> ToDevice(${given})`) },
  ]),
  ...[
    "",
    "nosuch0, x",
    "nosuch0, DST x",
    "nosuch0, 10.0.0.1/8, 5",
    "nosuch0, 10.0.0.1/8, GATEWAY 11.0.0.1",
    "nosuch0, HEADROOM 9000",
    "nosuch0, 10.0.0.1/8, ETHER x, MTU x, HEADROOM x, TYPE x",
  ].map((given) => ({ name: `FromHost(${given})`, config: end(`FromHost(${given}) -> Discard`) })),
  ...["", "nosuch0", "x", "nosuch0, 5", "nosuch0, FOO 5"].map((given) => ({
    name: `ToHost(${given})`,
    config: end(`Idle -> ToHost(${given})`),
  })),
  { name: "ToHost does not pull", config: end("Idle -> Queue -> ToHost(nosuch0)") },
  { name: "FromHost has an output", config: end("FromHost(nosuch0)") },
  {
    name: "FromHost",
    config: end("FromHost(nosuch0) -> Discard; Idle -> ToHost(nosuch0)"),
    differs: "Click makes the device where it may; a process in JavaScript cannot",
  },
];
