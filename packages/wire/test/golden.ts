/** Golden bytes of every format, written down from the RFCs' diagrams: they drive reading, writing, and what tshark says. */
import type { Format, Table } from "@clickos/wire";
import { arp, arpFixed } from "@clickos/wire/arp";
import { bridgeMessage } from "@clickos/wire/bridge";
import { dhcp, dhcpAddressOption, dhcpByteOption, dhcpCookie, dhcpNames, dhcpPorts } from "@clickos/wire/dhcp";
import { dns, dnsPort, dnsQuestion } from "@clickos/wire/dns";
import { etherAddress, ethernet, etherTypes, vlan } from "@clickos/wire/ethernet";
import {
  ipfix,
  ipfixField,
  ipfixFlow,
  ipfixFlowTemplate,
  ipfixSet,
  ipfixTemplate,
  netflow5Header,
  netflow5Record,
} from "@clickos/wire/flow-export";
import { gre, greWord } from "@clickos/wire/gre";
import {
  icmp,
  icmpEcho,
  icmpParameterProblem,
  icmpRedirect,
  icmpTimeExceeded,
  icmpTimestamp,
  icmpUnreachable,
} from "@clickos/wire/icmp";
import {
  icmpv6,
  icmpv6Echo,
  icmpv6Error,
  icmpv6Redirect,
  linkLayerOption,
  mtuOption,
  neighborAdvertisement,
  neighborSolicitation,
  prefixInformation,
  routerAdvertisement,
  routerSolicitation,
} from "@clickos/wire/icmpv6";
import { igmp, igmpGroupRecord, igmpQuery, igmpReport } from "@clickos/wire/igmp";
import { ipProtocols, ipv4, ipv4SourceRoute, ipv4Timestamp } from "@clickos/wire/ipv4";
import { authenticationHeader, ipv6, ipv6Extension, ipv6Fragment, ipv6Routing } from "@clickos/wire/ipv6";
import {
  papField,
  ppp,
  pppControl,
  pppHdlc,
  pppLongOption,
  pppMagic,
  pppoe,
  pppoeTag,
  pppShortOption,
} from "@clickos/wire/ppp";
import {
  tcp,
  tcpMaximumSegmentSize,
  tcpSackBlock,
  tcpSackPermitted,
  tcpTimestamps,
  tcpWindowScale,
} from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { vxlan, vxlanPort } from "@clickos/wire/vxlan";

export const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/\s/g, "").match(/../g) ?? [], (b) => Number.parseInt(b, 16));

type Values = Record<string, number | Uint8Array>;

export interface Golden {
  readonly format: Format<Table>;
  readonly bytes: Uint8Array;
  /** Every field that is not 0. */
  readonly values: Values;
  readonly options?: Uint8Array;
  /** A frame with these bytes in it, and how tshark names fields; `|` between names of several versions of it. */
  readonly frame?: Uint8Array;
  readonly tshark?: Readonly<Record<string, string>>;
}

const etherA = hex("020000000001");
const etherB = hex("020000000002");
const ip6A = hex("20010db8000000000000000000000001");
const ip6B = hex("fe800000000000000000000000000002");
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));

const inEther = (etherType: number, payload: Uint8Array): Uint8Array =>
  join(ethernet.bytes({ destination: etherB, source: etherA, etherType }), payload);
const inIp = (protocol: number, payload: Uint8Array): Uint8Array =>
  inEther(
    etherTypes.ip,
    join(ipv4.bytes({ totalLength: 20 + payload.length, ttl: 64, protocol, source: 1, destination: 2 }), payload),
  );
const inDhcp = (message: Uint8Array): Uint8Array => {
  const { client: sourcePort, server: destinationPort } = dhcpPorts;
  return inIp(ipProtocols.udp, join(udp.bytes({ sourcePort, destinationPort, length: 8 + message.length }), message));
};
const toCollector = (message: Uint8Array): Uint8Array =>
  inIp(ipProtocols.udp, join(udp.bytes({ sourcePort: 1, destinationPort: 2055, length: 8 + message.length }), message));
const inIp6 = (nextHeader: number, payload: Uint8Array): Uint8Array =>
  inEther(
    etherTypes.ip6,
    join(
      ipv6.bytes({ payloadLength: payload.length, nextHeader, hopLimit: 255, source: ip6A, destination: ip6B }),
      payload,
    ),
  );
const inIcmp6 = (type: number, message: Uint8Array): Uint8Array =>
  inIp6(ipProtocols["ipv6-icmp"], join(icmpv6.bytes({ type }), message));
const inTcp = (options: Uint8Array): Uint8Array => {
  const padded = new Uint8Array((options.length + 3) & ~3).fill(1);
  padded.set(options);
  return inIp(ipProtocols.tcp, tcp.bytes({ sourcePort: 1, destinationPort: 2, syn: 1, options: padded }));
};

const golden = <T extends Table>(
  format: Format<T>,
  text: string,
  values: Values,
  rest: { options?: string; frame?: (bytes: Uint8Array) => Uint8Array; tshark?: Readonly<Record<string, string>> } = {},
): Golden => {
  const bytes = hex(text + (rest.options ?? ""));
  return {
    format: format as unknown as Format<Table>,
    bytes,
    values,
    ...(rest.options ? { options: hex(rest.options) } : {}),
    ...(rest.frame ? { frame: rest.frame(bytes) } : {}),
    ...(rest.tshark ? { tshark: rest.tshark } : {}),
  };
};

const ipFields = {
  version: "ip.version",
  dscp: "ip.dsfield.dscp",
  ecn: "ip.dsfield.ecn",
  tos: "ip.dsfield",
  totalLength: "ip.len",
  identification: "ip.id",
  df: "ip.flags.df",
  mf: "ip.flags.mf",
  ttl: "ip.ttl",
  protocol: "ip.proto",
  checksum: "ip.checksum",
  source: "ip.src",
  destination: "ip.dst",
};

export const goldens: readonly Golden[] = [
  golden(
    ethernet,
    "020000000001 020000000002 0800",
    { destination: etherA, source: etherB, etherType: 0x0800 },
    {
      frame: (b) => join(b, hex("45000014 00000000 40ff0000 01010101 02020202")),
      tshark: { destination: "eth.dst", source: "eth.src", etherType: "eth.type" },
    },
  ),
  golden(
    vlan,
    "b123 0800",
    { pcp: 5, dei: 1, vid: 0x123, etherType: 0x0800, tci: 0xb123 },
    {
      frame: (b) => inEther(etherTypes.vlan, join(b, hex("45000014 00000000 40ff0000 01010101 02020202"))),
      tshark: { pcp: "vlan.priority", dei: "vlan.dei", vid: "vlan.id", etherType: "vlan.etype" },
    },
  ),
  golden(
    arp,
    "0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002",
    {
      hardwareType: 1,
      protocolType: 0x0800,
      hardwareLength: 6,
      protocolLength: 4,
      operation: 2,
      senderHardware: etherA,
      senderProtocol: 0x0a000001,
      targetHardware: etherB,
      targetProtocol: 0x0a000002,
    },
    {
      frame: (b) => inEther(etherTypes.arp, b),
      tshark: {
        hardwareType: "arp.hw.type",
        protocolType: "arp.proto.type",
        hardwareLength: "arp.hw.size",
        protocolLength: "arp.proto.size",
        operation: "arp.opcode",
        senderHardware: "arp.src.hw_mac",
        senderProtocol: "arp.src.proto_ipv4",
        targetHardware: "arp.dst.hw_mac",
        targetProtocol: "arp.dst.proto_ipv4",
      },
    },
  ),
  golden(arpFixed, "0001 86dd 06 10 0009", {
    hardwareType: 1,
    protocolType: 0x86dd,
    hardwareLength: 6,
    protocolLength: 16,
    operation: 9,
  }),
  golden(bridgeMessage, "42 42 03 0000 00 00 81 8000020000000001 00000004 8001020000000002 8003 0100 1400 0200 0f00", {
    dsap: 0x42,
    ssap: 0x42,
    control: 3,
    tca: 1,
    tc: 1,
    rootHigh: 0x80000200,
    rootLow: 1,
    cost: 4,
    bridgeHigh: 0x80010200,
    bridgeLow: 2,
    port: 0x8003,
    messageAge: 0x100,
    maxAge: 0x1400,
    helloTime: 0x200,
    forwardDelay: 0xf00,
  }),
  golden(etherAddress, "020000000001", { mac: etherA }),
  golden(ipv4SourceRoute, "83 0b 08", { kind: 131, length: 11, pointer: 8 }),
  golden(ipv4Timestamp, "44 0c 05 21", { kind: 68, length: 12, pointer: 5, overflow: 2, flag: 1 }),
  golden(
    ipv4,
    "46 b9 002c 1c46 4000 40 fd b1e6 ac100a63 ac100a0c",
    {
      version: 4,
      ihl: 6,
      dscp: 46,
      ecn: 1,
      tos: 0xb9,
      totalLength: 44,
      identification: 0x1c46,
      df: 1,
      flagsAndOffset: 0x4000,
      ttl: 64,
      protocol: 253,
      ttlAndProtocol: 0x40fd,
      firstWord: 0x46b9,
      checksum: 0xb1e6,
      source: 0xac100a63,
      destination: 0xac100a0c,
    },
    { options: "94040000", frame: (b) => inEther(etherTypes.ip, join(b, new Uint8Array(20))), tshark: ipFields },
  ),
  golden(
    ipv4,
    "45 00 0064 0001 a0b9 40 fd 0000 ac100a63 e0000001",
    {
      version: 4,
      ihl: 5,
      totalLength: 100,
      identification: 1,
      reserved: 1,
      mf: 1,
      fragmentOffset: 185,
      fragment: 0x20b9,
      flagsAndOffset: 0xa0b9,
      ttl: 64,
      protocol: 253,
      ttlAndProtocol: 0x40fd,
      firstWord: 0x4500,
      source: 0xac100a63,
      destination: 0xe0000001,
    },
    {
      frame: (b) => inEther(etherTypes.ip, join(b, new Uint8Array(80))),
      tshark: { ...ipFields, reserved: "ip.flags.rb" },
    },
  ),
  golden(
    ipv6,
    "62abcdef 0008 fd 3f 20010db8000000000000000000000001 fe800000000000000000000000000002",
    {
      version: 6,
      dscp: 10,
      ecn: 2,
      trafficClass: 0x2a,
      flowLabel: 0xbcdef,
      payloadLength: 8,
      nextHeader: 253,
      hopLimit: 63,
      source: ip6A,
      destination: ip6B,
    },
    {
      frame: (b) => inEther(etherTypes.ip6, join(b, new Uint8Array(8))),
      tshark: {
        version: "ipv6.version",
        dscp: "ipv6.tclass.dscp",
        ecn: "ipv6.tclass.ecn",
        trafficClass: "ipv6.tclass",
        flowLabel: "ipv6.flow",
        payloadLength: "ipv6.plen",
        nextHeader: "ipv6.nxt",
        hopLimit: "ipv6.hlim",
        source: "ipv6.src",
        destination: "ipv6.dst",
      },
    },
  ),
  golden(
    ipv6Extension,
    "3b 01 050200000100",
    { nextHeader: 59, headerExtensionLength: 1, data: hex("050200000100") },
    {
      options: "0106000000000000",
      frame: (b) => inIp6(0, b),
      tshark: { nextHeader: "ipv6.hopopts.nxt", headerExtensionLength: "ipv6.hopopts.len" },
    },
  ),
  golden(
    ipv6Routing,
    "3b 02 02 01 00000000",
    { nextHeader: 59, headerExtensionLength: 2, routingType: 2, segmentsLeft: 1, data: hex("00000000") },
    {
      options: "20010db8000000000000000000000003",
      frame: (b) => inIp6(43, b),
      tshark: {
        nextHeader: "ipv6.routing.nxt",
        headerExtensionLength: "ipv6.routing.len",
        routingType: "ipv6.routing.type",
        segmentsLeft: "ipv6.routing.segleft",
      },
    },
  ),
  golden(
    ipv6Fragment,
    "11 00 0559 deadbeef",
    { nextHeader: 17, fragmentOffset: 171, m: 1, identification: 0xdeadbeef },
    {
      frame: (b) => inIp6(44, join(b, new Uint8Array(16))),
      tshark: {
        nextHeader: "ipv6.fraghdr.nxt",
        fragmentOffset: "ipv6.fraghdr.offset",
        m: "ipv6.fraghdr.more",
        identification: "ipv6.fraghdr.ident",
      },
    },
  ),
  golden(
    authenticationHeader,
    "3b 04 0000 11223344 00000005",
    { nextHeader: 59, payloadLength: 4, spi: 0x11223344, sequenceNumber: 5 },
    {
      options: "000102030405060708090a0b",
      frame: (b) => inIp(ipProtocols.ah, b),
      tshark: { nextHeader: "ah.next_header", spi: "ah.spi", sequenceNumber: "ah.sequence" },
    },
  ),
  golden(
    icmp,
    "03 04 1234",
    { type: 3, code: 4, typeAndCode: 0x0304, checksum: 0x1234 },
    {
      frame: (b) => inIp(ipProtocols.icmp, join(b, hex("000005dc"), new Uint8Array(28))),
      tshark: { type: "icmp.type", code: "icmp.code", checksum: "icmp.checksum" },
    },
  ),
  golden(
    icmpEcho,
    "0d0e 0102",
    { identifier: 0x0d0e, sequenceNumber: 0x0102 },
    {
      frame: (b) => inIp(ipProtocols.icmp, join(hex("08000000"), b)),
      tshark: { identifier: "icmp.ident", sequenceNumber: "icmp.seq" },
    },
  ),
  golden(
    icmpUnreachable,
    "0000 05dc",
    { nextHopMtu: 1500 },
    {
      frame: (b) =>
        inIp(ipProtocols.icmp, join(hex("03040000"), b, ipv4.bytes({ totalLength: 28 }), new Uint8Array(8))),
      tshark: { nextHopMtu: "icmp.mtu" },
    },
  ),
  golden(icmpTimeExceeded, "00000000", {}),
  golden(
    icmpRedirect,
    "0a0000fe",
    { gateway: 0x0a0000fe },
    {
      frame: (b) =>
        inIp(ipProtocols.icmp, join(hex("05010000"), b, ipv4.bytes({ totalLength: 28 }), new Uint8Array(8))),
      tshark: { gateway: "icmp.redir_gw" },
    },
  ),
  golden(
    icmpParameterProblem,
    "14 000000",
    { pointer: 20 },
    {
      frame: (b) =>
        inIp(ipProtocols.icmp, join(hex("0c000000"), b, ipv4.bytes({ totalLength: 28 }), new Uint8Array(8))),
      tshark: { pointer: "icmp.pointer" },
    },
  ),
  golden(
    icmpTimestamp,
    "0d0e 0001 00000102 00000304 00000506",
    { identifier: 0x0d0e, sequenceNumber: 1, originate: 0x102, receive: 0x304, transmit: 0x506 },
    {
      frame: (b) => inIp(ipProtocols.icmp, join(hex("0e000000"), b)),
      tshark: {
        identifier: "icmp.ident",
        sequenceNumber: "icmp.seq",
        originate: "icmp.originate_timestamp",
        receive: "icmp.receive_timestamp",
        transmit: "icmp.transmit_timestamp",
      },
    },
  ),
  golden(
    icmpv6,
    "80 00 abcd",
    { type: 128, checksum: 0xabcd },
    {
      frame: (b) => inIp6(ipProtocols["ipv6-icmp"], join(b, hex("0d0e0102"))),
      tshark: { type: "icmpv6.type", code: "icmpv6.code", checksum: "icmpv6.checksum" },
    },
  ),
  golden(
    icmpv6Echo,
    "0d0e 0102",
    { identifier: 0x0d0e, sequenceNumber: 0x0102 },
    {
      frame: (b) => inIcmp6(128, b),
      tshark: { identifier: "icmpv6.echo.identifier", sequenceNumber: "icmpv6.echo.sequence_number" },
    },
  ),
  golden(
    icmpv6Error,
    "00000500",
    { parameter: 1280 },
    {
      frame: (b) => inIcmp6(2, join(b, ipv6.bytes({ source: ip6A, destination: ip6B, nextHeader: 59 }))),
      tshark: { parameter: "icmpv6.mtu" },
    },
  ),
  golden(routerSolicitation, "00000000", {}),
  golden(
    routerAdvertisement,
    "40 c0 0708 00000001 00000203",
    { curHopLimit: 64, managed: 1, other: 1, routerLifetime: 1800, reachableTime: 1, retransTimer: 0x203 },
    {
      frame: (b) => inIcmp6(134, b),
      tshark: {
        curHopLimit: "icmpv6.nd.ra.cur_hop_limit",
        managed: "icmpv6.nd.ra.flag.m",
        other: "icmpv6.nd.ra.flag.o",
        routerLifetime: "icmpv6.nd.ra.router_lifetime",
        reachableTime: "icmpv6.nd.ra.reachable_time",
        retransTimer: "icmpv6.nd.ra.retrans_timer",
      },
    },
  ),
  golden(
    neighborSolicitation,
    "00000000 fe800000000000000000000000000002",
    { target: ip6B },
    { frame: (b) => inIcmp6(135, b), tshark: { target: "icmpv6.nd.ns.target_address" } },
  ),
  golden(
    neighborAdvertisement,
    "60000000 fe800000000000000000000000000002",
    { solicited: 1, override: 1, target: ip6B },
    {
      frame: (b) => inIcmp6(136, b),
      tshark: {
        router: "icmpv6.nd.na.flag.r",
        solicited: "icmpv6.nd.na.flag.s",
        override: "icmpv6.nd.na.flag.o",
        target: "icmpv6.nd.na.target_address",
      },
    },
  ),
  golden(
    icmpv6Redirect,
    "00000000 fe800000000000000000000000000002 20010db8000000000000000000000001",
    { target: ip6B, destination: ip6A },
    {
      frame: (b) => inIcmp6(137, b),
      tshark: {
        target: "icmpv6.rd.na.target_address|icmpv6.nd.rd.target_address",
        destination: "icmpv6.nd.rd.destination_address|icmpv6.rd.na.destination_address",
      },
    },
  ),
  golden(
    linkLayerOption,
    "01 01 020000000001",
    { type: 1, length: 1, linkLayerAddress: etherA },
    {
      frame: (b) => inIcmp6(135, join(neighborSolicitation.bytes({ target: ip6B }), b)),
      tshark: { type: "icmpv6.opt.type", length: "icmpv6.opt.length", linkLayerAddress: "icmpv6.opt.linkaddr" },
    },
  ),
  golden(
    prefixInformation,
    "03 04 40 c0 00000e10 00000708 00000000 20010db8000000000000000000000000",
    {
      type: 3,
      length: 4,
      prefixLength: 64,
      onLink: 1,
      autonomous: 1,
      validLifetime: 3600,
      preferredLifetime: 1800,
      prefix: hex("20010db8000000000000000000000000"),
    },
    {
      frame: (b) => inIcmp6(134, join(routerAdvertisement.bytes(), b)),
      tshark: {
        prefixLength: "icmpv6.opt.prefix.length",
        onLink: "icmpv6.opt.prefix.flag.l",
        autonomous: "icmpv6.opt.prefix.flag.a",
        validLifetime: "icmpv6.opt.prefix.valid_lifetime",
        preferredLifetime: "icmpv6.opt.prefix.preferred_lifetime",
        prefix: "icmpv6.opt.prefix",
      },
    },
  ),
  golden(
    mtuOption,
    "05 01 0000 000005dc",
    { type: 5, length: 1, mtu: 1500 },
    {
      frame: (b) => inIcmp6(134, join(routerAdvertisement.bytes(), b)),
      tshark: { mtu: "icmpv6.opt.mtu" },
    },
  ),
  golden(
    tcp,
    "01bb cafe 01020304 0a0b0c0d 81 52 faf0 beef 0007",
    {
      sourcePort: 443,
      destinationPort: 0xcafe,
      ports: 0x01bbcafe,
      sequenceNumber: 0x01020304,
      acknowledgmentNumber: 0x0a0b0c0d,
      dataOffset: 8,
      ns: 1,
      ece: 1,
      ack: 1,
      syn: 1,
      flags: 0x52,
      window: 0xfaf0,
      checksum: 0xbeef,
      urgentPointer: 7,
    },
    {
      options: "020405b4 01 030307 0402 0101",
      frame: (b) => inIp(ipProtocols.tcp, b),
      tshark: {
        sourcePort: "tcp.srcport",
        destinationPort: "tcp.dstport",
        sequenceNumber: "tcp.seq_raw",
        acknowledgmentNumber: "tcp.ack_raw",
        ns: "tcp.flags.ae|tcp.flags.ns",
        cwr: "tcp.flags.cwr",
        ece: "tcp.flags.ece|tcp.flags.ecn",
        urg: "tcp.flags.urg",
        ack: "tcp.flags.ack",
        psh: "tcp.flags.push",
        rst: "tcp.flags.reset",
        syn: "tcp.flags.syn",
        fin: "tcp.flags.fin",
        window: "tcp.window_size_value",
        checksum: "tcp.checksum",
        urgentPointer: "tcp.urgent_pointer",
      },
    },
  ),
  golden(
    tcpMaximumSegmentSize,
    "02 04 05b4",
    { kind: 2, length: 4, maximumSegmentSize: 1460 },
    {
      frame: inTcp,
      tshark: { kind: "tcp.option_kind", length: "tcp.option_len", maximumSegmentSize: "tcp.options.mss_val" },
    },
  ),
  golden(
    tcpWindowScale,
    "03 03 07",
    { kind: 3, length: 3, shift: 7 },
    { frame: inTcp, tshark: { shift: "tcp.options.wscale.shift" } },
  ),
  golden(tcpSackPermitted, "04 02", { kind: 4, length: 2 }, { frame: inTcp, tshark: { kind: "tcp.option_kind" } }),
  golden(
    tcpSackBlock,
    "00000001 00000203",
    { leftEdge: 1, rightEdge: 0x203 },
    {
      frame: (b) => inTcp(join(hex("050a"), b)),
      tshark: { leftEdge: "tcp.options.sack_le", rightEdge: "tcp.options.sack_re" },
    },
  ),
  golden(
    tcpTimestamps,
    "08 0a 01020304 05060708",
    { kind: 8, length: 10, value: 0x01020304, echoReply: 0x05060708 },
    { frame: inTcp, tshark: { value: "tcp.options.timestamp.tsval", echoReply: "tcp.options.timestamp.tsecr" } },
  ),
  golden(
    udp,
    "0035 0401 0010 abcd",
    { sourcePort: 53, destinationPort: 1025, ports: 0x00350401, length: 16, checksum: 0xabcd },
    {
      frame: (b) => inIp(ipProtocols.udp, join(b, new Uint8Array(8))),
      tshark: {
        sourcePort: "udp.srcport",
        destinationPort: "udp.dstport",
        length: "udp.length",
        checksum: "udp.checksum",
      },
    },
  ),
  golden(
    dhcp,
    `01 01 06 00 12345678 0102 8000 0a000002 0a000003 0a000004 0a000005 020000000001 ${"00".repeat(10)}`,
    {
      op: 1,
      hardwareType: 1,
      hardwareLength: 6,
      transaction: 0x12345678,
      seconds: 0x102,
      broadcast: 1,
      flags: 0x8000,
      clientAddress: 0x0a000002,
      yourAddress: 0x0a000003,
      serverAddress: 0x0a000004,
      relayAddress: 0x0a000005,
      clientHardware: hex("020000000001"),
    },
    {
      frame: (b) => inDhcp(join(b, new Uint8Array(dhcpNames.size), dhcpCookie.bytes(), hex("350101ff"))),
      tshark: {
        op: "dhcp.type",
        hardwareLength: "dhcp.hw.len",
        hops: "dhcp.hops",
        seconds: "dhcp.secs",
        broadcast: "dhcp.flags.bc",
      },
    },
  ),
  golden(
    dhcpByteOption,
    "35 01 03",
    { kind: 53, length: 1, value: 3 },
    {
      frame: (b) =>
        inDhcp(join(dhcp.bytes({ op: 1 }), new Uint8Array(dhcpNames.size), dhcpCookie.bytes(), b, hex("ff"))),
      tshark: { value: "dhcp.option.dhcp" },
    },
  ),
  golden(dhcpAddressOption, "32 04 0a000009", { kind: 50, length: 4, value: 0x0a000009 }),
  golden(dhcpCookie, "63825363", { cookie: 0x63825363 }),
  golden(
    gre,
    "30 00 6558",
    { keyPresent: 1, sequencePresent: 1, protocolType: 0x6558 },
    {
      options: "01020304 00000007",
      frame: (b) => inIp(ipProtocols.gre, join(b, ethernet.bytes(), new Uint8Array(46))),
      tshark: {
        checksumPresent: "gre.flags.checksum",
        keyPresent: "gre.flags.key",
        sequencePresent: "gre.flags.sequence_number",
        version: "gre.flags.version",
        protocolType: "gre.proto",
      },
    },
  ),
  golden(
    greWord,
    "01020304",
    { value: 0x01020304 },
    {
      frame: (b) => inIp(ipProtocols.gre, join(hex("20006558"), b, ethernet.bytes(), new Uint8Array(46))),
      tshark: { value: "gre.key" },
    },
  ),
  golden(
    igmp,
    "16 64 1234 ef010203",
    { type: 0x16, maxResponseTime: 100, checksum: 0x1234, group: 0xef010203 },
    {
      frame: (b) => inIp(ipProtocols.igmp, b),
      tshark: { type: "igmp.type", maxResponseTime: "igmp.max_resp", checksum: "igmp.checksum", group: "igmp.maddr" },
    },
  ),
  golden(
    igmpQuery,
    "0a 7d 0001",
    { s: 1, qrv: 2, qqic: 125, sources: 1 },
    {
      frame: (b) => inIp(ipProtocols.igmp, join(hex("11640000 ef010203"), b, hex("0a000001"))),
      tshark: { s: "igmp.s", qrv: "igmp.qrv", qqic: "igmp.qqic", sources: "igmp.num_src" },
    },
  ),
  golden(
    igmpReport,
    "22 00 1234 0000 0001",
    { type: 0x22, checksum: 0x1234, records: 1 },
    {
      frame: (b) => inIp(ipProtocols.igmp, join(b, hex("04000000 ef010203"))),
      tshark: { type: "igmp.type", checksum: "igmp.checksum", records: "igmp.num_grp_recs" },
    },
  ),
  golden(
    igmpGroupRecord,
    "03 00 0001 ef010203",
    { type: 3, sources: 1, group: 0xef010203 },
    {
      frame: (b) => inIp(ipProtocols.igmp, join(hex("22000000 00000001"), b, hex("0a000001"))),
      tshark: {
        type: "igmp.record_type",
        auxiliaryWords: "igmp.aux_data_len",
        sources: "igmp.num_src",
        group: "igmp.maddr",
      },
    },
  ),
  golden(
    vxlan,
    "08 000000 abcdef 00",
    { i: 1, vni: 0xabcdef },
    {
      frame: (b) => {
        const payload = join(b, ethernet.bytes(), new Uint8Array(46));
        return inIp(
          ipProtocols.udp,
          join(udp.bytes({ sourcePort: 1, destinationPort: vxlanPort, length: 8 + payload.length }), payload),
        );
      },
      tshark: { i: "vxlan.flag_i", vni: "vxlan.vni" },
    },
  ),
  golden(
    netflow5Header,
    "0005 0001 00001388 65540000 00000007 0000002a 01 02 0000",
    {
      version: 5,
      count: 1,
      sysUptime: 5000,
      unixSecs: 0x65540000,
      unixNsecs: 7,
      flowSequence: 42,
      engineType: 1,
      engineId: 2,
    },
    {
      frame: (b) => toCollector(join(b, new Uint8Array(netflow5Record.size))),
      tshark: {
        version: "cflow.version",
        count: "cflow.count",
        flowSequence: "cflow.sequence",
        engineId: "cflow.engine_id",
      },
    },
  ),
  golden(
    netflow5Record,
    "0a000001 0a000002 00000000 0001 0002 00000003 00000100 00000001 00000002 0035 1f90 00 12 06 b8 0000 0000 00 00 0000",
    {
      source: 0x0a000001,
      destination: 0x0a000002,
      input: 1,
      output: 2,
      packets: 3,
      octets: 256,
      first: 1,
      last: 2,
      sourcePort: 53,
      destinationPort: 8080,
      ports: 0x00351f90,
      tcpFlags: 0x12,
      protocol: 6,
      tos: 0xb8,
    },
    {
      frame: (b) => toCollector(join(netflow5Header.bytes({ count: 1 }), b)),
      tshark: {
        source: "cflow.srcaddr",
        destination: "cflow.dstaddr",
        input: "cflow.inputint",
        output: "cflow.outputint",
        packets: "cflow.packets",
        octets: "cflow.octets",
        sourcePort: "cflow.srcport",
        destinationPort: "cflow.dstport",
        tcpFlags: "cflow.tcpflags",
        protocol: "cflow.protocol",
        tos: "cflow.tos",
      },
    },
  ),
  golden(
    ipfix,
    "000a 0010 65540000 0000002a 00000007",
    { version: 10, length: 16, exportTime: 0x65540000, sequenceNumber: 42, observationDomain: 7 },
    {
      frame: (b) => toCollector(b),
      tshark: {
        version: "cflow.version",
        length: "cflow.len",
        sequenceNumber: "cflow.sequence",
        observationDomain: "cflow.od_id",
      },
    },
  ),
  golden(ipfixSet, "0002 0004", { setId: 2, length: 4 }),
  golden(ipfixTemplate, "0100 000d", { templateId: 256, fieldCount: 13 }),
  golden(ipfixField, "0098 0008", { element: 152, length: 8 }),
  golden(
    ipfixFlow,
    "0a000001 0a000002 0035 1f90 06 b8 0012 00000001 0000000000000003 0000000000000100 0000018bcfe56800 0000018bcfe56be8 03",
    {
      source: 0x0a000001,
      destination: 0x0a000002,
      sourcePort: 53,
      destinationPort: 8080,
      ports: 0x00351f90,
      protocol: 6,
      tos: 0xb8,
      tcpFlags: 0x12,
      input: 1,
      packets: hex("0000000000000003"),
      octets: hex("0000000000000100"),
      start: hex("0000018bcfe56800"),
      end: hex("0000018bcfe56be8"),
      endReason: 3,
    },
    {
      frame: (b) => {
        const data = join(ipfixSet.bytes({ setId: 256, length: ipfixSet.size + b.length }), b);
        const sets = join(ipfixFlowTemplate(256), data);
        return toCollector(join(ipfix.bytes({ length: ipfix.size + sets.length }), sets));
      },
      tshark: {
        source: "cflow.srcaddr",
        destination: "cflow.dstaddr",
        sourcePort: "cflow.srcport",
        destinationPort: "cflow.dstport",
        protocol: "cflow.protocol",
        tos: "cflow.tos",
        input: "cflow.inputint",
        endReason: "cflow.flow_end_reason",
      },
    },
  ),
  golden(
    dns,
    "1234 8583 0001 0000 0000 0000",
    { id: 0x1234, qr: 1, aa: 1, rd: 1, ra: 1, rcode: 3, questions: 1 },
    {
      frame: (b) => {
        const message = join(b, hex("01 61 00 0001 0001"));
        const datagram = udp.bytes({ sourcePort: dnsPort, destinationPort: 1025, length: 8 + message.length });
        return inIp(17, join(datagram, message));
      },
      tshark: {
        id: "dns.id",
        qr: "dns.flags.response",
        aa: "dns.flags.authoritative",
        rd: "dns.flags.recdesired",
        ra: "dns.flags.recavail",
        rcode: "dns.flags.rcode",
        questions: "dns.count.queries",
      },
    },
  ),
  golden(dnsQuestion, "001c 0001", { type: 28, class: 1 }),
  golden(
    pppoe,
    "11 00 abcd 0008",
    { version: 1, type: 1, sessionId: 0xabcd, length: 8 },
    {
      frame: (b) => inEther(etherTypes.pppoeSession, join(b, hex("c021 09 01 0008 00000000".slice(0, 20)))),
      tshark: {
        version: "pppoe.version",
        type: "pppoe.type",
        code: "pppoe.code",
        sessionId: "pppoe.session_id",
        length: "pppoe.payload_length",
      },
    },
  ),
  golden(
    ppp,
    "c021",
    { protocol: 0xc021 },
    {
      frame: (b) => inEther(etherTypes.pppoeSession, join(hex("1100abcd000a"), b, hex("0942000800000000"))),
      tshark: { protocol: "ppp.protocol" },
    },
  ),
  golden(pppHdlc, "ff03 0021", { hdlcAddress: 0xff, hdlcControl: 3, protocol: 0x0021 }),
  golden(
    pppControl,
    "09 42 0008",
    { code: 9, identifier: 0x42, length: 8 },
    {
      frame: (b) => inEther(etherTypes.pppoeSession, join(hex("1100abcd000a c021"), b, hex("00000000"))),
      tshark: { code: "ppp.code", identifier: "ppp.identifier", length: "ppp.length" },
    },
  ),
  golden(
    pppoeTag,
    "0103 0004",
    { type: 0x0103, length: 4 },
    {
      frame: (b) => inEther(etherTypes.pppoeDiscovery, join(hex("11090000 0008"), b, hex("01020304"))),
      tshark: {},
    },
  ),
  golden(
    pppShortOption,
    "03 04 c023",
    { kind: 3, length: 4, value: 0xc023 },
    {
      frame: (b) => inEther(etherTypes.pppoeSession, join(hex("1100abcd000a c021 01010008"), b)),
      tshark: { kind: "lcp.opt.type", length: "lcp.opt.length", value: "lcp.opt.auth_protocol" },
    },
  ),
  golden(
    pppLongOption,
    "05 06 01020304",
    { kind: 5, length: 6, value: 0x01020304 },
    {
      frame: (b) => inEther(etherTypes.pppoeSession, join(hex("1100abcd000c c021 0101000a"), b)),
      tshark: { kind: "lcp.opt.type", length: "lcp.opt.length", value: "lcp.opt.magic_number" },
    },
  ),
  golden(
    pppMagic,
    "01020304",
    { magicNumber: 0x01020304 },
    {
      frame: (b) => inEther(etherTypes.pppoeSession, join(hex("1100abcd000a c021 09010008"), b)),
      tshark: { magicNumber: "lcp.magic_number" },
    },
  ),
  golden(
    papField,
    "05",
    { length: 5 },
    {
      frame: (b) => inEther(etherTypes.pppoeSession, join(hex("1100abcd000d c023 0101000b"), b, hex("616c696365 00"))),
      tshark: { length: "pap.peer_id.length" },
    },
  ),
];
