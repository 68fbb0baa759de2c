/** A host that speaks PPP over Ethernet, for tests: it finds a concentrator, and gets an address. */
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import {
  ipcpOptionKinds,
  lcpOptionKinds,
  papCodes,
  ppp,
  pppCodes,
  pppControl,
  pppLongOption,
  pppMagic,
  pppOptions,
  pppoe,
  pppoeCodes,
  pppoeTagKinds,
  pppoeTags,
  pppProtocols,
  pppShortOption,
} from "@clickos/wire/ppp";

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const broadcast = new Uint8Array(6).fill(0xff);

/** What a frame of PPPoE says. */
export interface PppFrame {
  readonly to: Uint8Array;
  readonly code: number;
  readonly sessionId: number;
  readonly tags: ReadonlyMap<number, Uint8Array>;
  readonly protocol: number;
  /** Of a control packet. */
  readonly control: { readonly code: number; readonly identifier: number; readonly body: Uint8Array } | undefined;
  /** What PPP carries. */
  readonly payload: Uint8Array;
}

export function readPppFrame(frame: Uint8Array): PppFrame {
  const ether = ethernet.view(frame);
  const read = pppoe.read(ether.payload);
  if (!read.ok) throw new Error(read.problem.text);
  const { code, sessionId, length } = read.header;
  if (length > ether.payload.length - pppoe.size) throw new Error("PPPoE says more than there is");
  const payload = read.header.payload;
  const common = { to: ether.destination.slice(), code, sessionId };
  if (ether.etherType === etherTypes.pppoeDiscovery) {
    const { options, malformedAt } = pppoeTags.read(payload);
    if (malformedAt !== undefined) throw new Error("malformed tags");
    const tags = new Map(options.map(({ kind, value }) => [kind, value.slice()]));
    return { ...common, tags, protocol: 0, control: undefined, payload };
  }
  const link = ppp.view(payload);
  const isControl = link.protocol >= 0x8000;
  const message = isControl ? pppControl.view(link.payload) : undefined;
  if (message && message.length !== link.payload.length) throw new Error("lengths of PPPoE and PPP differ");
  const control = message && { code: message.code, identifier: message.identifier, body: message.payload.slice() };
  return { ...common, tags: new Map(), protocol: link.protocol, control, payload: link.payload.slice() };
}

export interface PppClientOptions {
  readonly mac: Uint8Array;
  readonly name: string;
  readonly password: string;
  /** Asked for first; another one is taken when the concentrator says so. */
  readonly address?: number;
  readonly wantsDns?: boolean;
}

export class PppClient {
  private readonly options: PppClientOptions;
  private server: Uint8Array = broadcast;
  private identifier = 0;
  session = 0;
  address: number;
  dns = 0;
  concentrator = "";
  /** What has been agreed on, and refused. */
  readonly events: string[] = [];

  constructor(options: PppClientOptions) {
    this.options = options;
    this.address = options.address ?? 0;
  }
  private discovery(code: number, tags: Uint8Array): Uint8Array {
    return join(
      ethernet.bytes({ destination: this.server, source: this.options.mac, etherType: etherTypes.pppoeDiscovery }),
      pppoe.bytes({
        version: 1,
        type: 1,
        code,
        sessionId: code === pppoeCodes.padt ? this.session : 0,
        length: tags.length,
      }),
      tags,
    );
  }
  /** A frame in the session, with something of a protocol. */
  frame(protocol: number, payload: Uint8Array): Uint8Array {
    return join(
      ethernet.bytes({ destination: this.server, source: this.options.mac, etherType: etherTypes.pppoeSession }),
      pppoe.bytes({ version: 1, type: 1, sessionId: this.session, length: ppp.size + payload.length }),
      ppp.bytes({ protocol }),
      payload,
    );
  }
  control(protocol: number, code: number, body: Uint8Array, identifier = ++this.identifier): Uint8Array {
    const length = pppControl.size + body.length;
    return this.frame(protocol, join(pppControl.bytes({ code, identifier, length }), body));
  }
  ip(packet: Uint8Array): Uint8Array {
    return this.frame(pppProtocols.ip, packet);
  }
  /** The first frame. */
  initiate(): Uint8Array {
    const unique = pppoeTags.bytes(pppoeTagKinds.hostUniq, bytes("host-7"));
    return this.discovery(pppoeCodes.padi, join(pppoeTags.bytes(pppoeTagKinds.serviceName), unique));
  }
  terminate(): Uint8Array {
    return this.discovery(pppoeCodes.padt, new Uint8Array());
  }
  echo(): Uint8Array {
    return this.control(
      pppProtocols.lcp,
      pppCodes.echoRequest,
      join(pppMagic.bytes({ magicNumber: 77 }), bytes("are you there")),
    );
  }
  private linkRequest(): Uint8Array {
    const mru = pppShortOption.bytes({ kind: lcpOptionKinds.maximumReceiveUnit, length: 4, value: 1492 });
    const magic = pppLongOption.bytes({ kind: lcpOptionKinds.magicNumber, length: 6, value: 77 });
    // Of an option that the concentrator does not know it is told so.
    const unknown = this.events.includes("rejected 13") ? new Uint8Array() : Uint8Array.of(13, 3, 6);
    return this.control(pppProtocols.lcp, pppCodes.configureRequest, join(mru, magic, unknown));
  }
  private addressRequest(): Uint8Array {
    const option = (kind: number, value: number): Uint8Array => pppLongOption.bytes({ kind, length: 6, value });
    const dns = this.options.wantsDns && !this.events.includes("rejected 129");
    return this.control(
      pppProtocols.ipcp,
      pppCodes.configureRequest,
      join(
        option(ipcpOptionKinds.ipAddress, this.address),
        ...(dns ? [option(ipcpOptionKinds.primaryDns, this.dns)] : []),
      ),
    );
  }
  /** What it says to a frame for it. */
  answer(frame: Uint8Array): Uint8Array[] {
    const { code, sessionId, tags, protocol, control } = readPppFrame(frame);
    if (code === pppoeCodes.pado) {
      this.server = ethernet.view(frame).source.slice();
      this.concentrator = text(tags.get(pppoeTagKinds.acName) ?? new Uint8Array());
      const back = [pppoeTagKinds.serviceName, pppoeTagKinds.acCookie].map((kind) =>
        pppoeTags.bytes(kind, tags.get(kind)),
      );
      this.events.push(`offered ${text(tags.get(pppoeTagKinds.hostUniq) ?? new Uint8Array())}`);
      return [this.discovery(pppoeCodes.padr, join(...back))];
    }
    if (code === pppoeCodes.pads) {
      this.session = sessionId;
      this.events.push(
        sessionId === 0 ? `refused ${[...tags.keys()].includes(pppoeTagKinds.acSystemError)}` : "confirmed",
      );
      return sessionId === 0 ? [] : [this.linkRequest()];
    }
    if (code === pppoeCodes.padt) {
      this.events.push("ended");
      return [];
    }
    if (!control) return [];
    const options = (): Map<number, Uint8Array> =>
      new Map(pppOptions.read(control.body).options.map((o) => [o.kind, o.value]));
    const number = (value: Uint8Array): number => value.reduce((n, byte) => n * 256 + byte, 0);
    const again = (): Uint8Array[] => [protocol === pppProtocols.lcp ? this.linkRequest() : this.addressRequest()];
    const say = (...what: Uint8Array[]): Uint8Array[] => what;
    if (protocol === pppProtocols.pap) {
      this.events.push(control.code === papCodes.ack ? "authenticated" : "refused");
      return [];
    }
    switch (control.code) {
      case pppCodes.configureRequest: {
        const ack = this.control(protocol, pppCodes.configureAck, control.body, control.identifier);
        if (protocol !== pppProtocols.lcp) return say(ack, this.addressRequest());
        this.events.push(
          `asked for ${number(options().get(lcpOptionKinds.authenticationProtocol) ?? new Uint8Array()).toString(16)}`,
        );
        return say(ack);
      }
      case pppCodes.configureAck: {
        this.events.push(`${protocol === pppProtocols.lcp ? "link" : "address"} acknowledged`);
        if (protocol !== pppProtocols.lcp) return [];
        const [name, password] = [bytes(this.options.name), bytes(this.options.password)];
        const body = Uint8Array.of(name.length, ...name, password.length, ...password);
        return say(this.control(pppProtocols.pap, papCodes.request, body));
      }
      case pppCodes.configureNak:
        for (const [kind, value] of options()) {
          if (kind === ipcpOptionKinds.ipAddress) this.address = number(value);
          else if (kind === ipcpOptionKinds.primaryDns) this.dns = number(value);
        }
        return again();
      case pppCodes.configureReject:
        for (const kind of options().keys()) this.events.push(`rejected ${kind}`);
        return again();
      case pppCodes.echoRequest:
        this.events.push("echo asked");
        return say(
          this.control(
            protocol,
            pppCodes.echoReply,
            join(pppMagic.bytes({ magicNumber: 77 }), control.body.subarray(4)),
            control.identifier,
          ),
        );
      case pppCodes.echoReply:
        this.events.push(`echo ${text(control.body.subarray(4))}`);
        return [];
      case pppCodes.terminateAck:
        this.events.push("terminated");
        return [];
      case pppCodes.protocolReject:
        this.events.push(`protocol ${number(control.body.subarray(0, 2)).toString(16)} rejected`);
        return [];
      default:
        this.events.push(`code ${control.code}`);
        return [];
    }
  }
  /** Goes on until nothing more is said; `exchange` sends a frame and gives what came back. */
  talk(exchange: (frame: Uint8Array) => readonly Uint8Array[], first: Uint8Array = this.initiate()): void {
    const waiting = [first];
    for (let turn = 0; waiting.length > 0; turn++) {
      if (turn > 100) throw new Error("they go on for ever");
      for (const reply of exchange(waiting.shift() as Uint8Array)) waiting.push(...this.answer(reply));
    }
  }
}
