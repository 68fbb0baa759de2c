/**
 * Attacks from inside transactions: more of them than one may have, more operations and nodes than they may hold, watches
 * that are set and taken off again, and questions about what is not the guest's: the answers may not tell what is there.
 */
import { frameSize } from "@clickos/grant-table";
import { domainFrames, startInfo } from "@clickos/hypervisor";
import { defaultQuotas, MessageType, ringSession, StoreError } from "@clickos/xenstore";

/** Requests that wait for their answers at a time. */
const outstanding = 64;

/** A guest whose program is a generator; it asks the store with `ask`, and goes on when the answer is there. */
function storeProgram(program) {
  return {
    start(domain) {
      const { buffer } = domain.memory;
      const port = startInfo.view(buffer, domainFrames.startInfo * frameSize).storeEvtchn;
      const session = ringSession(
        buffer,
        domainFrames.store * frameSize,
        () => domain.eventSend(port),
        () => {},
      );
      let waiting = 0;
      /** Sends a request; its answer is in `answer` when it has come. */
      const send = (type, payload, transactionId = 0) => {
        const request = { answer: undefined };
        waiting++;
        session.request(
          type,
          payload,
          (answer) => {
            waiting--;
            request.answer = answer instanceof StoreError ? answer.code : answer;
          },
          transactionId,
        );
        return request;
      };
      const store = {
        send,
        *ask(type, payload, transactionId) {
          const request = send(type, payload, transactionId);
          while (request.answer === undefined) yield;
          return request.answer;
        },
        *room() {
          while (waiting >= outstanding) yield;
        },
        *all() {
          while (waiting > 0) yield;
        },
      };
      const thread = program(store, domain.id);
      return {
        run() {
          session.poll();
          return thread.next().done ? "halted" : "more";
        },
      };
    },
  };
}

export const transactions = {
  name: "transactions",
  async start(world) {
    const { r, store } = world;
    const { READ, WRITE, RM, WATCH, UNWATCH, DIRECTORY, GET_PERMS, SET_PERMS } = MessageType;
    const { TRANSACTION_START, TRANSACTION_END, RESET_WATCHES } = MessageType;
    const neighbour = world.neighbours[0].vm.domain.id;
    /** Parts of the store of others that are there, and that are not. */
    const there = `/local/domain/${neighbour}/data`;
    const absent = "/local/domain/32000/data";
    const operations = world.short ? 200 : defaultQuotas.transactionOperations + 50;
    const kernel = storeProgram(function* (s) {
      const refusals = {};
      for (;;) {
        const ids = [];
        for (let i = 0; i < defaultQuotas.transactions + 2; i++) {
          const id = Number.parseInt(yield* s.ask(TRANSACTION_START, "\0"), 10);
          if (id > 0) ids.push(id);
        }
        if (ids.length > defaultQuotas.transactions) world.wrong(`${ids.length} transactions of a guest`);
        for (let i = 0; i < operations; i++) {
          yield* s.room();
          const id = i < operations / 2 || r.once(2) ? ids[0] : r.pick(ids);
          const path = `data/${r.below(5)}/${r.next()}`;
          if (r.once(3)) s.send(WRITE, `${path}\0${"x".repeat(r.below(2000))}`, id);
          else if (r.once(2)) s.send(r.pick([READ, DIRECTORY, GET_PERMS]), `${path}\0`, id);
          else s.send(WRITE, `${path}\0`, id);
          world.count("operation in a transaction");
        }
        yield* s.all();
        // What one may not know has one answer, whether it is there or not.
        for (const type of [READ, DIRECTORY, GET_PERMS, RM, WRITE, SET_PERMS])
          for (const id of [0, ids[1]]) {
            const answers = [];
            for (const path of [there, absent]) {
              const rest = type === WRITE ? "x" : type === SET_PERMS ? "n0\0" : "";
              answers.push(yield* s.ask(type, `${path}\0${rest}`, id));
            }
            if (answers[0] !== answers[1])
              world.wrong(`the store's answers to request ${type} tell what is there: ${answers.join(", ")}`);
          }
        for (let i = 0; i < (world.short ? 50 : 500); i++) {
          yield* s.room();
          const path = r.pick([`@name${r.next()}`, `data/${r.next()}`, "data"]);
          s.send(WATCH, `${path}\0token\0`);
          s.send(UNWATCH, `${path}\0token\0`);
          world.count("watch set and taken off");
        }
        yield* s.all();
        for (const id of ids) {
          const answer = yield* s.ask(TRANSACTION_END, r.once(4) ? "F\0" : "T\0", id);
          refusals[answer] = (refusals[answer] ?? 0) + 1;
          if (answer.length > 0 && answer !== "OK\0") world.error(`commit: ${answer}`);
        }
        yield* s.ask(RESET_WATCHES, "\0");
        yield* s.ask(RM, "data/0\0");
        world.count("round of transactions");
      }
    });
    const guest = await world.guest({ name: "transactions", kernel });
    let rounds = 0;
    return {
      turn() {
        rounds++;
        const { nodes } = store.statistics;
        if (nodes > world.nodesAtMost()) world.wrong(`${nodes} nodes in the store: guests have more than they may`);
      },
      over: () => rounds > (world.short ? 80 : 1500) || guest.domain.state !== "running",
      end: () => guest.end(),
    };
  },
};
