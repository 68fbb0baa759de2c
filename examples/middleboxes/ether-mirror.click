// An Ethernet mirror: every frame goes back to who has sent it, with its two addresses exchanged. It answers whatever it is sent, which
// makes it the other end of a test of throughput or delay.
//
//   clickos run ether-mirror.click --in 0=sent.pcap --out 0=back.pcap

FromDevice(0) -> mirrored :: Counter -> EtherMirror -> ToDevice(0);
