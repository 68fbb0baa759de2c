/**
 * The attacks. Each has a `name` and `start(world)`, which resolves to one instance of it:
 *
 *   turn()   what it does on domain 0's thread in a round, and what it looks at; may be absent
 *   over()   whether it is done
 *   end()    ends its guests and says what it found
 *   settled  resolves when nothing of it is on the way any more; may be absent
 *
 * `always` go on all the time: their changes are what `--mutations` counts. The others take turns, some at a time.
 */
import { addresses } from "./addresses.mjs";
import { consoles } from "./console.mjs";
import { fields } from "./fields.mjs";
import { fieldsRaw } from "./fields-raw.mjs";
import { frameSizes } from "./frames.mjs";
import { handshakes } from "./handshakes.mjs";
import { hypercallStorm, hypercallsWithoutEnd } from "./hypercalls.mjs";
import { duplicateDevices, images, savedVms } from "./images.mjs";
import { loops } from "./loops.mjs";
import { netifRace } from "./netif-race.mjs";
import { netmapRaces } from "./netmap-race.mjs";
import { ports } from "./ports.mjs";
import { storeRace } from "./store-race.mjs";
import { transactions } from "./transactions.mjs";

export const always = [...fields, ...fieldsRaw];

export const inTurns = [
  storeRace,
  transactions,
  netifRace,
  ...netmapRaces,
  consoles,
  ...loops,
  hypercallStorm,
  hypercallsWithoutEnd,
  addresses,
  handshakes,
  ports,
  ...frameSizes,
  images,
  savedVms,
  duplicateDevices,
];
