// AnnotationInfo: names of annotations, and where they may be used.
import { source } from "../packets.mjs";

const info = (name, args, rest = "Idle -> Discard") => ({
  name: `AnnotationInfo ${name}`,
  config: `AnnotationInfo(${args}); ${rest}; Script(stop)`,
});
const painted = (anno) => `${source("00")} -> Paint(5, ${anno}) -> Print(MAXLENGTH 1, PRINTANNO true) -> Discard`;
const refused = [
  "x",
  "x y",
  "x 48",
  "x 47 2",
  "x -1",
  "x 5 -1",
  "x 5 y",
  "x 5 1 2",
  "PAINT 5",
  "7 5",
  "VLAN_TCI 5 2",
  "x 5, y",
  "'x' 5",
  "x$y 5",
  "y PAINT 2",
];
const accepted = [
  "x 5",
  "x 5 1",
  "x 0x10",
  "x PAINT",
  "x PAINT 1",
  "x VLAN_TCI 2",
  "",
  "# x y z",
  "x 5, y x",
  "x 5 2, y x 2",
  "x 47 1",
  "x 0 48",
];

/** @type {import("../probe.mjs").Probe[]} */
export const probes = [
  ...refused.map((args) => info(`refuses ${args}`, args)),
  ...accepted.map((args) => info(`takes ${args}`, args)),
  ...["x", "x 5, y x 2"].map((args) =>
    info(`has errors of ${args} and of others`, args, "Idle -> Paint(x) -> Discard"),
  ),
  info("names an annotation", "COLOR 20 1", painted("COLOR")),
  info("names one without a size", "COLOR 20", painted("COLOR")),
  info("names one of another size", "COLOR 20 2", painted("COLOR")),
  info("names one by another name", "A 21, B A 1", painted("B")),
  info(
    "is for compounds inside",
    "COLOR 20",
    `elementclass P { input -> Paint(5, COLOR) -> output }; ${source("00")} -> P -> Print(MAXLENGTH 1, PRINTANNO true) -> Discard`,
  ),
  info(
    "is not for others",
    "A 20",
    `elementclass P { AnnotationInfo(COLOR 20); input -> output }; ${source("00")} -> P -> Paint(5, COLOR) -> Discard`,
  ),
  info("numbers", "A 20", painted("0x15")),
  info("numbers in octal", "A 20", painted("025")),
  info("numbers that are too large", "A 20", painted("48")),
  info("overlap", "A 20 2, B 21 2, CHECK_OVERLAP A B"),
  info("overlap of three", "A 20 2, B 21 2, CHECK_OVERLAP A B PAINT AGGREGATE"),
  info("overlap without sizes", "A 20, B 21, CHECK_OVERLAP A B, CHECK_OVERLAP A 20"),
  info("overlap of what is none", "CHECK_OVERLAP A PAINT, CHECK_OVERLAP, CHECK_OVERLAP PAINT VLAN_TCI"),
  info("overlap of names that follow", "CHECK_OVERLAP A B, A 20 2, B 21 2"),
];
