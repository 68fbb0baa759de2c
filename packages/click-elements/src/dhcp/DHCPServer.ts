/**
 * DHCPServer(SERVER, ETH, FIRST [, keywords COUNT, MASK, ROUTER, DNS, DOMAIN, LEASE, NEXT_SERVER, FILENAME]) — gives addresses to hosts.
 *
 * Takes Ethernet frames and answers the DHCP requests among them: a discovery is offered an address, a request gets it for LEASE
 * (1h) or is refused, what a host gives back or declines is noted. The server is SERVER, with the Ethernet address ETH, and has
 * COUNT (100, at most 1024) addresses from FIRST on. A host that comes back gets the address that it had, as long as no other
 * host needed it. Answers are frames, for the device that the request came from.
 *
 * Hosts are told MASK (255.255.255.0), ROUTER (SERVER; 0.0.0.0 is none), DNS and DOMAIN where they are given, and what to
 * boot: FILENAME, from NEXT_SERVER (SERVER).
 *
 * An address that is offered is kept for 30 seconds. A discovery or request for which no address is free is dropped and counted, as are
 * malformed messages, those that relays pass on, and those for other servers. All other frames leave on output 1 if it is
 * connected and are dropped otherwise.
 *
 * Handlers: leases (read): a line an address that is taken, its host and the seconds that are left; count (read): how many.
 *
 *   FromDevice(0) -> d :: DHCPServer(10.0.0.1, 02:00:00:00:00:01, 10.0.0.100) -> ToDevice(0);  d [1] -> ...
 */
import {
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  formatIpAddress,
  keyword,
  required,
} from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { array, struct, u64 } from "@clickos/layout";
import { arpTypes } from "@clickos/wire/arp";
import {
  dhcp,
  dhcpAddressOption,
  dhcpByteOption,
  dhcpCookie,
  dhcpMessages,
  dhcpNames,
  dhcpOps,
  dhcpOptionKinds,
  dhcpOptions,
  dhcpPorts,
} from "@clickos/wire/dhcp";
import { etherAddress, ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { copyBytes } from "../lib/bytes.ts";
import { storedEther } from "../lib/ether-address.ts";
import { dataOf } from "../lib/headers.ts";
import { setPlainHeaderChecksum } from "../lib/ip-encap.ts";
import { broadcastIp, dhcpTemplates, longestDomain, longestFile } from "./templates.ts";

const mostAddresses = 1024;
const second = 1_000_000_000n;
/** How long an offered address is kept. */
const offerNs = 30n * second;
const longestLease = 0xffff_fffen;
/** Whose an address is that a host has found in use: nobody's, as it is no host's. */
const declined = 0xffff_ffff_ffffn;

/** Ethernet, as ARP numbers hardware, and the bytes of its addresses. */
const hardware = { type: arpTypes.ethernet, length: etherAddress.size };

/** An address: who has it or had it last, as its bytes stand in memory, and until when. */
const lease = struct({ ether: u64, expires: u64 }, { name: "lease" });

export const DHCPServer: ElementClass = element({
  name: "DHCPServer",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    SERVER: required(arg.ipAddress),
    ETH: required(arg.etherAddress),
    FIRST: required(arg.ipAddress),
    COUNT: keyword(arg.u32, 100),
    MASK: keyword(arg.ipAddress, 0xffff_ff00),
    ROUTER: keyword(arg.ipAddress, undefined),
    DNS: keyword(arg.ipAddress, undefined),
    DOMAIN: keyword(arg.string, ""),
    LEASE: keyword(arg.time, 3600n * second),
    NEXT_SERVER: keyword(arg.ipAddress, undefined),
    FILENAME: keyword(arg.string, ""),
  },
  prepare({ config, error }) {
    const { SERVER, FIRST, COUNT, LEASE } = config;
    const leaseSeconds = LEASE / second;
    if (COUNT < 1 || COUNT > mostAddresses) error(`COUNT must be between 1 and ${mostAddresses}`);
    else if (FIRST + COUNT - 1 > broadcastIp) error("the addresses from FIRST on go beyond 255.255.255.255");
    if (SERVER >= FIRST && SERVER < FIRST + COUNT) error("SERVER is one of the addresses that hosts get");
    if (leaseSeconds < 1n || leaseSeconds > longestLease) error(`LEASE must be between 1 and ${longestLease} seconds`);
    if (config.FILENAME.length > longestFile) error(`FILENAME has more than ${longestFile} bytes`);
    if (config.DOMAIN.length > longestDomain) error(`DOMAIN has more than ${longestDomain} bytes`);
    const templates = dhcpTemplates({
      server: SERVER,
      ether: config.ETH,
      mask: config.MASK,
      router: config.ROUTER ?? SERVER,
      nameServer: config.DNS,
      domain: config.DOMAIN.slice(0, longestDomain),
      leaseSeconds: Number(leaseSeconds & 0xffff_ffffn),
      nextServer: config.NEXT_SERVER ?? SERVER,
      file: config.FILENAME.slice(0, longestFile),
    });
    return { templates, leaseNs: leaseSeconds * second, count: Math.min(Math.max(1, COUNT), mostAddresses) };
  },
  state: ({ plan }) => ({ leases: array(lease, plan.count) }),
  handlers: {
    leases: {
      read: (s, { config, now }) =>
        taken(s.leases, now())
          .map(({ index, ether, left }) => {
            const host = ether === declined ? "declined" : formatEtherAddress(storedEther(ether));
            return `${formatIpAddress((config.FIRST + index) >>> 0)} ${host} ${left / second}\n`;
          })
          .join(""),
    },
    count: { kind: "gauge", read: (s, { now }) => taken(s.leases, now()).length },
  },
  action(c, packet, { config, plan, state, output, packets, clock, data }) {
    const other = (): void => output(1).push(packet, "no DHCP request");
    const malformed = (): void => packet.drop("malformed DHCP message");
    const frame = dataOf(packet)
      .need(ethernet.size + ipv4.size, other)
      .header(ethernet);
    c.if(frame.etherType.get().ne(etherTypes.ip), other);
    const ip = frame.payload().header(ipv4);
    const isUdp = ip.version.get().eq(4).and(ip.protocol.get().eq(ipProtocols.udp)).and(ip.fragment.get().eqz());
    c.if(isUdp.eqz(), other);
    const datagram = ip.clip(other).payload(other).header(udp, other);
    c.if(datagram.destinationPort.get().ne(dhcpPorts.server), other);
    const message = datagram
      .clip(malformed)
      .payload("stated")
      .need(dhcp.size + dhcpNames.size + dhcpCookie.size, malformed);
    const request = message.header(dhcp);
    const cookie = message.advance(dhcp.size + dhcpNames.size).header(dhcpCookie);
    const host = request.clientHardware.get();
    const isRequest = request.op
      .get()
      .eq(dhcpOps.request)
      .and(request.hardwareType.get().eq(hardware.type))
      .and(request.hardwareLength.get().eq(hardware.length))
      .and(cookie.wellFormed())
      .and(host.ne(declined));
    c.if(isRequest.eqz(), malformed);
    c.if(request.relayAddress.get(), () => packet.drop("passed on by a relay"));

    const type = c.var("i32", 0, "type");
    const wanted = c.var("i32", request.clientAddress.get(), "wanted");
    const server = c.var("i32", config.SERVER, "server");
    dhcpOptions.each(
      cookie.payload(),
      ({ kind, span }) => {
        const address = (number: number, to: typeof wanted): void =>
          c.if(kind.eq(number).and(span.has(dhcpAddressOption.size)), () =>
            to.set(span.header(dhcpAddressOption, "stated").value.get()),
          );
        c.if(kind.eq(dhcpOptionKinds.messageType).and(span.has(dhcpByteOption.size)), () =>
          type.set(span.header(dhcpByteOption, "stated").value.get()),
        );
        address(dhcpOptionKinds.requestedAddress, wanted);
        address(dhcpOptionKinds.server, server);
      },
      malformed,
    );

    // The host's address, and of those that nobody has the one that was given up first.
    const now = clock.now();
    const own = c.var("i32", -1, "own");
    const spare = c.var("i32", -1, "spare");
    const oldest = c.var("i64", now, "oldest");
    c.for(0, plan.count, 1, (i) => {
      const { ether, expires } = state.leases.at(i);
      c.if(ether.get().eq(host), () => {
        own.set(i);
        c.break();
      });
      c.if(expires.get().ltU(oldest.get()), () => {
        oldest.set(expires.get());
        spare.set(i);
      });
    });
    const is = (message: number): I32 => type.get().eq(message);
    const addressOf = (index: I32): I32 => index.add(config.FIRST);

    const answer = (template: Uint8Array, type: number, address: I32 | number, to: I32 | number): void => {
      packets.make(template.length, (made) => {
        copyBytes(c, made.data, data(template, 16), template.length);
        const bytes = dataOf(made).need(template.length, "stated");
        const link = bytes.header(ethernet);
        // One that is refused has no address, and one that has none yet may ask for a broadcast.
        if (template !== plan.templates.refusal) c.if(request.broadcast.get().eqz(), () => link.destination.set(host));
        const header = bytes.advance(ethernet.size).header(ipv4);
        header.destination.set(to);
        setPlainHeaderChecksum(c, header);
        const body = bytes.advance(ethernet.size + ipv4.size + udp.size);
        const reply = body.header(dhcp);
        reply.transaction.set(request.transaction.get());
        reply.flags.set(request.flags.get());
        reply.yourAddress.set(address);
        reply.clientHardware.set(host);
        if (template !== plan.templates.refusal) reply.clientAddress.set(request.clientAddress.get());
        body
          .advance(dhcp.size + dhcpNames.size + dhcpCookie.size)
          .header(dhcpByteOption)
          .value.set(type);
        made.device.set(packet.device.get());
        output(0).push(made);
      });
      packet.kill();
    };
    const { templates } = plan;
    const everybody = c.i32(broadcastIp);
    const current = request.clientAddress.get();
    const toHost = c.select(current, current, everybody);

    c.if(server.get().ne(config.SERVER), () => {
      // It has taken another server's offer.
      c.if(own.get().geS(0), () => state.leases.at(own.get()).expires.set(0n));
      packet.drop("for another server");
    });
    c.if(is(dhcpMessages.inform), () => answer(templates.information, dhcpMessages.ack, 0, toHost));
    c.if(is(dhcpMessages.release).or(is(dhcpMessages.decline)), () => {
      c.if(own.get().geS(0).and(addressOf(own.get()).eq(wanted.get())), () => {
        const { ether, expires } = state.leases.at(own.get());
        expires.set(0n);
        c.if(is(dhcpMessages.decline), () => {
          ether.set(declined);
          expires.set(now.add(plan.leaseNs));
        });
      });
      packet.kill();
    });
    const chosen = c.var("i32", own.get(), "chosen");
    c.if(is(dhcpMessages.request), () => {
      const index = wanted.get().sub(config.FIRST);
      // A host that is not known has the address from before this server began, where it is free.
      c.if(own.get().ltS(0).and(index.ltU(plan.count)), () => {
        c.if(state.leases.at(index).expires.get().ltU(now), () => chosen.set(index));
      });
      const granted = chosen.get().geS(0).and(addressOf(chosen.get()).eq(wanted.get()));
      c.if(granted.eqz(), () => answer(templates.refusal, dhcpMessages.nak, 0, broadcastIp));
      const { ether, expires } = state.leases.at(chosen.get());
      ether.set(host);
      expires.set(now.add(plan.leaseNs));
      answer(templates.lease, dhcpMessages.ack, addressOf(chosen.get()), toHost);
    });
    c.if(is(dhcpMessages.discover).eqz(), malformed);
    c.if(own.get().ltS(0), () => chosen.set(spare.get()));
    c.if(chosen.get().ltS(0), () => packet.drop("no address is free"));
    const { ether, expires } = state.leases.at(chosen.get());
    ether.set(host);
    const kept = now.add(offerNs);
    expires.set(c.select(expires.get().gtU(kept), expires.get(), kept));
    answer(templates.lease, dhcpMessages.offer, addressOf(chosen.get()), broadcastIp);
  },
});

interface Leases {
  readonly [index: number]: { readonly ether: bigint; readonly expires: bigint };
  readonly length: number;
}

/** The addresses that are taken, and for how long. */
function taken(leases: Leases, now: bigint): { index: number; ether: bigint; left: bigint }[] {
  return Array.from({ length: leases.length }, (_, index) => {
    const { ether, expires } = leases[index] as Leases[number];
    return { index, ether, left: expires - now };
  }).filter(({ left }) => left > 0n);
}
