// Hosts that dial in at an access server, for the benchmark: what each sends until its session is open.
import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import {
  ipcpOptionKinds,
  papCodes,
  ppp,
  pppCodes,
  pppControl,
  pppLongOption,
  pppoe,
  pppoeCodes,
  pppoeTagKinds,
  pppoeTags,
  pppProtocols,
} from "@clickos/wire/ppp";
import { concat, frame } from "./middlebox-frames.mjs";

/** A frame in a session. */
export function inSession(ends, sessionId, protocol, payload) {
  const length = ppp.size + payload.length;
  const head = pppoe.bytes({ version: 1, type: 1, sessionId, length });
  return frame(concat(head, ppp.bytes({ protocol }), payload), { ...ends, type: etherTypes.pppoeSession });
}
const discovery = (ends, code, tags) =>
  frame(concat(pppoe.bytes({ version: 1, type: 1, code, length: tags.length }), tags), {
    ...ends,
    type: etherTypes.pppoeDiscovery,
  });
const message = (code, identifier, body) =>
  concat(pppControl.bytes({ code, identifier, length: pppControl.size + body.length }), body);
const counted = (text) => Uint8Array.of(text.length, ...new TextEncoder().encode(text));

/**
 * Has subscribers dial in at a server of this configuration, one after the other: the frames that they have sent, and the numbers of their
 * sessions. A server with the same seed answers the same frames alike.
 */
export async function dialIn(text, seed, ether, subscribers) {
  const router = await Router.compile(text, { elements, seed, clock: () => 1_000_000_000n });
  const sent = [];
  const send = (each) => {
    sent.push(each);
    router.device(0).send([each]);
    router.run();
    return router
      .device(0)
      .receive()
      .map((frame) => pppoe.view(ethernet.view(frame).payload));
  };
  const sessions = subscribers.map(({ mac, name, password, address }) => {
    const ends = { from: mac, to: ether };
    const anyService = pppoeTags.bytes(pppoeTagKinds.serviceName);
    const [offer] = send(discovery({ from: mac, to: new Uint8Array(6).fill(255) }, pppoeCodes.padi, anyService));
    const cookie = pppoeTags.read(offer.payload).options.find(({ kind }) => kind === pppoeTagKinds.acCookie);
    const [confirmation, link] = send(discovery(ends, pppoeCodes.padr, concat(anyService, cookie.bytes)));
    const { sessionId } = confirmation;
    const say = (protocol, packet) => send(inSession(ends, sessionId, protocol, packet));
    const acknowledge = (protocol, request) => {
      const { identifier, payload } = pppControl.view(ppp.view(request.payload).payload);
      say(protocol, message(pppCodes.configureAck, identifier, payload));
    };
    acknowledge(pppProtocols.lcp, link);
    say(pppProtocols.lcp, message(pppCodes.configureRequest, 1, new Uint8Array()));
    const answers = say(pppProtocols.pap, message(papCodes.request, 1, concat(counted(name), counted(password))));
    acknowledge(
      pppProtocols.ipcp,
      answers.find(({ payload }) => ppp.view(payload).protocol === pppProtocols.ipcp),
    );
    const own = pppLongOption.bytes({ kind: ipcpOptionKinds.ipAddress, length: 6, value: address });
    say(pppProtocols.ipcp, message(pppCodes.configureRequest, 2, own));
    return sessionId;
  });
  const open = Number(router.read("access.open"));
  router.close();
  if (open !== subscribers.length) throw new Error(`${open} of ${subscribers.length} sessions are open`);
  return { sent, sessions };
}
