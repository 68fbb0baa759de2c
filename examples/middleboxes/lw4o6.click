// The provider's end of Lightweight 4over6 (RFC 7596): subscribers, behind device 0, have IPv6 only, and share IPv4 addresses, each with ports of its
// own. Their IPv4 packets come in IPv6, and go on to the IPv4 Internet behind device 1.
//
//   clickos write lw4o6 tunnels.add '192.0.2.2 5 2001:db8:1::5'
//   clickos read lw4o6 tunnels.bindings

define($POOL 192.0.2.0/24);
AddressInfo(
    inside 02:00:00:00:00:01,
    outside 198.51.100.1/24 02:00:00:00:00:02,
    provider 198.51.100.254 02:00:00:00:00:fe,
    access 02:00:00:00:00:09);  // the router towards subscribers

// Of 192.0.2.1, 64 subscribers have 1,024 ports each.
tunnels :: LwAFTR(2001:db8::1,
    192.0.2.1 1 2001:db8:1::1,
    192.0.2.1 2 2001:db8:1::2,
    192.0.2.1 3 2001:db8:1::3,
    PSID_LENGTH 6);

FromDevice(0) -> from_access :: Classifier(12/86dd, -);
from_access [0] -> Strip(14) -> CheckIP6Header -> [0] tunnels;
tunnels [1] -> IP6Fragmenter(1500) -> EtherEncap(0x86dd, inside, access) -> Queue(1024) -> ToDevice(0);

// To the Internet, or to another subscriber.
tunnels [0] -> ttl :: DecIPTTL -> to :: IPClassifier(dst net $POOL, -);
to [0] -> [1] tunnels;
to [1] -> EtherEncap(0x0800, outside, provider) -> to_outside :: Queue(1024) -> ToDevice(1);

FromDevice(1) -> from_outside :: Classifier(12/0806 20/0001, 12/0800, -);
from_outside [0] -> ARPResponder(outside) -> to_outside;
from_outside [1] -> Strip(14) -> CheckIPHeader -> IPReassembler -> back :: DecIPTTL -> for_pool :: IPClassifier(dst net $POOL, -);
for_pool [0] -> [1] tunnels;

// Of an address and port that nobody has, senders outside are told.
tunnels [2] -> unbound :: Classifier(0/40%f0, -);
unbound [0] -> MarkIPHeader -> ICMPError(outside, unreachable, host) -> EtherEncap(0x0800, outside, provider) -> to_outside;
unbound [1], from_access [1], from_outside [2], for_pool [1], ttl [1], back [1] -> Discard;
