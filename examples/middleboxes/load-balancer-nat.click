// A balancer of layer 4 that rewrites destinations: clients, behind device 0, know 192.0.2.80; servers, behind device 1, have addresses
// of their own, and their answers come back this way.
//
//   clickos run load-balancer-nat.click --in 0=clients.pcap --in 1=servers.pcap --out 0=to-clients.pcap --out 1=to-servers.pcap

AddressInfo(outside 192.0.2.80/24 02:00:00:00:00:01, inside 10.0.0.1/24 02:00:00:00:00:02, gateway 192.0.2.254);

elementclass Interface { $device, $address |
  FromDevice($device) -> kinds :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
  out :: Queue(1024) -> ToDevice($device);
  neighbors :: ARPQuerier($address);
  kinds [0] -> ARPResponder($address) -> out;
  kinds [1] -> [1] neighbors;
  kinds [2] -> Strip(14) -> CheckIPHeader -> output;
  kinds [3] -> Discard;
  input -> DecIPTTL -> neighbors -> out;
}
clients :: Interface(0, outside);
farm :: Interface(1, inside);

clients -> asked :: IPClassifier(dst host outside and tcp and (dst port 80 or 443), -);
asked [0] -> servers :: MaglevBalancer(10.0.0.11, 10.0.0.12, 10.0.0.13) -> StoreIPAddress(dst) -> farm;
asked [1] -> Discard;

farm -> answered :: IPClassifier(src net inside and tcp and (src port 80 or 443), -);
answered [0] -> StoreIPAddress(outside, src) -> SetIPAddress(gateway) -> clients;
answered [1] -> Discard;
