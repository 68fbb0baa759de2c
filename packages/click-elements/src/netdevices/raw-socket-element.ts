/** The element class that RawSocket, FromRawSocket and ToRawSocket are. */
import {
  type AcceptedSpec,
  type ArgumentSpec,
  accepted,
  arg,
  type ElementClass,
  element,
  keyword,
  positional,
  readRest,
  required,
  rest,
} from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";

export interface RawSocketClass {
  readonly name: string;
  readonly processing: string;
  /** Whether it is a former name. */
  readonly deprecated?: boolean;
}

const config: { readonly TYPE: ArgumentSpec<number>; readonly MORE: ArgumentSpec<string[]> } = {
  TYPE: required(arg.ipProtocolOrNumber),
  MORE: rest(arg.raw),
};
const keywords: { readonly SNAPLEN: ArgumentSpec<number>; readonly HEADROOM: AcceptedSpec } = {
  SNAPLEN: keyword(arg.i32, 2048),
  HEADROOM: accepted(arg.u32, "packets get more room when they need it"),
};
const highestProtocol = 0xff;

export function rawSocketElement({ name, processing, deprecated }: RawSocketClass): ElementClass {
  return element({
    name,
    ports: "0-1/0-1",
    processing,
    flow: "x/y",
    config,
    prepare(reading) {
      const { TYPE } = reading.config;
      const protocol = TYPE === ipProtocols.tcp ? "tcp" : TYPE === ipProtocols.udp ? "udp" : undefined;
      readRest({ PORT: positional(protocol ? arg.port(protocol) : arg.u16, 0), ...keywords }, config, reading);
    },
    service({ config, host }) {
      if (deprecated) host.chatter("warning: FromRawSocket is deprecated, use RawSocket instead");
      if (config.TYPE < 0 || config.TYPE > highestProtocol) throw "socket: Invalid argument";
      throw "socket: Node.js has no raw sockets; use Socket for UDP and TCP, or devices, as `clickos run --in` gives them";
    },
    task: (c) => c.i32(0),
    push: (_c, _port, packet) => packet.kill(),
  });
}
