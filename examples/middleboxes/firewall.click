// A firewall between a network, behind device 1, and the world, behind device 0. It is transparent: hosts on both sides see one Ethernet,
// and none of them needs to know of it. Each packet is judged by itself; the first rule that matches counts.
//
//   clickos run firewall.click --in 0=world.pcap --in 1=network.pcap --out 0=to-world.pcap --out 1=to-network.pcap

define($NETWORK 192.0.2.0/24, $WEB 192.0.2.80, $MAIL 192.0.2.25, $NAMES 192.0.2.53, $ADMIN 198.51.100.7);

FromDevice(0) -> from_world :: Classifier(12/0800, 12/0806, -);
FromDevice(1) -> from_network :: Classifier(12/0800, 12/0806, -);

from_world [0] -> CheckIPHeader(14) -> inbound :: IPFilter(
    deny src net $NETWORK,                                    // who is outside and says to be inside lies
    deny ip frag,                                             // a later fragment does not say where it goes
    allow dst host $WEB and (tcp dst port 80 or 443),
    allow dst host $MAIL and tcp dst port 25,
    allow dst host $NAMES and (udp or tcp) and dst port 53,
    allow src host $ADMIN and tcp dst port 22,
    allow tcp opt ack and not tcp opt syn and dst port >= 1024,  // answers to connections from inside
    allow udp src port 53 and dst host $NAMES,
    allow icmp type echo-reply or icmp type unreachable or icmp type timeexceeded,
    deny all) -> to_network :: ToDevice(1);

from_network [0] -> CheckIPHeader(14) -> outbound :: IPFilter(
    allow src net $NETWORK,
    deny all) -> to_world :: ToDevice(0);

// ARP passes; what else there is on an Ethernet does not.
from_world [1] -> to_network;
from_network [1] -> to_world;
from_world [2], from_network [2] -> other :: Discard;
