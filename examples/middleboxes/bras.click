// A broadband access server: subscribers behind device 0 dial in by PPP over Ethernet, and reach the world behind device 1. Each has a name, a
// password, an address, and how much it may send and get.
//
//   clickos read bras access.subscribers                                # packets and bytes of each
//   clickos write bras access.add 'carol pass 10.64.0.12 1Mbps 4Mbps'   # another one
//   clickos write bras access.disconnect bob

AddressInfo(
    core 198.51.100.1/24 02:00:00:00:00:02,
    provider 198.51.100.254 02:00:00:00:00:fe);
define($ME 10.64.0.1, $SUBSCRIBERS 10.64.0.0/16);

access :: PPPoEServer(02:00:00:00:00:01, $ME,
    alice secret 10.64.0.10 2Mbps 10Mbps,
    bob builder 10.64.0.11 1Mbps 4Mbps,
    AC_NAME edge, DNS $ME, CAPACITY 1024);

FromDevice(0) -> [0] access -> Queue(1024) -> ToDevice(0);

// From subscribers: to the server itself, to each other, to the world.
access [1] -> CheckIPHeader -> up :: DecIPTTL
  -> to :: IPClassifier(dst host $ME and icmp type echo, dst host $ME, dst net $SUBSCRIBERS, -);
to [0] -> ICMPPingResponder -> down :: Null -> [1] access;
to [1] -> Discard;
to [2] -> down;
to [3] -> EtherEncap(0x0800, core, provider) -> world :: Queue(1024) -> ToDevice(1);
up [1] -> ICMPError($ME, timeexceeded) -> down;

// From the world.
FromDevice(1) -> kinds :: Classifier(12/0806 20/0001, 12/0800, -);
kinds [0] -> ARPResponder(core) -> world;
kinds [1] -> Strip(14) -> CheckIPHeader -> back :: DecIPTTL -> for_subscribers :: IPClassifier(dst net $SUBSCRIBERS, -);
for_subscribers [0] -> size :: IPFragmenter(1492) -> down;
size [1] -> ICMPError($ME, unreachable, needfrag) -> EtherEncap(0x0800, core, provider) -> world;
for_subscribers [1], back [1], kinds [2] -> Discard;
