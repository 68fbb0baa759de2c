// One end of a tunnel of IPv6 in IPv4 (6in4, RFC 4213): a router with hosts in 2001:db8:1::/48, behind device 0, reaches the IPv6 Internet through
// the tunnel's other end, 198.51.100.1, which device 1 leads to.
//
//   clickos run 6in4-tunnel.click --in 0=inside.pcap --in 1=outside.pcap --out 0=to-inside.pcap --out 1=to-outside.pcap

define($HERE 2001:db8:1::/48, $ME6 2001:db8:1::1, $PEER 198.51.100.1);
AddressInfo(
    inside 10.1.0.1/16 02:00:00:00:00:01,
    outside 192.0.2.1/24 02:00:00:00:00:02,
    gateway 192.0.2.254 02:00:00:00:00:fe,
    router 02:00:00:00:00:09);  // of the hosts

FromDevice(0) -> from_inside :: Classifier(12/86dd, -);
FromDevice(1) -> from_outside :: Classifier(12/0806 20/0001, 12/0800, -);
to_inside :: EtherEncap(0x86dd, inside, router) -> Queue(1024) -> ToDevice(0);
to_outside :: Queue(1024) -> ToDevice(1);
from_outside [0] -> ARPResponder(outside) -> to_outside;
from_inside [1], from_outside [2] -> Discard;

// Into the tunnel. Neighbour discovery, of link-local addresses, is no matter of it.
from_inside [0] -> Strip(14) -> CheckIP6Header -> GetIP6Address(8)
  -> go :: LookupIP6Route($HERE 0, ::/0 1);
go [0] -> GetIP6Address(24) -> where :: LookupIP6Route($HERE 1, fe80::/10 1, ff00::/8 1, ::/0 0);
go [1], where [1] -> Discard;
where [0] -> hops :: DecIP6HLIM -> short :: CheckLength(1480)
  -> IPEncap(ipv6, outside, $PEER) -> EtherEncap(0x0800, outside, gateway) -> to_outside;
hops [1] -> ICMP6Error($ME6, 3, 0) -> to_inside;
short [1] -> Discard;

// Out of the tunnel: what the other end has sent, and is for here.
from_outside [1] -> Strip(14) -> CheckIPHeader -> IPReassembler -> come :: IPClassifier(src host $PEER and dst host outside and ip proto 41, -);
come [0] -> StripIPHeader -> CheckIP6Header -> GetIP6Address(24) -> own :: LookupIP6Route($HERE 0, ::/0 1);
own [0] -> DecIP6HLIM -> to_inside;
own [1], come [1] -> Discard;
