// Carrier-grade address translation: subscribers in 100.64.0.0/10, behind device 0, share 16 public addresses, which the provider routes to
// device 1. Each subscriber gets blocks of 512 ports, and the console tells who has had which ones, and when.
//
//   clickos run cgnat.click --in 0=subscribers.pcap --in 1=world.pcap --out 0=to-subscribers.pcap --out 1=to-world.pcap
//   clickos read cgnat blocks.blocks

AddressInfo(
    inside 100.64.0.1/10 02:00:00:00:00:01,
    outside 198.51.100.1/24 02:00:00:00:00:02,
    provider 198.51.100.254 02:00:00:00:00:fe);
define($POOL 203.0.113.0/28, $FLOWS 1000000);

// Ethernet: the addresses of subscribers are asked for, the provider's is known.
FromDevice(0) -> from_subscribers :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
FromDevice(1) -> from_world :: Classifier(12/0806 20/0001, 12/0800, -);
to_subscribers :: GetIPAddress(16) -> neighbors :: ARPQuerier(inside) -> subscribers :: Queue(1024) -> ToDevice(0);
to_world :: EtherEncap(0x0800, outside, provider) -> world :: Queue(1024) -> ToDevice(1);
from_subscribers [0] -> ARPResponder(inside) -> subscribers;
from_subscribers [1] -> [1] neighbors;
from_world [0] -> ARPResponder(outside) -> world;
from_subscribers [3], from_world [2] -> Discard;

// Translation. All have their ports from the subscriber's blocks; input 0 is from inside, 1 from outside.
blocks :: PortBlockMapper($POOL, 0, 1, BLOCK 512, BLOCKS 4, HOLD 120s);
flows :: IPRewriter(blocks, drop, CAPACITY $FLOWS, UDP_TIMEOUT 120, TCP_TIMEOUT 7440, TCP_NODATA_TIMEOUT 240, REAP_INTERVAL 5);
ftp :: TCPRewriter(blocks, drop, CAPACITY flows, REAP_INTERVAL 5);
pings :: ICMPPingRewriter(blocks, drop, CAPACITY flows, TIMEOUT 60, REAP_INTERVAL 5);
errors :: ICMPRewriter(flows pings ftp);

// From subscribers: a connection of FTP says within it where the client waits for data.
from_subscribers [2] -> Strip(14) -> CheckIPHeader -> own :: IPFilter(allow src net inside, deny all)
  -> ttl_out :: DecIPTTL
  -> go :: IPClassifier(dst host inside and icmp type echo, dst host inside, dst tcp port ftp, tcp or udp, icmp type echo, -);
go [0] -> ICMPPingResponder -> to_subscribers;
go [1], go [5] -> not_translated :: Discard;
go [2] -> FTPPortMapper(ftp, flows, 0) -> [0] ftp;
go [3] -> [0] flows;
go [4] -> [0] pings;
ttl_out [1] -> ICMPError(inside, timeexceeded) -> to_subscribers;

// Out to the world, or to another subscriber by its public address: that comes as if from outside (hairpinning).
flows [0], ftp [0], pings [0] -> out :: IPClassifier(dst net $POOL, -);
out [0] -> come :: IPClassifier(src tcp port ftp, tcp or udp, icmp type echo-reply, icmp, -);
out [1] -> to_world;

from_world [1] -> Strip(14) -> CheckIPHeader -> ttl_in :: DecIPTTL -> for_pool :: IPClassifier(dst net $POOL, -);
for_pool [0] -> come;
for_pool [1], ttl_in [1] -> not_for_pool :: Discard;
come [0] -> [1] ftp;
come [1] -> [1] flows;
come [2] -> [1] pings;
come [3] -> errors;
come [4] -> Discard;
flows [1], ftp [1], pings [1], errors -> to_subscribers;
