// The firewall of the demo: the office behind interface 0, its uplink behind interface 1.
//
// ARP passes. Of IPv4, what is not well formed is dropped, then the first rule that matches decides.
// Everything else (IPv6, VLAN tags) ends in `other`.

out :: Queue(1000) -> ToDevice(1);

FromDevice(0)
    -> in :: Counter
    -> c :: Classifier(12/0806, 12/0800, -);

c [0] -> arp :: Counter -> out;

c [1] -> check :: CheckIPHeader(14)
    -> fw :: IPFilter(
        deny  src net 10.66.0.0/16,                             // quarantined machines
        deny  ip frag,                                          // fragments hide their ports
        deny  dst port telnet or src port telnet,
        allow udp port domain,
        allow icmp type echo or icmp type echo-reply,
        allow tcp dst port http or tcp dst port https,          // out to the web
        allow tcp opt ack and (src port http or https),         // and its answers
        deny  tcp opt syn and not tcp opt ack,                  // no other connections
        allow icmp type timeexceeded,
        deny  all)
    -> passed :: Counter
    -> out;

c [2] -> other :: Counter -> Discard;
