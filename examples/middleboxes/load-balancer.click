// A balancer of layer 4: connections to 192.0.2.80, ports 80 and 443, are spread over three servers in the same Ethernet. They get each
// packet as it came, under their own Ethernet addresses, and answer clients themselves (direct return): every one of them has the
// service's address, too, and does not say so by ARP.
//
//   clickos write balancer servers.weight '10.0.0.12 0'     # takes no new connections
//   clickos write balancer servers.down 10.0.0.13           # its connections go elsewhere
//   clickos read balancer servers.servers

AddressInfo(me 10.0.0.1/8 02:00:00:00:00:01, service 192.0.2.80);

FromDevice(0) -> kinds :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
out :: Queue(1024) -> ToDevice(0);
kinds [0] -> ARPResponder(me, service me:eth) -> out;
kinds [1] -> [1] neighbors :: ARPQuerier(me) -> out;
kinds [3] -> Discard;

kinds [2] -> Strip(14) -> CheckIPHeader
  -> for_service :: IPClassifier(dst host service and tcp and (dst port 80 or 443), dst host service and icmp type echo, -);
for_service [0] -> servers :: MaglevBalancer(10.0.0.11, 10.0.0.12, 10.0.0.13 2) -> [0] neighbors;
for_service [1] -> ICMPPingResponder -> GetIPAddress(16) -> [0] neighbors;
for_service [2] -> Discard;
