// An IP router (RFC 1812): 10.0.0.0/24 is on device 0, 192.0.2.0/24 on device 1, and everything else behind 192.0.2.254. It asks for
// Ethernet addresses and answers for its own, and tells senders of packets that it cannot forward.
//
// Routes come and go while it runs, a million of them or more:
//
//   clickos write router routes.add '198.51.100.0/24 10.0.0.9 0'
//   clickos read router routes.table

AddressInfo(
    inside 10.0.0.1/24 02:00:00:00:00:01,
    outside 192.0.2.1/24 02:00:00:00:00:02);

// Takes packets to be sent, and sends them. Output 0: packets that have come, without their Ethernet header; output 1: messages to senders.
elementclass Interface { $device, $address |
  FromDevice($device) -> kinds :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
  neighbors :: ARPQuerier($address);
  out :: Queue(1024) -> ToDevice($device);
  kinds [0] -> ARPResponder($address) -> out;
  kinds [1] -> [1] neighbors;
  kinds [2] -> Paint($device) -> Strip(14) -> CheckIPHeader -> [0] output;
  kinds [3] -> Discard;

  input -> DropBroadcasts
    -> way :: PaintTee($device)       // it leaves where it came from: the sender knows a better way
    -> options :: IPGWOptions($address)
    -> FixIPSrc($address)
    -> ttl :: DecIPTTL
    -> size :: IPFragmenter(1500)
    -> neighbors -> out;
  way [1] -> ICMPError($address, redirect, host) -> messages :: Null -> [1] output;
  options [1] -> ICMPError($address, parameterproblem) -> messages;
  ttl [1] -> ICMPError($address, timeexceeded) -> messages;
  size [1] -> ICMPError($address, unreachable, needfrag) -> messages;
}
left :: Interface(0, inside);
right :: Interface(1, outside);

left, right -> GetIPAddress(16) -> routes :: RadixIPLookup(
    10.0.0.1/32 2, 192.0.2.1/32 2,
    10.0.0.0/24 0,
    192.0.2.0/24 1,
    0.0.0.0/0 192.0.2.254 1);
left [1], right [1] -> routes;
routes [0] -> left;
routes [1] -> right;

// What is for the router itself: pings are answered, others are told that nobody listens.
routes [2] -> own :: IPClassifier(icmp type echo, udp or tcp, -);
own [0] -> ICMPPingResponder -> routes;
own [1] -> ICMPError(inside, unreachable, port) -> routes;
own [2] -> Discard;
