// A firewall that tracks connections, between a network behind device 1 and the world behind device 0. It is transparent. What hosts inside
// begin is answered; from outside only the web server can be reached. Addresses and ports stay as they are: IPRewriter is here for its
// table of flows.
//
//   clickos run stateful-firewall.click --in 0=world.pcap --in 1=network.pcap --out 0=to-world.pcap --out 1=to-network.pcap

define($NETWORK 192.0.2.0/24, $WEB 192.0.2.80, $MAXIMUM 1000000);

// Connections of TCP and flows of UDP. Outputs: 0 to the world, 1 to the network.
flows :: IPRewriter(
    keep 0 1,    // from the network: begins a flow
    keep 1 0,    // from the world: begins one, for the web server
    drop,        // belongs to a flow, or is dropped
    CAPACITY $MAXIMUM, TCP_NODATA_TIMEOUT 30, TCP_DONE_TIMEOUT 10, UDP_TIMEOUT 60, REAP_INTERVAL 5);
pings :: ICMPPingRewriter(keep 0 1, drop, CAPACITY $MAXIMUM, TIMEOUT 30, REAP_INTERVAL 5);
// An error passes if it is about a packet of a flow.
errors :: ICMPRewriter(flows pings);

FromDevice(0) -> from_world :: Classifier(12/0800, 12/0806, -);
FromDevice(1) -> from_network :: Classifier(12/0800, 12/0806, -);
to_world :: ToDevice(0);
to_network :: ToDevice(1);

from_network [0] -> CheckIPHeader(14) -> own :: IPFilter(allow src net $NETWORK, deny all)
  -> go :: IPClassifier(
    tcp opt syn and not tcp opt ack,
    tcp,
    udp,
    icmp type echo,
    -);
go [0] -> [0] flows;
go [1] -> [2] flows;
go [2] -> [0] flows;
go [3] -> [0] pings;
go [4] -> refused_out :: Discard;

from_world [0] -> CheckIPHeader(14) -> foreign :: IPFilter(deny src net $NETWORK, allow all)
  -> come :: IPClassifier(
    dst host $WEB and (tcp dst port 80 or 443) and tcp opt syn and not tcp opt ack,
    tcp or udp,
    icmp type echo-reply,
    icmp type unreachable or icmp type timeexceeded,
    -);
come [0] -> [1] flows;
come [1] -> [2] flows;
come [2] -> [1] pings;
come [3] -> errors;
come [4] -> refused_in :: Discard;

flows [0], pings [0] -> to_world;
flows [1], pings [1], errors -> to_network;

// ARP passes; what else there is on an Ethernet does not.
from_world [1] -> to_network;
from_network [1] -> to_world;
from_world [2], from_network [2] -> other :: Discard;
