// One end of a tunnel by IP in IP: hosts in 10.1.0.0/16, behind device 0, reach those in 10.2.0.0/16 through the Internet, behind device 1. The other
// end is 198.51.100.1, whose configuration has the addresses of both ends exchanged.
//
//   clickos run ipip-tunnel.click --in 0=inside.pcap --in 1=outside.pcap --out 0=to-inside.pcap --out 1=to-outside.pcap

define($HERE 10.1.0.0/16, $THERE 10.2.0.0/16, $PEER 198.51.100.1);
AddressInfo(
    inside 10.1.0.1/16 02:00:00:00:00:01,
    outside 192.0.2.1/24 02:00:00:00:00:02,
    gateway 192.0.2.254 02:00:00:00:00:fe);

FromDevice(0) -> from_inside :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
FromDevice(1) -> from_outside :: Classifier(12/0806 20/0001, 12/0800, -);
to_inside :: Queue(1024) -> ToDevice(0);
to_outside :: Queue(1024) -> ToDevice(1);
from_inside [0] -> ARPResponder(inside) -> to_inside;
from_inside [1] -> [1] neighbors :: ARPQuerier(inside) -> to_inside;
from_outside [0] -> ARPResponder(outside) -> to_outside;
from_inside [3], from_outside [2] -> Discard;

// Into the tunnel. A packet that would be too long with its new headers is cut, or its sender is told.
from_inside [2] -> Strip(14) -> CheckIPHeader -> go :: IPClassifier(src net $HERE and dst net $THERE, -);
go [0] -> ttl :: DecIPTTL -> size :: IPFragmenter(1480)
  -> IPEncap(ipip, outside, $PEER)
  -> EtherEncap(0x0800, outside, gateway) -> to_outside;
go [1] -> Discard;
ttl [1] -> ICMPError(inside, timeexceeded) -> [0] neighbors;
size [1] -> ICMPError(inside, unreachable, needfrag) -> [0] neighbors;

// Out of the tunnel: what the other end has sent, and is for here.
from_outside [1] -> Strip(14) -> CheckIPHeader -> IPReassembler -> come :: IPClassifier(src host $PEER and dst host outside and ip proto ipip, -);
come [0] -> StripIPHeader -> CheckIPHeader -> IPFilter(allow src net $THERE and dst net $HERE, deny all)
  -> DecIPTTL -> GetIPAddress(16) -> [0] neighbors;
come [1] -> Discard;
