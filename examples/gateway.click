// A gateway between a network with private addresses, behind device 0, and the Internet, behind device 1. Device 2 leads to the gateway's
// own host.
//
// Hosts inside open connections and send pings to the outside under the gateway's address, with FTP's data connections and with errors
// about what they sent. From outside, connections to the web server get in; others go to the gateway's host, which has a firewall.
AddressInfo(
    inside 10.0.0.1 10.0.0.0/8 02:00:00:00:00:01,
    outside 192.0.2.1 192.0.2.0/24 02:00:00:00:00:02,
    provider 192.0.2.254 02:00:00:00:01:00,
    server 10.0.0.10);

elementclass Link { $number |
  FromDevice($number) -> output;
  input -> Queue(1024) -> ToDevice($number);
}
private :: Link(0);
public :: Link(1);
host :: Queue -> ToDevice(2);

// ARP: the provider's Ethernet address is known, those of the hosts inside are asked for.
from_private, from_public :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
private -> from_private;
public -> from_public;
neighbors :: ARPQuerier(inside);
from_private [0] -> ARPResponder(inside) -> private;
from_public [0] -> ARPResponder(outside) -> public;
from_private [1] -> [1] neighbors;
from_public [1] -> Discard;
from_private [3], from_public [3] -> Discard;

to_public :: GetIPAddress(16) -> CheckIPHeader -> EtherEncap(0x0800, outside, provider) -> public;
to_private :: GetIPAddress(16) -> CheckIPHeader -> neighbors -> private;
to_host :: EtherEncap(0x0800, inside, inside) -> host;

// Address translation.
IPRewriterPatterns(
    masquerade outside 50000-65535 - -,
    forward inside 50000-65535 server -);
flows :: IPRewriter(
    pattern masquerade 0 1,  // from inside
    pattern forward 1 0,     // from outside, for the server
    pattern forward 1 1,     // from inside, for the server by the gateway's address
    pass 2,                  // others from outside, which may be replies
    pass 3); // others from inside, for the gateway
ftp :: TCPRewriter(pattern masquerade 0 1, drop);
pings :: ICMPPingRewriter(pattern masquerade 0 1, pass 2);
errors :: ICMPRewriter(flows ftp pings);
flows [0], pings [0], ftp [0] -> to_public;
flows [1], pings [1], ftp [1] -> to_private;
flows [2], pings [2], flows [3] -> to_host;
errors -> IPClassifier(dst net inside) -> to_private;

// What comes from outside.
from_public [2] -> Strip(14) -> CheckIPHeader -> IPClassifier(dst host outside) -> come :: IPClassifier(
    dst tcp port www or dst tcp port https,
    src tcp port ftp,
    tcp or udp,
    icmp type echo or icmp type echo-reply,
    icmp);
come [0] -> [1] flows;
come [1] -> [1] ftp;
come [2] -> [3] flows;
come [3] -> [1] pings;
come [4] -> errors;

// What comes from inside.
from_private [2] -> Strip(14) -> CheckIPHeader -> go :: IPClassifier(
    dst host inside and (dst tcp port www or dst tcp port https),
    dst host inside and (tcp or udp),
    dst host inside,
    dst net inside,
    dst tcp port ftp,
    tcp or udp,
    icmp type echo);
go [0] -> [2] flows;
go [1] -> [4] flows;
go [2] -> to_host;
go [3] -> Discard;
go [4] -> FTPPortMapper(ftp, flows, 0) -> [0] ftp;
go [5] -> [0] flows;
go [6] -> [0] pings;
