// What probes of elements for packets have in common.

/** A source of packets of these bytes, in hexadecimal, and then the end. */
export const source = (hex, limit = 1) => `InfiniteSource(DATA \\<${hex}>, LIMIT ${limit}, STOP true)`;

/** Arguments that read some of an element's handlers at the end. */
export const readsOf = (element, ...handlers) => handlers.flatMap((handler) => ["-h", `${element}.${handler}`]);

/** Whether a class with these arguments, between `before` and `after`, is accepted, and what is said if it is not. */
export const refusals = (name, configurations, { before = "Idle ->", after = "-> Discard" } = {}) =>
  configurations.map((args) => ({
    name: `${name}(${args}) as arguments`,
    config: `${before} e :: ${name}(${args}) ${after}; Script(stop)`,
    args: ["-h", "e.config"],
  }));
