// One end of a VXLAN (RFC 7348): the Ethernet on device 0 and that behind the other end, 198.51.100.1, are one, network 42. Device 1 leads to
// the other end; it has to carry frames that are 50 bytes longer (an MTU of 1550 for one of 1500).
//
//   clickos run vxlan.click --in 0=lan.pcap --in 1=outside.pcap --out 0=to-lan.pcap --out 1=to-outside.pcap

define($PEER 198.51.100.1);
AddressInfo(
    outside 192.0.2.1/24 02:00:00:00:00:02,
    gateway 192.0.2.254 02:00:00:00:00:fe);

to_outside :: Queue(1024) -> ToDevice(1);

// The source port tells routers on the way which frames are one flow, so that those stay in order (section 5): here by the pair of stations.
FromDevice(0) -> station :: HashSwitch(0, 12);
station [0] -> VXLANEncap(42) -> UDPIPEncap(outside, 49152, $PEER, 4789, CHECKSUM false) -> out :: EtherEncap(0x0800, outside, gateway) -> to_outside;
station [1] -> VXLANEncap(42) -> UDPIPEncap(outside, 49153, $PEER, 4789, CHECKSUM false) -> out;
station [2] -> VXLANEncap(42) -> UDPIPEncap(outside, 49154, $PEER, 4789, CHECKSUM false) -> out;
station [3] -> VXLANEncap(42) -> UDPIPEncap(outside, 49155, $PEER, 4789, CHECKSUM false) -> out;

FromDevice(1) -> from_outside :: Classifier(12/0806 20/0001, 12/0800, -);
from_outside [0] -> ARPResponder(outside) -> to_outside;
from_outside [1] -> Strip(14) -> CheckIPHeader -> CheckUDPHeader
  -> come :: IPClassifier(src host $PEER and dst host outside and udp dst port 4789, -);
come [0] -> StripIPHeader -> Strip(8) -> VXLANDecap(42) -> ToDevice(0);
come [1], from_outside [2] -> Discard;
