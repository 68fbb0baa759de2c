// A guard in front of servers, 192.0.2.0/24 behind device 1, against floods from the world, behind device 0. It is their router.
//
//   clickos read ddos-guard senders.top         # who sent the most in the last second
//   clickos read ddos-guard proxy.accepted      # connections that were opened
//   clickos write ddos-guard rate.rate 500      # packets a second for each source

AddressInfo(outer 203.0.113.1/24 02:00:00:00:00:01, inner 192.0.2.1/24 02:00:00:00:00:02, upstream 203.0.113.254);

FromDevice(0) -> from_world :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
FromDevice(1) -> from_servers :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
to_world :: Queue(1024) -> ToDevice(0);
to_servers :: Queue(1024) -> ToDevice(1);
from_world [0] -> ARPResponder(outer) -> to_world;
from_servers [0] -> ARPResponder(inner) -> to_servers;
from_world [1] -> [1] world :: ARPQuerier(outer) -> to_world;
from_servers [1] -> [1] servers :: ARPQuerier(inner) -> to_servers;
from_world [3], from_servers [3] -> Discard;

// What comes from the world: those who send the most are known; nobody sends more than 2,000 packets a second, or 400 at once; and connections
// to the web servers are opened only by clients that are there.
from_world [2] -> Strip(14) -> CheckIPHeader(INTERFACES 203.0.113.1/24 192.0.2.1/24)
  -> senders :: HeavyHitters -> rate :: SourceRateLimiter(2000, 400)
  -> inbound :: IPClassifier(dst net 192.0.2.0/24 and tcp dst port 80 or 443, dst net 192.0.2.0/24, -);
inbound [0] -> [0] proxy :: SYNProxy;
inbound [1] -> down :: DecIPTTL -> [0] servers;
inbound [2] -> Discard;
proxy [0] -> down;

// What comes from the servers.
from_servers [2] -> Strip(14) -> CheckIPHeader
  -> outbound :: IPClassifier(tcp src port 80 or 443, -);
outbound [0] -> [1] proxy;
outbound [1] -> up :: DecIPTTL -> SetIPAddress(upstream) -> [0] world;
proxy [1] -> up;

down [1], up [1] -> Discard;
